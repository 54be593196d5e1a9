"""``--chat-template training``: the template that TRL's SFTTrainer trains the model's family with.

TRL ships, for the templates of many families, one that writes the same text with ``{% generation
%}`` marks, and earlier turns as they were written when they were last. Its trainer takes it where
the loss is of the assistant's tokens only and the model's own template has no marks.
"""

from __future__ import annotations

from typing import Any

from spanset.base.errors import UsageError
from spanset.base.extras import require
from spanset.models.rendering.chat_templates import has_marks, reason

TRAINING = "training"  # in the place of a file


def training_template(tokenizer: Any, own: str, name: str) -> str:
    """Jinja source of the template that the model's family is trained with.

    Parameters
    ----------
    own : str
        The tokenizer's own template, taken where it has marks.
    name : str
        The model's name, for messages.

    Raises
    ------
    UsageError
        TRL knows none for this model.
    """
    if has_marks(own):
        return own
    require("trl", extra="train")
    templates = require("trl.chat_template_utils", extra="train")
    try:
        return templates.get_training_chat_template(tokenizer) or own
    # TRL tries the template on conversations of its own, in which it may fail in any way.
    except Exception as error:
        why = f"TRL has none for {name}" if isinstance(error, ValueError) else reason(error)
        raise UsageError(
            "no training template is known for the model's chat template",
            where="--chat-template training",
            why=why,
            fix="leave it out: answers are found in the model's own template, too; or give a file",
        ) from error
