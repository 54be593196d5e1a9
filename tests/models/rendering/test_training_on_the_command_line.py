"""``--chat-template training``, from the command line to the tokens that are supervised."""

import importlib
import json
import shutil

import pytest

pytest.importorskip("torch", reason="needs the extra 'models'")
pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")
pytest.importorskip("trl", reason="needs the extra 'train'")

from tests.conftest import write_lines
from tests.models.model_folder import talk_rows
from tests.models.rendering.talks import assistant, learnt, row_of, user
from tests.models.rendering.trl_templates import templates, tokenizer_for
from tests.models.tiny_models import CHATML, CHATML_MARKED, GEMMA, make_tokenizer

from spanset.base.errors import MissingExtraError, UsageError
from spanset.cli import main
from spanset.models.rendering.chat_templates import PLAIN_TEMPLATE
from spanset.models.rendering.tried_renderer import make_renderer


def trained(template):
    return make_renderer(make_tokenizer(template), max_length=1 << 20, chat_template="training")


def without_trl(monkeypatch):
    """As if the package were not installed."""
    found = importlib.import_module

    def missing(name, package=None):
        if name.partition(".")[0] == "trl":
            raise ModuleNotFoundError("No module named 'trl'", name="trl")
        return found(name, package)

    monkeypatch.setattr(importlib, "import_module", missing)


def test_the_tokenizers_own_template_stays_where_it_is():
    tokenizer = make_tokenizer(templates()["qwen3"])
    make_renderer(tokenizer, max_length=64, chat_template="training")
    assert tokenizer.chat_template == templates()["qwen3"]


def test_of_several_named_templates_the_default_has_a_twin():
    renderer = trained({"default": templates()["qwen3"], "other": CHATML})
    assert renderer.template == templates()["qwen3_training"]


def test_an_earlier_turn_is_written_as_it_was_when_it_was_last():
    own, twin = templates()["qwen3"], templates()["qwen3_training"]
    tokenizer = tokenizer_for(own, twin)
    tokenizer.chat_template = own
    row = row_of(
        *(user("What is 2+2?"), assistant("Four.", reasoning_content="Hm.")),
        *(user("Sure?"), assistant("Yes.", reasoning_content="Well.")),
    )
    block = "<think>\n{}\n</think>\n\n{}<|im_end|>"
    last = block.format("Well.", "Yes.")
    renderer = make_renderer(tokenizer, max_length=1 << 20)
    assert learnt(renderer, row) == ["Four.<|im_end|>", last]
    renderer = make_renderer(tokenizer, max_length=1 << 20, chat_template="training")
    assert [text.strip() for text in learnt(renderer, row)] == [block.format("Hm.", "Four."), last]


@pytest.mark.parametrize("own", [CHATML_MARKED, None])
def test_a_template_with_marks_needs_no_trl(own, monkeypatch):
    without_trl(monkeypatch)
    assert trained(own).template == (own or PLAIN_TEMPLATE)


def test_without_trl_any_other_names_the_extra(monkeypatch):
    without_trl(monkeypatch)
    with pytest.raises(MissingExtraError, match="trl") as raised:
        trained(templates()["qwen3"])
    assert raised.value.fix == "pip install 'spanset[train]'"


@pytest.mark.parametrize("own", [GEMMA, "", "{{ raise_exception('no') }}", "{% for %}"])
def test_templates_that_refuse_or_drop_or_are_none_have_no_twin(own):
    with pytest.raises(UsageError, match="no training template"):
        trained(own)


@pytest.fixture
def command(folders, tmp_path, monkeypatch):
    """Shows a row by a model with this template."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(folders(), "m")
    write_lines(tmp_path / "d.jsonl", talk_rows(1))

    def run(template):
        (tmp_path / "m" / "chat_template.jinja").write_text(template, encoding="utf-8")
        return main(["show", "d.jsonl", "--model", "m", "--json", "--chat-template", "training"])

    return run


def test_the_command_line_takes_the_twin(command, capsys):
    assert command(templates()["qwen3"]) == 0
    tokens = json.loads(capsys.readouterr().out)["tokens"]
    said = "".join(one["text"] for one in tokens if one["supervised"])
    assert said == "<think>\n\n</think>\n\nIt is 0, or 0.<|im_end|>\n"  # the twin's mark ends so


def test_the_command_line_says_that_there_is_none(command, capsys):
    assert command(CHATML) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "error: --chat-template training: no training template" in shown.err
    assert "\n  why: TRL has none for m\n  fix: leave it out" in shown.err
