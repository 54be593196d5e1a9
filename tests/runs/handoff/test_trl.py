"""TRL's script: what it loads is what spanset reads, and TRL's own preparation takes it."""

import pytest
from tests.conftest import make_rows
from tests.runs.handoff.handed import UNEVEN, Training, handed

from spanset.config.settings import DataConfig
from spanset.data.formats.examples import EXAMPLES

datasets = pytest.importorskip("datasets", reason="the extra `hub` is not installed")

# What has to be converted, as no trainer reads it.
ONLY_CONVERTED = {"exchanges", "oasst", "instances", "ranked"}
ASK = {"role": "user", "content": "Name a fruit."}
SAY = {"role": "assistant", "content": "An apple, say."}


@pytest.fixture(autouse=True)
def quiet(tmp_path, monkeypatch):
    """No bars, and no cache but the test's own."""
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()
    yield
    datasets.enable_progress_bars()


def said_by(row):
    """Role and text of all messages that the trainer gets of a row, the chosen side's of a pair."""
    if "text" in row:
        return [("assistant", row["text"])]
    parts = ("messages", "prompt", "completion", "chosen")
    return [
        (one["role"], one.get("content") or "") for part in parts for one in row.get(part) or []
    ]


def without_calls(said):
    """Texts of turns that call no tool: a call is a part of the message, and no text."""
    return [turn for turn in said if "weather" not in turn[1] and turn[1]]


@pytest.mark.parametrize("to", [None, "messages"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.format}-{one.source}")
def test_every_format_loads_and_says_what_spanset_reads(tmp_path, example, to):
    found = handed(tmp_path, [example.row] * 2, to=to)
    stanza = found.stanzas["TRL"]
    if not stanza.text:
        assert to is None
        assert "add --to messages" in stanza.fix
        is_flat = example.source in ("hh-rlhf", "Alpaca with two outputs")
        has_callers = example.source == "ShareGPT, LLaMA-Factory"
        assert example.format in ONLY_CONVERTED or is_flat or has_callers
        return
    rows = found.script()["load"]()
    assert len(rows) == 2
    expected = without_calls(found.said()[0])
    assert without_calls(said_by(rows[0])) == expected
    if example.format == "kto":
        assert rows[0]["label"] == example.row["label"]
    if example.format == "preference":
        assert rows[0]["rejected"][-1]["content"] == "Carrot."


@pytest.mark.parametrize(
    "suffix",
    [".jsonl", ".json", ".jsonl.gz", ".json.gz", ".csv", ".tsv", ".csv.gz", ".parquet", ".arrow"],
)
def test_every_container_loads(tmp_path, suffix):
    rows = make_rows(30)
    rows[3]["output"] = "NA"
    rows[4]["output"] = "5"
    found = handed(tmp_path, rows, name=f"subset{suffix}")
    loaded = found.script()["load"]()
    assert [said_by(row) for row in loaded] == found.said()


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("case", UNEVEN)
def test_rows_without_some_fields_load(tmp_path, case, suffix):
    found = handed(tmp_path, UNEVEN[case], name=f"subset{suffix}")
    if case == "messages" and suffix == ".parquet":
        assert "null" in found.stanzas["TRL"].why
        return
    assert [said_by(row) for row in found.script()["load"]()] == found.said()


def test_csv_of_any_delimiter_loads_with_and_without_a_header(tmp_path):
    content = b"question;answer\nWhy; \nHow is it?;5\nWho;NA\n"
    found = handed(tmp_path, [], name="subset.csv", content=content)
    assert [said_by(row) for row in found.script()["load"]()] == found.said()
    reading = DataConfig(columns=("question", "answer"))
    content = b"How is it?,5\nWho,NA\n"
    found = handed(tmp_path, [], name="other.csv", content=content, reading=reading)
    assert [said_by(row) for row in found.script()["load"]()] == found.said()
    assert "header" in found.stanzas["axolotl"].why


def test_fields_of_other_names_are_those_of_the_map(tmp_path):
    rows = [{"ask": "Why is it?", "more": "Say it.", "say": "So.", "who": "Be brief."}] * 3
    reading = DataConfig(map="prompt=ask,input=more,answer=say,system=who")
    found = handed(tmp_path, rows, reading=reading)
    assert [said_by(row) for row in found.script()["load"]()] == found.said()


def test_rows_whose_context_is_in_the_prompt_already_are_not_joined_again(tmp_path):
    rows = [
        {"instruction": "Shorten: it is red.", "context": "it is red.", "response": "Red."},
        {"instruction": "Name it.", "context": "It is red.", "response": "Rose."},
    ]
    found = handed(tmp_path, rows)
    assert not any(stanza.text for stanza in found.stanzas.values())
    assert {stanza.fix for stanza in found.stanzas.values()} == {"add --to messages"}


def test_rows_of_several_formats_are_handed_to_nobody(tmp_path):
    from tests.conftest import write_lines

    from spanset.data.reader import read_data
    from spanset.runs.handoff.handed_rows import HandedRows
    from spanset.runs.handoff.handing import stanzas

    write_lines(tmp_path / "a.jsonl", make_rows(3))
    write_lines(tmp_path / "b.jsonl", [{"messages": [ASK, SAY]}])
    names = (str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"))
    data = read_data(names, DataConfig())
    found = HandedRows.of(data, {"subset.jsonl": 4}, ".jsonl", None)
    assert found.why == "the rows are of several formats: alpaca, messages"
    assert not any(one.text for one in stanzas(found, Training(None, 2048, "all")))


@pytest.mark.parametrize(
    ("rows", "supervise", "loss"),
    [
        ([{"messages": [ASK, SAY]}], "all", "completion_only_loss=True"),
        ([{"messages": [ASK, SAY, ASK, SAY]}], "all", "assistant_only_loss=True"),
        ([{"messages": [ASK, SAY, ASK, SAY]}], "last", "completion_only_loss=True"),
        (
            [{"messages": [ASK, {**SAY, "weight": 0}, ASK, SAY]}],
            "all",
            "completion_only_loss=True",
        ),
    ],
)
def test_the_loss_is_that_of_the_selection(tmp_path, rows, supervise, loss):
    training = Training("org/name", 77, supervise)
    found = handed(tmp_path, rows * 2, training=training)
    text = found.written("TRL").read_text()
    assert loss in text
    assert "max_length=77" in text
    assert "MODEL = 'org/name'" in text
    assert [said_by(row) for row in found.script()["load"]()] == found.said()


def test_marks_that_trl_does_not_read_are_told(tmp_path):
    marked = {"messages": [ASK, SAY, ASK, {**SAY, "weight": 0}, ASK, SAY]}
    found = handed(tmp_path, [marked] * 2)
    assert any("weight" in note for note in found.stanzas["TRL"].notes)
    assert 'message_field_training: "weight"' in found.stanzas["axolotl"].text


def test_calls_reach_the_template_as_they_are_or_not_at_all(tmp_path):
    def calling(arguments):
        call = {"type": "function", "function": {"name": "f", "arguments": arguments}}
        return {"messages": [ASK, {"role": "assistant", "content": "", "tool_calls": [call]}]}

    rows = [calling({"city": "Oslo"}), calling({"number": 1})]
    found = handed(tmp_path, rows)
    loaded = found.script()["load"]()
    calls = [row["messages"][1]["tool_calls"][0]["function"]["arguments"] for row in loaded]
    assert calls == [{"city": "Oslo"}, {"number": 1}]
    found = handed(tmp_path, [calling({"city": "Oslo"})] * 2, name="subset.parquet")
    assert "null" in found.stanzas["TRL"].why


HOSTILE = ['a"\n- b.jsonl', "q'; rm -rf x `x`.jsonl", "[1]*?.jsonl", "é \u2028 \x85.jsonl"]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_file_or_a_field_gets_out_of_its_quotes(tmp_path, name):
    field = 'it\'s "a"\n{x} # \\'
    rows = [{field: "Why is it so?", "say": "Because it is."}] * 2
    reading = DataConfig(map=f"prompt={field},answer=say")
    found = handed(tmp_path, rows, name=name, reading=reading)
    assert [said_by(row) for row in found.script()["load"]()] == found.said()


def test_a_name_with_a_variable_of_the_shell_is_refused(tmp_path):
    found = handed(tmp_path, make_rows(2), name="$HOME.jsonl")
    assert {one.why for one in found.stanzas.values()} == {
        "it reads $ in the file's name as a variable"
    }
