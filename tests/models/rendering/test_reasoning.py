"""Reasoning in a field and in tags: supervised, or left out of what is supervised."""

import pytest
from tests.models.chats import renderer_of
from tests.models.model_folder import save_model
from tests.models.tiny_models import CHATML, CHATML_MARKED, make_tokenizer

from spanset.config.model_settings import ModelConfig
from spanset.data.formats.registry import FORMATS
from spanset.models.language_model import LanguageModel
from spanset.models.rendering.chat_templates import RenderError
from spanset.models.rendering.tried_renderer import make_renderer

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")

THINKS = "('<think>' + m.reasoning_content + '</think>' if m.reasoning_content else '') + "
TEMPLATES = {
    "prefixes": CHATML.replace("m['content'] +", THINKS + "m['content'] +"),
    "marks": CHATML_MARKED.replace(
        "{{ m['content'] }}{% endg", f"{{{{ {THINKS}m['content'] }}}}{{% endg"
    ),
    "probes": CHATML.replace(
        "m['content'] +", f"({THINKS}'' if loop.last else '') + m['content'] +"
    ),
}


def learnt(template, row, *, mask):
    renderer = make_renderer(make_tokenizer(template), max_length=512, mask_reasoning=mask)
    tokens = renderer.tokens(FORMATS["messages"].convert(row))
    assert not isinstance(tokens, RenderError), tokens
    return "".join(token.text for token in tokens if token.supervised)


def rows():
    ask, last = {"role": "user", "content": "Q?"}, {"role": "user", "content": "Sure?"}
    yield [
        *(ask, {"role": "assistant", "content": "Four.", "reasoning_content": "Early."}),
        *(last, {"role": "assistant", "content": "Yes.", "reasoning_content": "Because."}),
    ]
    yield [
        *(ask, {"role": "assistant", "content": "<think>Early.</think>Four."}),
        *(last, {"role": "assistant", "content": "<think>Because.</think>Yes."}),
    ]


@pytest.mark.parametrize("messages", list(rows()), ids=["field", "tags"])
@pytest.mark.parametrize("name", TEMPLATES)
def test_reasoning_is_learnt_unless_it_is_masked(name, messages):
    row = {"messages": messages}
    whole, masked = (learnt(TEMPLATES[name], row, mask=mask) for mask in (False, True))
    assert "<think>Because.</think>Yes.<|im_end|>" in whole
    assert "Because." not in masked
    assert "Early." not in masked
    assert masked.endswith("<think></think>Yes.<|im_end|>")
    assert "Four.<|im_end|>" in masked


def test_the_mask_changes_nothing_of_other_rows():
    row = {"messages": [{"role": role, "content": role} for role in ("user", "assistant")]}
    for template in TEMPLATES.values():
        assert learnt(template, row, mask=True) == learnt(template, row, mask=False)


def test_stores_of_masked_reasoning_are_others(tmp_path):
    folder = str(save_model(tmp_path / "m"))
    plain, masked = (
        LanguageModel.load(folder, ModelConfig(mask_reasoning=mask)).settings()
        for mask in (False, True)
    )
    assert {**plain, "mask_reasoning": True} == masked
    assert renderer_of(CHATML).mask_reasoning is False
