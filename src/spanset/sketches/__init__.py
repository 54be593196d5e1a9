"""From the gradient of a layer's weights to d numbers an example: LoRA, then a sketch.

The gradient of a linear layer's weights is sum_t delta_t x_t^T, out x in, for inputs x and output
gradients delta. LoRA with its second matrix at zero leaves the model as it is and has the gradient
G = sum_t delta_t (A x_t)^T, out x r, for a fixed random A (r x in) with variance 1/r: inner
products of G are those of the full gradient on average. A sketch then reduces G to d numbers a
layer and adds the layers up.

    fold      (default) multiply G by a full table of signs, put its rows into d/r groups at
              random, sum each group: a structured CountSketch. No scatter, no atomics; unbiased,
              with variance about (|x|^2 |y|^2 + (x.y)^2) / d (exactly so where the columns of G are
              of one length). A adds (|M|^2 + tr(M^2) - 2 sum M_ii^2) / r, M = X^T Y, a layer;
              a layer with no more than r inputs needs no A, and is folded as it is.
    factored  P_out G A^T, with p = d/r rows of signs / sqrt(p) as P_out: reduces inputs and output
              gradients apart and never forms G. Cheapest. Beside the two terms above it has
              (|N|^2 + tr(N^2) - 2 sum N_ii^2) / p, N = X Y^T, a layer, and about
              (|M|^2 + |N|^2) / d; a layer with no more than p outputs has none of these.
    paper     r = 512 and a sparse random projection of density 1/sqrt(D) to d = 4,096, as published
              (Wang et al. 2024): for comparison. At that density most coordinates are never read.
    none      the full gradient, out x in a layer: for tiny models, and as an oracle.

All signs come from a counter-based hash of (seed, layer name, place) and are drawn on the host, so
that every device and every process has the same. The signs of the fold are one table of out x r:
signs that factor into rows times columns would let the entries of a row cancel or add together.

Shapes: B examples, T tokens, `in` and `out` features of a layer.

A new sketch is a file here that gives a `Sketch` (reducer.py), and a line in kinds.py.
"""
