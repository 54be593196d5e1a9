"""Passes of a frozen model over batches of rows, and what they leave.

padded        sequences of one pass, padded on the right
forward       one pass: scores of the tokens, hidden states
token_scores  what logits say of the tokens that came
pass_size     how many tokens go through a model at once on a card
passed        what passes give of rows: on its way from a device, and here
targets       layers whose gradient is taken, found by structure
capture       gradients of every example of a batch in one pass back, sketched at once
unpacked      rows have one sequence: the device is not asked
checkpointed  states that are computed again on the way back
selfcheck     whether the sketch keeps their inner products
model_run     the loop that fills a store: render, pass, write; halves a batch that does not fit
capture_run   the same for gradients, with the self-check before
"""
