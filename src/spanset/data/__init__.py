"""Rows in and out, verbatim.

    containers/   files, tables and hubs: rows by place, parsed when needed
    formats/      from a parsed row to a conversation
    conversation  what every row becomes
    rows          usable rows of all inputs, as places in them
    reader        from inputs to a data set: every row placed, recognised and converted once
    field_texts   values of a field; field_counts: fields that sort rows, and their values
    row_traits    what rows hold beside words; writing_systems: what they are written in
    row_parts     rows by their prompts or answers alone
    row_places    where rows stand, for tables of them
    joining       several data sets as one
    left_out      rows that are not used, in words
    remarks       what was recognised beside the words, said once per input
    asked_rows    a row by its number, file and line, or text
    unused        fields that no format reads
    conversion    rows as chat messages
    writing/      rows out, atomically
    dataset       rows, and the ways out of them: what users hold

A new container is a file in containers/ and a line in its opening.py; a new format, see formats/.
"""
