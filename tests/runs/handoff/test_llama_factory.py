"""LLaMA-Factory: its own parser, loader and converters give the turns that spanset reads."""

import json
from types import SimpleNamespace

import pytest
from tests.conftest import make_rows
from tests.runs.handoff.handed import UNEVEN, Training, handed

from spanset.data.formats.examples import EXAMPLES

# What its documentation of data lists: fields of an entry, columns and tags.
ENTRY = {"file_name", "formatting", "ranking", "columns", "tags"}
COLUMNS = {"prompt", "query", "response", "history", "messages", "system", "tools", "chosen"} | {
    *("rejected", "kto_tag", "images", "videos", "audios"),
}
TAGS = {"role_tag", "content_tag", "user_tag", "assistant_tag", "observation_tag"} | {
    *("function_tag", "system_tag"),
}
NAMES = {"observation": "tool", "function": "assistant"}


def entry(found):
    return json.loads(found.written("LLaMA-Factory").read_text())["subset"]


@pytest.mark.parametrize("to", [None, "messages"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.format}-{one.source}")
def test_an_entry_has_the_fields_that_are_documented_and_columns_that_are_there(
    tmp_path, example, to
):
    found = handed(tmp_path, [example.row] * 2, to=to)
    stanza = found.stanzas["LLaMA-Factory"]
    if not stanza.text:
        assert stanza.why
        assert stanza.fix
        return
    made = entry(found)
    assert set(made) <= ENTRY
    assert set(made["columns"]) <= COLUMNS
    assert set(made.get("tags", ())) <= TAGS
    assert set(made["columns"].values()) <= set(found.rows.columns)
    assert made["formatting"] in ("alpaca", "sharegpt", "openai")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("to", [None, "messages"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.format}-{one.source}")
def test_its_converters_read_what_spanset_reads(tmp_path, example, to):
    pytest.importorskip("llamafactory", reason="LLaMA-Factory is not installed")
    found = handed(tmp_path, [example.row] * 2, to=to)
    if not found.stanzas["LLaMA-Factory"].text:
        return
    row = converted(found)[0]
    said = [*row["_prompt"], *row["_response"]]
    said = [(NAMES.get(one["role"], one["role"]), one["content"]) for one in said]
    if row["_system"]:
        said = [("system", row["_system"]), *said]
    expected = found.said()[0]
    if example.format == "text" and to is None:
        expected = [("user", expected[0][1])]  # of a text, all is trained on
    if example.format == "preference":
        assert said.pop()[1] == "Carrot."
    if example.format == "kto":  # the other side is empty
        said = [turn for turn in said if turn[1]]
    is_call = any("weather" in text for _, text in expected)
    assert is_call or said == expected
    if is_call:
        assert [role for role, _ in said][-2:] == ["tool", "assistant"]
        assert any("weather" in text for role, text in said if role == "assistant")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv", ".parquet", ".arrow"])
def test_every_container_loads(tmp_path, suffix):
    pytest.importorskip("llamafactory", reason="LLaMA-Factory is not installed")
    found = handed(tmp_path, make_rows(5), name=f"subset{suffix}")
    rows = converted(found)
    said = [[(m["role"], m["content"]) for m in (*r["_prompt"], *r["_response"])] for r in rows]
    assert said == found.said()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("case", UNEVEN)
def test_rows_without_some_fields_load(tmp_path, case, suffix):
    pytest.importorskip("llamafactory", reason="LLaMA-Factory is not installed")
    found = handed(tmp_path, UNEVEN[case], name=f"subset{suffix}")
    for row, expected in zip(converted(found), found.said(), strict=True):
        said = [(one["role"], one["content"]) for one in (*row["_prompt"], *row["_response"])]
        assert ([("system", row["_system"])] if row["_system"] else []) + said == expected


def converted(found):
    from llamafactory.data.loader import _load_single_dataset
    from llamafactory.data.parser import get_dataset_list

    found.written("LLaMA-Factory")
    (attributes,) = get_dataset_list(["subset"], str(found.folder))
    model = SimpleNamespace(cache_dir=str(found.folder / "cache"), hf_hub_token=None)
    data = SimpleNamespace(
        dataset_dir=str(found.folder),
        preprocessing_num_workers=None,
        streaming=False,
        max_samples=None,
        overwrite_cache=True,
        media_dir=str(found.folder),
    )
    return _load_single_dataset(attributes, model, data, SimpleNamespace(local_process_index=0))


@pytest.mark.parametrize("suffix", [".jsonl.gz", ".json.zst", ".tsv"])
def test_containers_that_it_does_not_read_are_refused(tmp_path, suffix):
    found = handed(tmp_path, make_rows(3), name=f"subset{suffix}")
    stanza = found.stanzas["LLaMA-Factory"]
    assert stanza.why == f"it does not read {suffix} files"
    assert stanza.fix == "add -o subset.jsonl"


def test_cells_that_its_csv_would_change_are_refused(tmp_path):
    rows = [{"question": "How much is it?", "answer": "5"}] * 3
    found = handed(tmp_path, rows, name="subset.csv")
    assert not found.stanzas["LLaMA-Factory"].text
    assert found.stanzas["TRL"].text


def test_rows_that_it_leaves_out_are_counted(tmp_path):
    ask, say = {"role": "user", "content": "a b"}, {"role": "assistant", "content": "c d"}
    rows = [{"messages": [ask, say]}, {"messages": [ask, ask, say]}]
    notes = handed(tmp_path, rows).stanzas["LLaMA-Factory"].notes
    assert notes[0].startswith("it leaves out 1 rows")


def test_the_last_answer_alone_is_what_is_trained_on(tmp_path):
    found = handed(tmp_path, make_rows(2), training=Training("m", 100, "last"))
    assert "mask_history=true" in found.stanzas["LLaMA-Factory"].use
