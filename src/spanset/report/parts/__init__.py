"""What several pages have: rows with their places and groups, and sections that show them.

mapped_rows   rows that are shown, their places and nearest picks; projections: where they lie
row_groups    groups of them, named by their own words
row_texts     the beginning of what rows say, and columns of values for the script
map_section   the map of rows
gains_chart   what each pick adds, beside random rows
known_chart   log determinant distances among public sets
input_repeats repeats between inputs
sign_list     what looks wrong, and what to do
"""
