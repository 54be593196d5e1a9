"""``--mask-reasoning``: the assistant's reasoning is read and not learnt, all else as it was."""

import json
from dataclasses import replace

import pytest

pytest.importorskip("torch", reason="needs the extra 'models'")
pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

from tests.conftest import write_lines
from tests.models.rendering.shapes import ROWS
from tests.models.rendering.talks import (
    EVERYTHING,
    EVERYTHING_MARKED,
    FORGETS,
    assistant,
    call,
    learnt,
    renderer_of,
    result,
    row_of,
    user,
)
from tests.models.tiny_models import CHATML, CHATML_MARKED, THINKING

from spanset.cli import main
from spanset.config.model_settings import ModelConfig
from spanset.data.formats.registry import FORMATS
from spanset.models.language_model import LanguageModel

ASK, END = user("What is 2+2?"), "<|im_end|>"
BOTH = pytest.mark.parametrize("template", [EVERYTHING, EVERYTHING_MARKED])
TAGS = pytest.mark.parametrize("template", [CHATML, CHATML_MARKED, EVERYTHING, EVERYTHING_MARKED])


def tagged(thought, answer):
    return f"<think>\n{thought}\n</think>\n\n{answer}"


def masked(template, *messages, **options):
    return "".join(learnt(renderer_of(template, mask_reasoning=True, **options), row_of(*messages)))


# Where it stands


@BOTH
def test_reasoning_in_a_field_leaves_and_tags_and_answer_stay(template):
    said = assistant("Four.", reasoning_content="Two and two.")
    assert masked(template, ASK, said) == tagged("", "Four.") + END
    (whole,) = learnt(renderer_of(template), row_of(ASK, said))
    assert whole == tagged("Two and two.", "Four.") + END


@TAGS
def test_reasoning_in_tags_leaves_and_tags_and_answer_stay(template):
    said = assistant(tagged("Two and two.", "Four."))
    assert masked(template, ASK, said) == tagged("", "Four.") + END


@TAGS
def test_reasoning_of_earlier_turns_leaves_too(template):
    first, second = (assistant(tagged(*one)) for one in (("Hm.", "Four."), ("Well.", "Yes.")))
    answers = tagged("", "Four.") + END + tagged("", "Yes.") + END
    assert masked(template, ASK, first, user("Sure?"), second) == answers


@BOTH
def test_reasoning_of_earlier_turns_in_fields_leaves_too(template):
    first = assistant("Four.", reasoning_content="Hm.")
    second = assistant("Yes.", reasoning_content="Hm.")  # the same words again
    answers = tagged("", "Four.") + END + tagged("", "Yes.") + END
    assert masked(template, ASK, first, user("Hm."), second) == answers


@BOTH
def test_reasoning_before_a_call_leaves_and_the_call_stays(template):
    called = assistant("", reasoning_content="Look.", tool_calls=[call(city="Oslo")])
    told = assistant("12.", reasoning_content="It said so.")
    wanted = tagged("", '<call>look {"city": "Oslo"}</call>') + END + tagged("", "12.") + END
    assert masked(template, ASK, called, result("12"), told) == wanted


def test_reasoning_that_the_template_drops_of_earlier_turns_is_masked_where_it_is_written():
    first = assistant("Four.", reasoning_content="Hm.")
    second = assistant("Yes.", reasoning_content="Well.")
    found = masked(FORGETS, ASK, first, user("Sure?"), second)
    assert found == f"Four.{END}" + tagged("", "Yes.") + END
    first, second = assistant("<think>Hm.</think>Four."), assistant("<think>Well.</think>Yes.")
    found = masked(THINKING, ASK, first, user("Sure?"), second)
    assert found == f"Four.{END}<think></think>Yes.{END}"


@TAGS
def test_with_the_last_turn_alone_its_reasoning_leaves(template):
    first, second = (assistant(tagged(*one)) for one in (("Hm.", "Four."), ("Well.", "Yes.")))
    found = masked(template, ASK, first, user("Sure?"), second, supervise="last")
    assert found == tagged("", "Yes.") + END


@TAGS
def test_reasoning_in_parts_leaves_too(template):
    parts = [{"type": "text", "text": text} for text in ("<think>Hm.</think>", "Four.")]
    assert masked(template, ASK, assistant(parts)) == f"<think></think>\nFour.{END}"


# Rows where there is nothing, or nothing else


@TAGS
@pytest.mark.parametrize("said", ["Four.", "<think>\n\n</think>\n\nFour.", "<think></think>Four."])
def test_without_reasoning_nothing_changes(template, said):
    plain = learnt(renderer_of(template), row_of(ASK, assistant(said)))
    assert masked(template, ASK, assistant(said)) == "".join(plain)


@BOTH
@pytest.mark.parametrize("blank", ["", " \n"])
def test_an_empty_field_changes_nothing(template, blank):
    said = assistant("Four.", reasoning_content=blank)
    assert masked(template, ASK, said) == "".join(learnt(renderer_of(template), row_of(ASK, said)))


@BOTH
def test_of_a_row_of_nothing_but_reasoning_tags_and_end_are_left(template):
    assert masked(template, ASK, assistant("", reasoning_content="Hm.")) == tagged("", "") + END
    assert masked(template, ASK, assistant("<think>Hm.</think>")) == f"<think></think>{END}"


def test_of_a_mark_around_reasoning_alone_nothing_is_left():
    marks = CHATML_MARKED.replace(
        "{% generation %}",
        "{% generation %}{{ m['reasoning_content'] }}{% endgeneration %}{{ '\n' }}{% generation %}",
    )
    said = assistant("Four.", reasoning_content="Hm.")
    assert learnt(renderer_of(marks), row_of(ASK, said)) == ["Hm.", f"Four.{END}"]
    assert masked(marks, ASK, said) == f"Four.{END}"
    assert masked(marks, ASK, {**said, "content": ""}) == END


def test_what_others_say_in_tags_is_as_it_was():
    asked = user("<think>Hm.</think>What is 2+2?")
    assert masked(CHATML, asked, assistant("Four.")) == f"Four.{END}"


# Templates of today's models

THOUGHTS = {
    *("10*3=30 and 7*3=21, in sum 51.", "51+1."),
    *("I must look it up.", "The tool said 12."),
}


@pytest.mark.parametrize(
    "name", ["glm4moe", "glm4moe_training", "gptoss", "nemotron_3_nano", "qwen3", "qwen3_training"]
)
def test_of_todays_templates_the_reasoning_leaves_and_nothing_else(name):
    pytest.importorskip("trl", reason="needs the extra 'train'")
    from tests.models.rendering.trl_templates import renderer_for

    renderer = renderer_for(name)
    masking = replace(renderer, mask_reasoning=True)
    left = set()
    for shape in (shape for shape in ROWS if "reasoning" in shape):
        row = FORMATS["messages"].convert(ROWS[shape])
        pairs = list(zip(renderer.tokens(row), masking.tokens(row), strict=True))
        assert all(one.supervised or not other.supervised for one, other in pairs)
        gone = [one.text if one.supervised > other.supervised else "\0" for one, other in pairs]
        left |= {run for run in "".join(gone).split("\0") if run}
    assert left
    assert left <= THOUGHTS


# The setting


def test_the_setting_is_part_of_what_a_pass_depends_on_only_where_it_is_on(folders):
    name = str(folders())
    plain, off, on = (
        LanguageModel.load(name, ModelConfig(model=name, **more)).settings()
        for more in ({}, {"mask_reasoning": False}, {"mask_reasoning": True})
    )
    assert plain == off
    assert "mask_reasoning" not in plain
    assert on == {**plain, "mask_reasoning": True}


def test_the_flag_leaves_the_reasoning_out_of_what_is_shown(folders, tmp_path, capsys):
    row = {"messages": [ASK, assistant(tagged("Two and two.", "Four."))]}
    path = write_lines(tmp_path / "d.jsonl", [row])

    def shown(*flags):
        assert main(["show", str(path), "--model", str(folders()), "--json", *flags]) == 0
        tokens = json.loads(capsys.readouterr().out)["tokens"]
        return tokens, "".join(one["text"] for one in tokens if one["supervised"])

    (whole, said), (less, left) = shown(), shown("--mask-reasoning")
    assert said == tagged("Two and two.", "Four.") + END
    assert left == tagged("", "Four.") + END
    assert [one["id"] for one in whole] == [one["id"] for one in less]
