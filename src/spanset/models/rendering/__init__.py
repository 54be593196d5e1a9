"""From a conversation to what the model reads and what it is trained to write.

sides           a row as one sequence, or both sides of a preference pair
chat_templates  its text by the chat template, and the characters that the assistant writes
token_spans     from these characters to tokens
renderer        token ids and mask of a conversation: the three above, in this order
token_survey    every distinct row rendered once, before the model runs
"""
