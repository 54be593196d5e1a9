"""TRL's own trainers, made as the script makes them, take the rows and train on the answers."""

import pytest
from tests.conftest import make_rows
from tests.runs.handoff.handed import Training, handed

for library in ("torch", "trl", "datasets"):
    pytest.importorskip(library, reason="the extra `train` is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")

ASK = {"role": "user", "content": "Name a fruit."}
SAY = {"role": "assistant", "content": "Apple."}
BAD = {"role": "assistant", "content": "Carrot."}
PAIR = {"prompt": [ASK], "chosen": [SAY], "rejected": [BAD]}
TEXTS = {"prompt": "Name a fruit.", "chosen": "Apple.", "rejected": "Carrot."}

CASES = {
    "exchange": (make_rows(4), "all"),
    "prompted": ([{"prompt": [ASK], "completion": [SAY]}] * 4, "all"),
    "messages": ([{"messages": [ASK, SAY]}] * 4, "all"),
    "last of several": ([{"messages": [ASK, BAD, ASK, SAY]}] * 4, "last"),
    "text": ([{"text": "Apples are fruits."}] * 4, "all"),
    "pair": ([PAIR] * 4, "all"),
    "pair of texts": ([TEXTS] * 4, "all"),
    "pair of dialogues": ([{"chosen": [ASK, SAY], "rejected": [ASK, BAD]}] * 4, "all"),
    "labelled": (
        [{"messages": [ASK, SAY if wanted else BAD], "label": wanted} for wanted in (True, False)]
        * 2,
        "all",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_trainer_prepares_the_rows(tmp_path, folders, case, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows, supervise = CASES[case]
    model = str(folders())
    found = handed(tmp_path, rows, training=Training(model, 256, supervise))
    script = found.script()
    made = []

    class Recorded:
        """The script's own trainer, that is not asked to train."""

        def __init__(self, **arguments):
            made.append(trainer(**arguments))

        def train(self):
            return None

    (name,) = [name for name in script if name.endswith("Trainer")]
    (config_name,) = [name for name in script if name.endswith("Config")]
    trainer, config = script[name], script[config_name]
    scope = script["main"].__globals__
    scope[name] = Recorded
    scope[config_name] = lambda **more: config(
        **more, use_cpu=True, report_to="none", per_device_train_batch_size=2, bf16=False
    )
    script["main"]()
    (trainer_made,) = made
    prepared = trainer_made.train_dataset
    assert len(prepared) == len(rows)
    batch = next(iter(trainer_made.get_train_dataloader()))
    assert all(len(value) for value in batch.values())
    if name == "SFTTrainer":
        tokenizer = trainer_made.processing_class
        row = prepared[0]
        kept = [t for t, label in zip(row["input_ids"], row["labels"], strict=True) if label >= 0]
        last = found.said()[0][-1][1]
        assert last.strip() in tokenizer.decode(kept)
        if case != "text":
            assert "fruit" not in tokenizer.decode(kept)
