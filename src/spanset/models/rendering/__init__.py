"""From a conversation to what the model reads and what it is trained to write.

sides               a row as one sequence, or both sides of a preference pair
template_messages   its turns as messages in the form that a chat template takes
chat_templates      a chat template: what it takes, what it writes, what it has no place for
probes              where a turn's text stands in what a template writes
turn_spans          the text of a conversation, and the characters that the assistant writes
token_spans         from these characters to tokens
renderer            token ids and mask of a conversation: all of the above, in this order
tried_renderer      a renderer for a tokenizer, tried before any row
training_templates  --chat-template training
dropped             what rows have, and a template no place for
looked_rows         what there is to know of rows; of many, found by processes
token_survey        every distinct row rendered once, before the model runs
kept_tokens         the tokens that this gave, packed, for the passes
"""
