"""The pipeline's verbs in Python, with the words of the command line.

    representing   `spanset.represent`
    measuring      `spanset.measure`
    selecting      `spanset.select`
    arguments      arrays that they take, checked

(`read` and `score` stand with what they are about: data.reader, quality.scores.)
"""
