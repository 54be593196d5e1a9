"""Features of other settings never come into a store; what they do not depend on may change."""

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.conftest import write_lines
from tests.models.model_folder import (
    FEATURES,
    changed,
    edit_json,
    edit_weights,
    files_of,
    same_store,
)
from tests.stores.whole_runs import ROWS, refused

from spanset.cli import main


def other_weights(model):
    def change(weights):
        name = sorted(weights)[0]
        weights[name] = weights[name] + 1e-3
        return weights

    edit_weights(model, change)


TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|im_end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
OTHER_SETTINGS = {
    "seed": (("--seed", "1"), "sketch.seed: 0 there, 1 now"),
    "rank": (("--rank", "8"), "sketch.rank: 4 there, 8 now"),
    "dimension": (("--dimension", "64"), "sketch.dimension: 32 there, 64 now"),
    "sketch": (("--sketch", "none"), "sketch.kind: 'fold' there, 'none' now"),
    "max-length": (("--max-length", "100"), "max_length: 128 there, 100 now"),
    "supervise": (("--supervise", "last"), "supervise: 'all' there, 'last' now"),
    "dtype": (("--model-dtype", "bfloat16"), "model_dtype: 'float32' there, 'bfloat16' now"),
    "targets": (("--targets", "all-linear"), "targets: 'attention' there, 'all-linear' now"),
    "template": (("--chat-template", "t.jinja"), "tokenizer: "),
}


@pytest.mark.parametrize("case", OTHER_SETTINGS)
def test_a_store_of_other_settings_is_refused_with_the_difference(store_there, capsys, case):
    flags, difference = OTHER_SETTINGS[case]
    Path("t.jinja").write_text(TEMPLATE)
    before = files_of(store_there)
    words = changed(FEATURES, *flags)
    err = refused(capsys, *words, code=2, says=("s: ", "other settings", difference))
    assert err.count(" there, ") == (case != "template") or case == "sketch", err
    assert files_of(store_there) == before


def test_a_store_of_a_model_with_other_weights_is_refused(store_there, capsys):
    other_weights(Path("m"))
    refused(capsys, *FEATURES, code=2, says=("other settings", "the weights or the configuration"))


def test_a_store_of_another_tokenizer_is_refused(store_there, capsys):
    """An end-of-turn token of another name gives other supervised tokens."""
    edit_json(Path("m/tokenizer_config.json"), eos_token="<|im_end|>")
    refused(capsys, *FEATURES, code=2, says=("other settings", "tokenizer"))


def test_a_model_that_only_moved_is_the_same_model(store_there, reference):
    Path("m").rename("elsewhere")
    assert main(changed(FEATURES, "--model", "elsewhere")) == 0
    assert same_store(store_there, reference)


@pytest.mark.parametrize(
    "flags",
    [("--batch-tokens", "9999"), ("--gradient-checkpointing",), ("--device", "cpu")],
    ids=["batch", "checkpointing", "device"],
)
def test_what_features_do_not_depend_on_may_change(store_there, reference, flags):
    assert main(changed(FEATURES, *flags)) == 0
    assert same_store(store_there, reference)


def test_fields_that_are_no_part_of_the_conversation_may_change(store_there, reference):
    write_lines(Path("d.jsonl"), [{**row, "rating": 3} for row in ROWS])
    assert main(FEATURES) == 0
    assert same_store(store_there, reference)
