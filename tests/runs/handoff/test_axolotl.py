"""axolotl: its schema, its loader and its prompt strategies take the YAML and the rows."""

import pytest
from tests.conftest import make_rows
from tests.runs.handoff.handed import UNEVEN, handed
from tests.runs.handoff.test_trl import HOSTILE

from spanset.config.settings import DataConfig
from spanset.data.formats.examples import EXAMPLES

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")

# What its schema of a data set has, of which a stanza uses some.
FIELDS = {"path", "ds_type", "split", "type", "field", "field_messages", "field_chosen"} | {
    *("field_rejected", "message_property_mappings", "roles", "roles_to_train", "train_on_eos"),
    "message_field_training",
}
TYPES = {
    *("alpaca", "chat_template", "completion", "chat_template.default"),
    "chat_template.argilla_chat",
}


def parsed(found):
    return yaml.safe_load(found.written("axolotl").read_bytes())


@pytest.mark.parametrize("to", [None, "messages"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.format}-{one.source}")
def test_a_stanza_has_the_fields_that_are_documented(tmp_path, example, to):
    found = handed(tmp_path, [example.row] * 2, to=to)
    if not found.stanzas["axolotl"].text:
        assert found.stanzas["axolotl"].fix
        return
    (entry,) = parsed(found)["datasets"]
    assert set(entry) <= FIELDS
    assert isinstance(entry["type"], dict) or entry["type"] in TYPES
    assert entry["path"] == "subset.jsonl"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("to", [None, "messages"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: f"{one.format}-{one.source}")
def test_its_strategies_read_what_spanset_reads(tmp_path, folders, example, to, monkeypatch):
    pytest.importorskip(
        "axolotl.prompt_strategies.chat_template", reason="axolotl is not installed"
    )
    found = handed(tmp_path, [example.row] * 2, to=to)
    if not found.stanzas["axolotl"].text:
        return
    monkeypatch.chdir(tmp_path)
    config, rows, tokenizer = loaded(found, folders())
    (entry,) = config["datasets"]
    expected = found.said()[0]
    answer = expected[-1][1]
    if config.get("rl") is not None:
        sides = aligned(config, entry, rows, tokenizer)
        assert expected[0][1] in sides["prompt"]
        if config["rl"] == "dpo":
            assert sides["chosen"].startswith(answer)
            assert sides["rejected"].startswith("Carrot.")
        else:
            assert (sides["completion"], sides["label"]) == (answer, example.row["label"])
        return
    strategy = strategy_of(config, entry, tokenizer)
    row = dict(rows[0])
    if entry["type"] == "chat_template":
        said = [
            (one["role"], one.get("content") or "") for one in strategy.get_conversation_thread(row)
        ]
        assert [turn for turn in said if "weather" not in turn[1]] == [
            turn if "weather" not in turn[1] else (turn[0], "") for turn in expected
        ]
    if found.rows.facts.get("no content"):
        return  # the template of the tests is one of those that do not take it
    if entry["type"] == "completion":
        made = {
            k: v[0] for k, v in strategy.tokenize_prompt({k: [v] for k, v in row.items()}).items()
        }
    else:
        made = strategy.tokenize_prompt(row)
    text = tokenizer.decode([t for t in made["labels"] if t >= 0])
    assert answer.strip() in text
    if entry["type"] != "completion" and len(expected) > 1:
        asked = expected[-2][1]
        assert asked not in text or asked in answer
        assert all(line in tokenizer.decode(made["input_ids"]) for line in asked.split("\n"))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "suffix", [".jsonl", ".json", ".jsonl.gz", ".json.gz", ".csv", ".parquet", ".arrow"]
)
def test_every_container_loads(tmp_path, folders, suffix, monkeypatch):
    pytest.importorskip(
        "axolotl.prompt_strategies.chat_template", reason="axolotl is not installed"
    )
    monkeypatch.chdir(tmp_path)
    found = handed(tmp_path, make_rows(5), name=f"subset{suffix}")
    _, rows, _ = loaded(found, folders())
    assert [row["output"] for row in rows] == [said[-1][1] for said in found.said()]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
@pytest.mark.parametrize("case", UNEVEN)
def test_rows_without_some_fields_load(tmp_path, folders, case, suffix, monkeypatch):
    pytest.importorskip(
        "axolotl.prompt_strategies.chat_template", reason="axolotl is not installed"
    )
    monkeypatch.chdir(tmp_path)
    found = handed(tmp_path, UNEVEN[case], name=f"subset{suffix}")
    if case == "history":
        assert "history" in found.stanzas["axolotl"].why
        return
    config, rows, tokenizer = loaded(found, folders())
    strategy = strategy_of(config, config["datasets"][0], tokenizer)
    for row, expected in zip(rows, found.said(), strict=True):
        made = strategy.tokenize_prompt(dict(row))
        text = tokenizer.decode(made["input_ids"])
        assert all(line in text for _, said in expected for line in said.split("\n"))
        answers = tokenizer.decode([token for token in made["labels"] if token >= 0])
        assert answers.count(expected[-1][1]) == sum(role == "assistant" for role, _ in expected)


def loaded(found, model):
    """The YAML as axolotl has it, the rows that its loader gives, and a tokenizer."""
    import transformers
    from axolotl.utils.data.shared import load_dataset_with_config
    from axolotl.utils.dict import DictDefault
    from axolotl.utils.schemas.datasets import DPODataset, KTODataset, SFTDataset

    config = DictDefault(parsed(found))
    # So it does itself, and drops what the schema does not have.
    schema = {"dpo": DPODataset, "kto": KTODataset}.get(config.get("rl"), SFTDataset)
    validated = schema(**parsed(found)["datasets"][0])
    entry = DictDefault(validated.model_dump(exclude_none=True))
    config["datasets"] = [entry]
    rows = load_dataset_with_config(entry, use_auth_token=False)
    return config, rows, transformers.AutoTokenizer.from_pretrained(model)


def strategy_of(config, entry, tokenizer):
    from axolotl.prompt_strategies import load

    if isinstance(entry["type"], dict):
        return load("user_defined", tokenizer, config, entry["type"].to_dict())
    if entry["type"] == "alpaca":  # of the types that it has built in
        from axolotl.prompt_tokenizers import AlpacaPromptTokenizingStrategy
        from axolotl.prompters import AlpacaPrompter

        return AlpacaPromptTokenizingStrategy(AlpacaPrompter(), tokenizer, False, 256)
    return load(entry["type"], tokenizer, config, entry)


def aligned(config, entry, rows, tokenizer):
    """A row as the trainer of preferences gets it."""
    from axolotl.prompt_strategies.dpo import load as load_dpo
    from axolotl.prompt_strategies.kto import load as load_kto

    if config["rl"] == "kto":
        return load_kto("user_defined.default", config, dataset_idx=0)(dict(rows[0]))
    transform, _ = load_dpo(entry["type"], config, dataset_idx=0)
    return transform(dict(rows[0]), tokenizer=tokenizer)


@pytest.mark.parametrize("name", [name for name in HOSTILE if "*" not in name])
def test_no_name_gets_out_of_its_quotes(tmp_path, name):
    field = 'it\'s "a"\n- b: {x} # \\'
    rows = [{field: "Why is it so?", "say": "Because it is."}] * 2
    found = handed(tmp_path, rows, name=name, reading=DataConfig(map=f"prompt={field},answer=say"))
    config = parsed(found)
    (entry,) = config["datasets"]
    assert set(config) == {"base_model", "datasets", "sequence_len", "train_on_inputs"}
    assert entry["path"] == name
    assert entry["type"]["field_instruction"] == field
