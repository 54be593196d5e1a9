"""Rows as a model reads them: cut, refused, and shown; with small tokenizers and a real one."""

import datetime as dt
import io
import re

import numpy as np
import pytest
from rich.console import Console
from tests.models.chats import QUESTION, TWO, refusal, renderer_of, supervised, talk
from tests.models.tiny_models import (
    CHATML,
    CHATML_MARKED,
    GEMMA,
    LLAMA3,
    NO_END,
    THINKING,
    make_tokenizer,
)
from tests.places import SHARED

from spanset.commands.terminal.panels import rendered_panels
from spanset.data.reader import read
from spanset.models.rendering import renderer as rendering
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.renderer import Rendered
from spanset.models.rendering.tried_renderer import make_renderer

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")


# Truncation and the first token ----------------------------------------------------------------


@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED])
def test_truncation_keeps_the_first_tokens_and_says_so(template):
    (whole,) = renderer_of(template).render([talk(*TWO)])
    for length in range(2, len(whole.ids) + 2):
        (row,) = renderer_of(template, max_length=length).render([talk(*TWO)])
        np.testing.assert_array_equal(row.ids, whole.ids[:length])
        np.testing.assert_array_equal(row.supervised, whole.supervised[:length])
        assert row.truncated == (length < len(whole.ids))


def test_a_row_whose_answer_is_cut_away_is_valid_without_supervised_tokens():
    (row,) = renderer_of(CHATML, max_length=5).render([talk(*TWO)])
    assert row.truncated
    assert len(row.ids) == 5
    assert not row.supervised.any()


def test_the_first_token_is_never_supervised():
    text_only = "{% for m in messages %}{% generation %}{{ m['content'] }}{% endgeneration %}"
    renderer = renderer_of(text_only + "{% endfor %}")
    (row,) = renderer.render([talk(("assistant", "Four of them"))])
    assert row.supervised.tolist() == [False] + [True] * (len(row.ids) - 1)
    renderer = renderer_of(text_only + "{{ eos_token }}{% endfor %}")
    (row,) = renderer.render([talk(("assistant", ""))])
    assert row.supervised.tolist() == [False]  # the end of an empty answer


def test_an_answer_that_is_only_the_first_token_is_refused():
    renderer = renderer_of(
        "{% for m in messages %}{% generation %}{{ m['content'] }}{% endgeneration %}{% endfor %}"
    )
    assert "no token of the answer" in refusal(renderer, ("assistant", "a"))


# Rows are data ---------------------------------------------------------------------------------


@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED, None])
def test_nothing_in_a_row_is_evaluated(template):
    text = "{{ 7*7 }}{% raise %}{# gone? #}{% generation %}{{ raise_exception('no') }}"
    renderer = renderer_of(template)
    end = "</s>" if template is None else "<|im_end|>"
    assert supervised(renderer, ("user", text), ("assistant", text)) == [text + end]


@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED])
def test_lone_surrogates_are_replaced(template):
    turns = ("user", "\ud800?"), ("assistant", "a\udfffb")
    assert supervised(renderer_of(template), *turns) == ["a?b<|im_end|>"]


def test_any_conversation_renders_to_something_and_never_raises():
    hostile = ["", "\x00", "\x1b[31m", " ", "\n", "\u202e", "<|im_end|>", "</s>", "�", "\U0001f600"]
    rows = [talk((role, text)) for role in ("user", "assistant", "tool") for text in hostile]
    for template in (CHATML, CHATML_MARKED, LLAMA3, GEMMA, THINKING, NO_END, None):
        results = renderer_of(template).render(rows)
        assert len(results) == len(rows)
        assert all(isinstance(row, Rendered | RenderError) for row in results)


@pytest.mark.parametrize("pad", [True, False])
def test_rows_are_never_padded_nor_cut_by_the_tokenizer(pad):
    tokenizer = make_tokenizer(CHATML, pad=pad)
    tokenizer.padding_side = tokenizer.truncation_side = "left"
    tokenizer.backend_tokenizer.enable_truncation(4)
    tokenizer.backend_tokenizer.enable_padding(length=64)
    short, long = (talk(QUESTION, ("assistant", text)) for text in ("a", "Four. " * 30))
    rows = make_renderer(tokenizer, max_length=40).render([short, long])
    assert len(rows[0].ids) < 40 == len(rows[1].ids)
    assert rows[1].ids[0] == tokenizer.convert_tokens_to_ids("<|im_start|>")
    assert (tokenizer.pad_token is None) == (not pad)


def test_batches_do_not_change_a_row(monkeypatch):
    renderer = renderer_of(CHATML)
    rows = [talk(QUESTION, ("assistant", f"Number {number} " * number)) for number in range(23)]
    whole = renderer.render(rows)
    monkeypatch.setattr(rendering, "BATCH", 5)
    for one, other in zip(renderer.render(rows), whole, strict=True):
        np.testing.assert_array_equal(one.ids, other.ids)
        np.testing.assert_array_equal(one.supervised, other.supervised)
    assert renderer.render([]) == []


def test_nothing_is_printed_even_for_rows_longer_than_the_context(capfd, caplog):
    renderer = renderer_of(CHATML, max_length=10_000)
    (row,) = renderer.render([talk(QUESTION, ("assistant", "Four. " * 200))])
    assert len(row.ids) > renderer.tokenizer.model_max_length
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


# The template in use ---------------------------------------------------------------------


def test_a_given_template_replaces_the_tokenizers():
    tokenizer = make_tokenizer(CHATML)
    renderer = make_renderer(tokenizer, max_length=64, chat_template=LLAMA3)
    assert supervised(renderer, *TWO[:2]) == ["Four.<|eot_id|>"]
    assert tokenizer.chat_template == CHATML


def test_of_several_named_templates_the_default_is_used():
    renderer = renderer_of({"default": CHATML, "tool_use": LLAMA3})
    assert renderer.template == CHATML


@pytest.mark.parametrize("template", [CHATML, CHATML_MARKED])
def test_a_row_does_not_depend_on_the_date(template):
    dated = "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y, %Y-%m-%d') }}{% endif %}"
    renderer = renderer_of(dated + template)
    (row,) = renderer.render([talk(*TWO)])
    text = renderer.tokenizer.decode(row.ids.tolist())
    assert text.startswith("26 Jul 2024, 2024-07-26<|im_start|>")
    assert dt.date.today().year > 2024
    assert supervised(renderer, *TWO) == ["Four.<|im_end|>", "Of course.<|im_end|>"]


# A real tokenizer ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    folder = SHARED / "models" / "tiny-llama-7m"
    if not folder.exists():
        pytest.skip(f"{folder} is not there")
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


def test_a_real_tokenizers_marks_and_prefixes_agree_on_public_rows(real):
    path = SHARED / "data" / "alpaca_data.json.gz"
    if not path.exists():
        pytest.skip(f"{path} is not there")
    rows = list(read(path)[np.arange(500)].conversations())
    bare = re.sub(r"{% (end)?generation %}", "", real.chat_template)
    one, other = (
        make_renderer(real, max_length=512, chat_template=template) for template in (None, bare)
    )
    assert one.chat.has_marks
    assert not other.chat.has_marks
    for conversation, a, b in zip(rows, one.render(rows), other.render(rows), strict=True):
        np.testing.assert_array_equal(a.ids, b.ids)
        np.testing.assert_array_equal(a.supervised, b.supervised)
        if not a.truncated:
            answer = real.decode(a.ids[a.supervised].tolist())
            assert answer == f"{conversation.answer}<|end|>"


# What people see ---------------------------------------------------------------------------------


def shown(rows, renderer, *, colour=False, pair="difference"):
    out = io.StringIO()
    terminal = {"force_terminal": True, "color_system": "standard"} if colour else {}
    console = Console(file=out, width=200, **terminal)
    console.print(rendered_panels(read(rows), renderer, 3, pair))
    return out.getvalue()


def test_panels_mark_the_supervised_text_with_and_without_colour():
    rows = [{"instruction": "Say \x1b[31m é\U0001f600", "output": "na\u00efve \U0001f600\x07"}]
    text = shown(rows, renderer_of(CHATML))
    assert "⟦naïve \U0001f600\\x07<|im_end|>⟧" in text
    assert "\x1b" not in text
    assert "Say \\x1b[31m é\U0001f600<|im_end|>" in text
    coloured = shown(rows, renderer_of(CHATML), colour=True)
    assert "\x1b[1;32m⟦naïve" in coloured


def test_panels_count_tokens_and_say_what_is_cut_or_refused():
    rows = [{"instruction": "Say it.", "output": "Four."}]
    (row,) = renderer_of(CHATML).render(list(read(rows).conversations()))
    count = int(row.supervised.sum())
    assert f"{len(row.ids)} tokens, {count} supervised  " in shown(rows, renderer_of(CHATML))
    assert "6 tokens, 0 supervised, truncated" in shown(rows, renderer_of(CHATML, max_length=6))
    system = [{"messages": [{"role": r, "content": t} for r, t in [("system", "Hi"), *TWO]]}]
    assert "cannot be rendered: the chat template refuses" in shown(system, renderer_of(GEMMA))


def test_panels_name_the_sides_of_a_pair_that_are_taken():
    rows = [{"prompt": "Say it.", "chosen": "Four.", "rejected": "Five."}]
    text = shown(rows, renderer_of(CHATML))
    assert text.index("chosen: ") < text.index("⟦Four.") < text.index("rejected: ")
    assert text.index("rejected: ") < text.index("⟦Five.")
    assert "⟦Four." not in shown(rows, renderer_of(CHATML), pair="rejected")
    assert "⟦Five." not in shown(rows, renderer_of(CHATML), pair="chosen")
    plain = [{"instruction": "Say it.", "output": "Four."}]
    assert "it has no rejected side" in shown(plain, renderer_of(CHATML), pair="rejected")
    assert "chosen: " not in shown(plain, renderer_of(CHATML))
