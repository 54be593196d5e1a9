"""From a finished run to a trainer: files beside the subset that load it, and its card.

handed_rows       what the written rows are, found from every one of them
row_shape         where the parts of a row stand, and the plain reading that trainers have
shape_candidates  the shapes that rows of a format may have
stanza            what one trainer is given, or why it cannot take the rows as they are
for_trl for_axolotl for_llama_factory for_ms_swift    a trainer each
card              README.md, a data set card
literals          names as literals of YAML and Markdown
handing           all of it into the run folder
"""
