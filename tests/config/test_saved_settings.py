"""Settings of a run come back as they were written; what this version does not know is refused."""

from dataclasses import replace

import pytest
import tomli_w

from spanset.base.errors import DataError, UsageError
from spanset.config.model_settings import ModelConfig
from spanset.config.saved_settings import saved_select
from spanset.config.settings import (
    ChoiceConfig,
    ComputeConfig,
    DataConfig,
    FeatureConfig,
    OutputConfig,
    QualityConfig,
    SelectConfig,
)

CONFIGS = [
    SelectConfig(("a.jsonl",)),
    SelectConfig(
        ("a.jsonl", "b*.csv"),
        DataConfig(columns=("q", "a"), on_bad_row="skip"),
        ChoiceConfig(k=("10", "10%"), tokens="2M", given="g.jsonl", seed=3),
        FeatureConfig("lexical", "rbf", "auto:50", normalize=False),
        ModelConfig(mask_reasoning=True, rank=8, hidden=False),
        QualityConfig("column:rating", 0.3, "rank"),
        OutputConfig(output="x.jsonl", by=("topic",), draws=0),
        ComputeConfig("float32", 2),
    ),
]


def written(tmp_path, table):
    path = tmp_path / "config.toml"
    path.write_text(tomli_w.dumps({"select": table}))
    return str(path)


@pytest.mark.parametrize("config", CONFIGS)
def test_settings_come_back_as_they_were_written(tmp_path, config):
    assert saved_select(written(tmp_path, config.table())) == config


def test_a_whole_number_may_stand_for_lambda(tmp_path):
    config = replace(CONFIGS[0], quality=QualityConfig("output_tokens", 1))
    assert saved_select(written(tmp_path, config.table())).quality.quality_weight == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"data": "a.jsonl"}, "names no data"),
        ({"data": [1]}, "names no data"),
        ({"wings": 2}, "wings"),
        ({"kernel": "magic"}, "kernel"),
        ({"seed": True}, "seed"),
        ({"seed": "0"}, "seed"),
        ({"k": 3}, "'k'"),
        ({"k": [3]}, "'k'"),
        ({"lambda": "much"}, "quality_weight"),
        ({"normalize": 1}, "normalize"),
        ({"model": {"a": 1}}, "model"),
    ],
)
def test_what_this_version_does_not_know_is_named(tmp_path, change, says):
    with pytest.raises(DataError, match=says):
        saved_select(written(tmp_path, {**CONFIGS[0].table(), **change}))


def test_a_file_without_the_section_and_one_that_is_no_toml_are_refused(tmp_path):
    path = tmp_path / "config.toml"
    path.write_text("select = 3\n")
    with pytest.raises(DataError, match="no section"):
        saved_select(str(path))
    path.write_text("[select\n")
    with pytest.raises(UsageError, match="cannot be read"):
        saved_select(str(path))
