"""What TRL's SFTTrainer makes of rows before it trains on them."""

import json

import datasets
import pytest
import transformers
from tests.models.rendering.trl_templates import templates, tokenizer_for

# TRL's own settings say it.
PREPARATION = pytest.mark.filterwarnings("ignore:`gradient_checkpointing` is deprecated")


def prepared(tokenizer, rows, folder, **options):
    """What the trainer makes of rows: ids, and whether each token is trained on."""
    from trl import SFTConfig, SFTTrainer

    sizes = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        num_attention_heads=1,
        pad_token_id=tokenizer.pad_token_id,
        **sizes,
    )
    model = transformers.LlamaForCausalLM(config)
    settings = {"report_to": [], "use_cpu": True, "bf16": False, "shuffle_dataset": False}
    arguments = SFTConfig(str(folder), max_length=None, max_steps=1, **settings, **options)
    trainer = SFTTrainer(
        model,
        arguments,
        train_dataset=datasets.IterableDataset.from_generator(lambda: iter(rows)),
        processing_class=tokenizer,
    )
    return [
        (row["input_ids"], [label != -100 for label in row["labels"]])
        for row in trainer.train_dataset
    ]


def rows_for_trainer(rows):
    """The rows with their tools as JSON text, as data sets hold them."""
    return [{**row, "tools": json.dumps(row["tools"])} if "tools" in row else row for row in rows]


def family_tokenizer(name):
    """A tokenizer with the template that the models of a family come with."""
    tokenizer = tokenizer_for(templates()[name], templates()[f"{name}_training"])
    tokenizer.chat_template = templates()[name]
    return tokenizer
