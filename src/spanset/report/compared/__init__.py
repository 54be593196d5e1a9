"""The page of a comparison: the best choices in words, then every choice beside the others.

choice_charts   diversity against quality, what rows add, how alike choices are
compared_page   all of it, in order
"""
