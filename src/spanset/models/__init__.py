"""A language model: found, checked, loaded, put where it runs. Nothing that it brings is run.

model_files      configuration and tokenizer, in a folder or on the hub
adapters         PEFT adapters, found; merging puts them onto their base
quantised int8   linear layers of fewer bits
placing          one device, or layers over all cards
loading          weights, all there and finite
libraries        transformers, peft and the hub: kept quiet, their errors in our words
rendering/       from a conversation to tokens, and which of them are supervised
passes/          forward and backward, and what is taken of them
language_model   all of it, by its settings
sentence_models  sentence-transformers models, likewise
"""
