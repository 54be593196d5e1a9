"""From a raw row to a conversation: one small function per format.

A format is recognised by the fields of a file's first row. Field names and role names follow what
the fine-tuning tools read (TRL, axolotl, LLaMA-Factory); docs/data-formats.md lists them.

    texts         values as text and as lists; the error of a row
    turns         one message as a turn: for words, and for chat templates
    tool_calls    tools and calls of them, in one form
    marks         turns that are not trained on
    messages      lists of messages (messages, ShareGPT)
    exchanges     one prompt and its answer (Alpaca, prompt-completion, question-answer, exchanges,
                  instances, text)
    named_fields  one prompt and its answer under any of the plain names
    ranked        several answers with scores
    pairs         preference pairs
    trees         Open Assistant's trees
    registry      all formats in order, labels (KTO), recognition
    prompts       a prompt without an answer, where none is asked for
    mapping       --map
    field_names   names that prompts and answers go by
    guesses       what to say of rows that are not recognised
    examples      a row of every format

A new format is a file here, or a function in one, and a line in registry.py; its row in examples.py
is shown and tested.
"""
