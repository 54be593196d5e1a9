"""Rows out: each file whole or not at all.

written      rows as they are, or as a conversion makes them
text_rows    JSON Lines, JSON arrays, CSV
arrow_rows   rows of any source as Arrow tables
table_rows   Parquet, Arrow's file format
hashed_file  written and hashed at once
row_files    the container that a name asks for, and the partial file that is renamed
"""
