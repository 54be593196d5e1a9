"""Tasks of lm-eval: values of documents, beside our own questions; refusals; what stays behind."""

import json
import random
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from tests.models.tiny_models import make_model, make_tokenizer
from tests.places import ROOT, SHARED

from spanset.base.errors import DataError, MissingExtraError, UsageError
from spanset.trials.multiple_choice import MultipleChoice
from spanset.trials.question_forms import about
from spanset.trials.task_scores import load_tasks

pytest.importorskip("lm_eval")

ACC = [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}]
LETTERED = {
    "description": "The following are multiple choice questions (with answers) about "
    "{{subject.replace('_', ' ')}}.\n\n",
    "doc_to_text": "{{question.strip()}}\nA. {{choices[0]}}\nB. {{choices[1]}}\n"
    "C. {{choices[2]}}\nD. {{choices[3]}}\nAnswer:",
    "doc_to_choice": ["A", "B", "C", "D"],
    "doc_to_target": "answer",
}
ARC = {
    "doc_to_text": "Question: {{question}}\nAnswer:",
    "doc_to_target": "{{choices.label.index(answerKey)}}",
    "doc_to_choice": "{{choices.text}}",
}
PIQA = {
    "doc_to_text": "Question: {{goal}}\nAnswer:",
    "doc_to_target": "label",
    "doc_to_choice": "{{[sol1, sol2]}}",
}
WORDS = ["river", "bread", "poem", "two", "France", "sea", "short", "rises in the", "naïve"]


@pytest.fixture(autouse=True)
def own_hub_cache(tmp_path, monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer(adds_bos=True, max_length=4096)


@pytest.fixture(scope="module")
def model(tokenizer):
    return make_model("llama", len(tokenizer))


def write_task(folder, rows, name="mine", **settings):
    """A task's YAML (JSON is YAML) over a file of documents."""
    folder.mkdir(exist_ok=True)
    data = folder / f"{name}.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    task = {
        "task": name,
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": str(data)}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "metric_list": ACC,
        **settings,
    }
    (folder / f"{name}.yaml").write_text(json.dumps(task))
    return data


def lettered_rows(n=24, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {
            "question": " " + " ".join(rng.choice(WORDS, int(rng.integers(2, 60)))) + "?\n",
            "choices": [" ".join(rng.choice(WORDS, 2)) for _ in range(4)],
            "answer": int(rng.integers(4)),
            "subject": str(rng.choice(["life_science", "law"])),
        }
        for _ in range(n)
    ]


def arc_rows(n=24):
    rng = np.random.default_rng(1)
    return [
        {
            "question": " ".join(rng.choice(WORDS, 5)) + " ",
            "choices": {
                "text": [" ".join(rng.choice(WORDS, int(rng.integers(1, 5)))) for _ in "1234"],
                "label": list("1234"),
            },
            "answerKey": str(rng.choice(list("1234"))),
        }
        for _ in range(n)
    ]


def piqa_rows(n=24):
    rng = np.random.default_rng(2)
    return [
        {
            "goal": " ".join(rng.choice(WORDS, 4)),
            "sol1": " ".join(rng.choice(WORDS, 5)),
            "sol2": " ".join(rng.choice(WORDS, 3)),
            "label": int(rng.integers(2)),
        }
        for _ in range(n)
    ]


# Beside our own questions


@pytest.mark.parametrize(
    ("rows", "settings"), [(lettered_rows(), LETTERED), (arc_rows(), ARC), (piqa_rows(), PIQA)]
)
@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_our_questions_get_lm_evals_values(tmp_path, tokenizer, family, rows, settings):
    model = make_model(family, len(tokenizer))  # whose context some of the questions exceed
    data = write_task(tmp_path / "t", rows, **settings)
    (task,) = load_tasks(["mine"], tokenizer, folder=str(tmp_path / "t"))
    ours = MultipleChoice.read(str(data), tokenizer).scored(model)
    theirs = task.scored(model)
    assert 0 < theirs.mean < 1
    assert theirs.values.tolist() == ours.values.tolist()
    assert theirs.weights.tolist() == ours.weights.tolist()


def test_hellaswag_is_prepared_as_lm_eval_does(tmp_path, tokenizer, model):
    import lm_eval

    rng = np.random.default_rng(5)
    marks = ["[header] How [title] To bake.", "It is  hot [step]", "[substeps] Then"]
    rows = [
        {
            "activity_label": str(rng.choice(WORDS)),
            "ctx_a": str(rng.choice(marks)),
            "ctx_b": str(rng.choice(["she Bakes", "two poems"])),
            "ctx": "",
            "endings": [" ".join(rng.choice([*WORDS, "[title]", " "], 4)) + "." for _ in "1234"],
            "label": str(rng.integers(4)),
        }
        for _ in range(30)
    ]
    own = Path(lm_eval.__file__).parent / "tasks" / "hellaswag"
    data = write_task(tmp_path / "t", rows)
    (tmp_path / "t" / "utils.py").write_text((own / "utils.py").read_text())
    text = (own / "hellaswag.yaml").read_text().replace("task: hellaswag", "task: mine")
    text = text.replace("dataset_path: Rowan/hellaswag", "dataset_path: json")
    text = text.replace("training_split: train\n", "")
    files = json.dumps({"data_files": {"validation": str(data)}})
    (tmp_path / "t" / "mine.yaml").write_text(f"{text}\ndataset_kwargs: {files}\n")
    (task,) = load_tasks(["mine"], tokenizer, folder=str(tmp_path / "t"))
    ours = MultipleChoice.read(str(data), tokenizer).scored(model)
    assert task.scored(model).values.tolist() == ours.values.tolist()
    assert task.metrics == {"mine": "acc"}


def test_subjects_are_named_as_lm_eval_names_mmlus():
    import lm_eval
    import yaml

    folder = Path(lm_eval.__file__).parent / "tasks" / "mmlu" / "default"
    files = [yaml.safe_load(path.read_text()) for path in folder.glob("mmlu_*.yaml")]
    assert len(files) == 57
    for task in files:
        assert about(task["dataset_name"]) == task["description"]


def test_the_experiments_task_asks_what_lm_evals_mmlu_asks():
    import lm_eval
    import yaml

    ours = yaml.safe_load((ROOT / "experiments" / "mmlu" / "mmlu_local.yaml").read_text())
    folder = Path(lm_eval.__file__).parent / "tasks" / "mmlu" / "default"
    theirs = yaml.safe_load((folder / "_default_template_yaml").read_text())
    for part in ("doc_to_text", "doc_to_choice", "doc_to_target", "output_type", "metric_list"):
        assert ours[part] == theirs[part]
    from lm_eval.utils import apply_template

    assert apply_template(ours["description"], {"subject": "a_b_c"}) == about("a_b_c")


def converted(archive, output):
    """The experiments' JSON Lines of an archive, made as its text says."""
    script = ROOT / "experiments" / "mmlu" / "convert.py"
    subprocess.run([sys.executable, script, archive, "-o", output], check=True)
    return output


def local_mmlu(folder, data):
    """The experiments' task over another file."""
    folder.mkdir()
    text = (ROOT / "experiments" / "mmlu" / "mmlu_local.yaml").read_text()
    text = text.replace("experiments/mmlu/data/test.jsonl", str(data))
    (folder / "mmlu_local.yaml").write_text(text)
    return str(folder)


def test_the_experiments_file_holds_what_the_archive_asks(tmp_path, tokenizer, model):
    texts = {
        "life_science": 'Which "one"?,"a, b",NA,,"two\nlines",B\nSo?,1,2,3,4,D\n',
        "law": "Who?,x,y,z,None,A\n",
    }
    with zipfile.ZipFile(tmp_path / "mmlu.zip", "w") as archive:
        for subject, text in texts.items():
            archive.writestr(f"data/test/{subject}_test.csv", text)
            archive.writestr(f"data/dev/{subject}_dev.csv", "Not this?,x,y,z,w,A\n")
            (tmp_path / f"{subject}_test.csv").write_text(text)
    data = converted(tmp_path / "mmlu.zip", tmp_path / "out" / "test.jsonl")
    files = MultipleChoice.read([str(tmp_path / "*_test.csv")], tokenizer)
    assert files.questions == MultipleChoice.read(str(data), tokenizer).questions
    assert len(files) == 3
    (task,) = load_tasks(["mmlu_local"], tokenizer, folder=local_mmlu(tmp_path / "t", data))
    task.scored(model)
    asked = {one.args[0] for one in task.tasks["mmlu_local"].instances}
    assert asked == {question.context for question in files.questions}


@pytest.mark.slow
def test_a_trained_model_gets_lm_evals_values_for_mmlu(tmp_path):
    import transformers

    archive, folder = SHARED / "data" / "mmlu.zip", SHARED / "models" / "tiny-llama-7m"
    if not (archive.exists() and folder.exists()):
        pytest.skip("no ../shared/data/mmlu.zip with ../shared/models/tiny-llama-7m")
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).float()
    # Fields of law and history have questions longer than the model's context.
    rows = converted(archive, tmp_path / "all.jsonl").read_text().splitlines()[::140]
    (tmp_path / "some.jsonl").write_text("\n".join(rows))
    ours = MultipleChoice.read(str(tmp_path / "some.jsonl"), tokenizer)
    lm_eval = local_mmlu(tmp_path / "t", tmp_path / "some.jsonl")
    (theirs,) = load_tasks(["mmlu_local"], tokenizer, folder=lm_eval)
    assert len(ours) == 101
    assert ours.scored(model).values.tolist() == theirs.scored(model).values.tolist()


# What is asked


def test_a_group_is_one_evaluation_over_all_its_documents(tmp_path, tokenizer, model):
    folder = tmp_path / "t"
    write_task(folder, lettered_rows(7), "one", **LETTERED)
    write_task(folder, arc_rows(5), "two", **ARC)
    (folder / "g.yaml").write_text(json.dumps({"group": "both", "task": ["one", "two"]}))
    both, one, two = load_tasks(["both", "one", "two"], tokenizer, folder=str(folder))
    assert (both.name, len(both), both.unit, both.tokens) == ("both", 12, "accuracy", 0)
    parts = [*one.scored(model).values, *two.scored(model).values]
    assert both.scored(model).values.tolist() == parts


def test_so_many_documents_are_drawn_of_all(tmp_path, tokenizer, model):
    folder = tmp_path / "t"
    write_task(folder, lettered_rows(15), "one", **LETTERED)
    write_task(folder, arc_rows(5), "two", **ARC)
    (folder / "g.yaml").write_text(json.dumps({"group": "both", "task": ["one", "two"]}))
    (whole,) = load_tasks(["both"], tokenizer, folder=str(folder))
    (some,) = load_tasks(["both"], tokenizer, folder=str(folder), most=9, seed=4)
    (again,) = load_tasks(["both"], tokenizer, folder=str(folder), most=9, seed=4)
    assert len(some) == 9
    assert some.documents == again.documents
    assert some.settings() == again.settings() != whole.settings()
    places = {"one": 0, "two": 15}
    kept = [places[name] + number for name in some.documents for number in some.documents[name]]
    assert some.scored(model).values.tolist() == whole.scored(model).values[kept].tolist()
    (few,) = load_tasks(["both"], tokenizer, folder=str(folder), most=1)
    assert len(few.tasks) == len(few.scored(model).values) == 1


def test_examples_in_prompts_are_the_same_every_time(tmp_path, tokenizer, model):
    rows = lettered_rows(20)
    write_task(tmp_path / "t", rows, fewshot_split="test", **LETTERED)
    folder = str(tmp_path / "t")
    (none,) = load_tasks(["mine"], tokenizer, folder=folder)
    (task,) = load_tasks(["mine"], tokenizer, folder=folder, few_shot=1)
    first = task.scored(model)
    prompts = [one.args[0] for one in task.tasks["mine"].instances]
    assert all(prompt.count("Answer:") == 2 for prompt in prompts)
    assert task.scored(model).values.tolist() == first.values.tolist()
    assert [one.args[0] for one in task.tasks["mine"].instances] == prompts
    assert task.settings() != none.settings()


def test_settings_depend_on_documents_and_prompts_and_not_on_where_they_lie(tmp_path, tokenizer):
    def settings(folder, rows, **changes):
        write_task(tmp_path / folder, rows, **{**LETTERED, **changes})
        (task,) = load_tasks(["mine"], tokenizer, folder=str(tmp_path / folder))
        return json.dumps(task.settings(), sort_keys=True)

    rows = lettered_rows(4)
    assert settings("a", rows) == settings("b", rows)
    assert settings("c", lettered_rows(4, seed=1)) != settings("a", rows)
    assert settings("d", rows, description="Say. ") != settings("a", rows)


def test_what_a_model_writes_is_judged_by_its_first_measure(tmp_path, tokenizer, model):
    rows = [{"question": word, "answer": "certainly not this"} for word in WORDS[:3]]
    write_task(
        tmp_path / "t",
        rows,
        output_type="generate_until",
        doc_to_text="{{question}}",
        doc_to_target="{{answer}}",
        generation_kwargs={"until": ["\n"], "max_gen_toks": 3, "do_sample": False},
        metric_list=[
            {"metric": "exact_match", "aggregation": "mean", "higher_is_better": True},
        ],
    )
    (task,) = load_tasks(["mine"], tokenizer, folder=str(tmp_path / "t"))
    assert task.metrics == {"mine": "exact_match"}
    assert task.scored(model).values.tolist() == [0.0] * 3


# Refusals


def test_an_unknown_task_is_told_with_near_ones(tmp_path, tokenizer, monkeypatch):
    from lm_eval.tasks import manager

    shipped = tmp_path / "shipped"
    write_task(shipped, arc_rows(2), "arc_easy", **ARC)
    # Going through the thousands that it ships takes ten seconds.
    monkeypatch.setattr(manager, "__file__", str(shipped / "manager.py"))
    write_task(tmp_path / "t", arc_rows(2), "mine", **ARC)
    for folder in (None, str(tmp_path / "t")):
        with pytest.raises(UsageError, match="no task 'arc_esy'") as error:
            load_tasks(["arc_esy"], tokenizer, folder=folder)
        assert "arc_easy" in error.value.why
        assert "lm_eval ls tasks" in error.value.fix
    own, theirs = load_tasks(["mine", "arc_easy"], tokenizer, folder=str(tmp_path / "t"))
    assert (own.name, theirs.name) == ("mine", "arc_easy")


def test_a_missing_folder_is_told(tokenizer, tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        load_tasks(["mine"], tokenizer, folder=str(tmp_path / "none"))


@pytest.mark.parametrize(
    "settings",
    [
        {"dataset_kwargs": {"data_files": {"test": "nowhere.jsonl"}}},
        {"dataset_path": "nobody-at-all/nothing", "dataset_kwargs": {}},
        {"test_split": "other"},
    ],
)
def test_documents_that_cannot_be_had_are_told_with_the_reason(
    tmp_path, tokenizer, monkeypatch, settings
):
    import datasets
    import huggingface_hub

    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    write_task(tmp_path / "t", arc_rows(2), **{**ARC, **settings})
    with pytest.raises(DataError, match="the task cannot be loaded") as error:
        load_tasks(["mine"], tokenizer, folder=str(tmp_path / "t"))
    assert error.value.why
    assert error.value.where == "lm-eval task mine"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {
                "output_type": "loglikelihood_rolling",
                "doc_to_text": "",
                "doc_to_target": "{{goal}}",
                "metric_list": [{"metric": "word_perplexity"}],
            },
            "no values from 0 to 1",
        ),
        ({**PIQA, "metric_list": [{"metric": "mcc"}]}, "no values from 0 to 1"),
        ({**PIQA, "unsafe_code": True}, "runs code that the model writes"),
    ],
)
def test_a_task_without_shares_is_refused_before_a_model_runs(tmp_path, tokenizer, settings, said):
    write_task(tmp_path / "t", piqa_rows(3), **settings)
    with pytest.raises(UsageError, match=said):
        load_tasks(["mine"], tokenizer, folder=str(tmp_path / "t"))


def test_without_lm_eval_its_extra_is_named(tokenizer, monkeypatch):
    monkeypatch.setitem(sys.modules, "lm_eval", None)
    with pytest.raises(MissingExtraError, match=r"spanset\[train\]"):
        load_tasks(["mine"], tokenizer)


def test_no_document_is_too_few(tokenizer):
    with pytest.raises(UsageError, match="0 documents"):
        load_tasks(["mine"], tokenizer, most=0)


# What stays behind


def test_nothing_is_shown_and_all_is_put_back(tmp_path, tokenizer, capfd, caplog):
    import datasets
    import torch
    from lm_eval.api import task as module

    model = make_model("llama", len(tokenizer)).train()
    pads, bar = tokenizer.pad_token, module.tqdm
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    write_task(tmp_path / "t", piqa_rows(3), **PIQA)
    had_bars = not datasets.are_progress_bars_disabled()
    (task,) = load_tasks(["mine"], tokenizer, folder=str(tmp_path / "t"))
    task.scored(model)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert model.training
    assert all(one.requires_grad for one in model.parameters())
    assert (tokenizer.pad_token, module.tqdm) == (pads, bar)
    assert had_bars == (not datasets.are_progress_bars_disabled())
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]
    assert torch.get_rng_state().tolist() == states[2]
