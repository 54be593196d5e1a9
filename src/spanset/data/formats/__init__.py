"""From a raw row to a conversation: one small function per format.

A format is recognised by the fields of a file's first row. Field names and role names follow what
the fine-tuning tools read (TRL, axolotl, LLaMA-Factory); docs/data-formats.md lists them.

    texts      values as text and as lists; the error of a row
    messages   roles, lists of messages (messages, ShareGPT)
    exchanges  one prompt and its answer (Alpaca, prompt-completion, question-answer, exchanges,
               instances, text)
    pairs      preference pairs
    trees      Open Assistant's trees
    registry   all formats in order, labels (KTO), recognition
    mapping    --map
    guesses    what to say of rows that are not recognised
    examples   a row of every format

A new format is a file here, or a function in one, and a line in registry.py; its row in examples.py
is shown and tested.
"""
