"""Settings back to the words of a command line."""

from __future__ import annotations

import pytest

from spanset.config.model_settings import ModelConfig
from spanset.config.report_settings import LookingConfig, changed_flags
from spanset.config.settings import DataConfig, FeatureConfig


@pytest.mark.parametrize("kind", [DataConfig, LookingConfig, FeatureConfig, ModelConfig])
def test_usual_settings_need_no_words(kind):
    assert list(changed_flags(kind())) == []


def test_others_are_said_as_flags_say_them():
    found = changed_flags(
        LookingConfig(map="prompt=q,answer=a", columns=("q", "a"), on_bad_row="stop"),
        FeatureConfig(features="static:my model", normalize=False),
        ModelConfig(mask_reasoning=True, max_length=512),
    )
    assert list(found) == [
        *("--map", "prompt=q,answer=a", "--columns", "q,a", "--on-bad-row", "stop"),
        *("--features", "static:my model", "--no-normalize"),
        *("--max-length", "512", "--mask-reasoning"),
    ]
