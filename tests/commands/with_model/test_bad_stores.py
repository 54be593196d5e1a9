"""A store that cannot serve a selection is refused, and none is ever overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.commands.refusals import check_message, snapshot
from tests.commands.with_model.model_commands import BY_MODEL, FROM_STORE, STORE, N, nan_weight
from tests.conftest import write_lines
from tests.models.model_folder import Child, Moment, changed, talk_rows


@pytest.mark.parametrize("name", ["none", "m", "d.jsonl"])
def test_what_is_no_store_is_named(spanset, store, name):
    words = changed(FROM_STORE, "--features", f"store:{name}")
    ended = spanset.run(*words)
    assert ended.code in (1, 2)
    check_message(ended.err, where=f"{name}: ")


def test_a_store_of_another_model_is_not_gone_on_with(spanset, store):
    nan_weight(Path("m"))
    spanset.refuses(
        *STORE,
        code=2,
        where="s: ",
        says=("the weights or the configuration",),
        fix="another folder",
    )


def test_rows_that_a_store_lacks_are_named(spanset, store):
    write_lines(Path("d.jsonl"), [*talk_rows(N), *talk_rows(N + 2)[N:]])
    says = ("lacks 2 of 10 rows", "d.jsonl:9")
    spanset.refuses(*FROM_STORE, code=1, where="s: ", says=says)


def test_given_rows_that_a_store_lacks_are_named(spanset, store):
    write_lines(Path("g.jsonl"), talk_rows(N + 2)[N - 1 :])
    says = ("lacks 2 of 3 rows", "g.jsonl:2")
    spanset.refuses(*FROM_STORE, "--given", "g.jsonl", code=1, where="s: ", says=says)


def test_a_store_that_is_not_finished_is_refused(spanset):
    words = changed(STORE, "--batch-tokens", "100")
    assert Child(*words, moment=Moment("pwrite", 30)).end() < 0
    spanset.refuses(*FROM_STORE, code=2, where="s: ", says=("not finished",), fix="again")
    spanset.refuses(*FROM_STORE, "--dry-run", code=2, where="s: ", says=("not finished",))


def test_a_shard_is_refused(spanset):
    assert spanset.run(*STORE, "--shard", "1/2").code == 0
    words = changed(FROM_STORE, "--features", "store:s.1-of-2")
    spanset.refuses(*words, code=2, where="s.1-of-2: ", says=("shard 1 of 2",), fix="merge")


@pytest.mark.parametrize("words", [FROM_STORE, BY_MODEL], ids=["from-it", "beside-it"])
def test_force_never_replaces_a_store_by_a_run_folder(spanset, store, words):
    """Days of work, and it too holds a manifest.json."""
    before = snapshot(Path("s"))
    ended = spanset.run(*words, "--run", "s", "--force")
    assert snapshot(Path("s")) == before, "the store was replaced"
    check_message(ended.err, where="s: ")
    assert ended.code == 2


def test_an_output_into_the_store_is_refused(spanset, store):
    before = snapshot(Path("s"))
    ended = spanset.run(*FROM_STORE, "-o", "s/subset.jsonl", "--run", "s/run", "--force")
    assert ended.code in (0, 2)
    left = {name: what for name, what in snapshot(Path("s")).items() if "subset" not in name}
    assert {k: v for k, v in left.items() if not k.startswith("run")} == before
