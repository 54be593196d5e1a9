"""The page of data that nothing was chosen from yet: what they are, and what to do next.

first_facts     all that is known
size_curve      what more rows would add
first_signs     what looks wrong
first_words     the sentence, the values at the head
first_pictures  lengths, turns, writing systems, values of fields
first_repeats   rows that repeat others; first_measures: diversity beside known sets
next_steps      commands to copy
first_page      all of it, in order
"""
