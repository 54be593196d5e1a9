"""Conversations that are scored, and their scores by the public verb."""

from dataclasses import replace

from tests.models.by_hand import DOWN

import spanset
from spanset.config.model_settings import ModelConfig
from spanset.data.reader import read

# The whole gradient, so that its length is exact; small batches, so that there are several.
EXACT = ModelConfig(sketch="none", batch_tokens=300)


def message(role, content):
    return {"role": role, "content": content}


TALKS = [
    [message("user", "What is two plus two?"), message("assistant", "Four, of course.")],
    [message("user", "Name a river."), message("assistant", "The Loire, which flows to the sea.")],
    [
        message("system", "Be brief."),
        message("user", "Name a river in France."),
        message("assistant", "The Loire."),
        message("user", "Where does it rise?"),
        message("assistant", "In the Massif Central, and it flows to the sea."),
    ],
    [message("user", "Say yes, please."), message("assistant", "Y")],
    [message("user", "Write about bread"), message("assistant", "Crème brûlée. " * 9)],
    [
        message("user", "One?"),
        message("assistant", "One."),
        message("user", "Two?"),
        message("assistant", "Two, too."),
        message("user", "Three?"),
        message("assistant", "No."),
    ],
]
ROWS = [{"messages": talk} for talk in TALKS]


def raw_scores(model, rows, name, config=EXACT):
    """Scores by the public verb, the sign of lower-is-better taken out again."""
    got = spanset.score(
        read(rows), name, model=replace(config, model=str(model)), transform="identity"
    )
    return -got if name in DOWN else got
