"""Inputs: each a name, a digest, and rows that can be found again.

    inputs        what DATA names: files, folders, globs, standard input, the hub, rows in memory
    folders       a folder of shards
    opening       what an input is: its content says, not its name
    content       its bytes, hashed, decompressed, in memory or mapped
    sources       what every input is to the rest
    scanning      rows of JSON, each with its byte range, line and value
    json_text csv_text arrow_files arrow_tables arrow_values hub in_memory    one kind each
    mistakes      what a file probably is whose first row cannot be read

A new container is a file here that gives a `Source`, and a line in `opening`.
"""
