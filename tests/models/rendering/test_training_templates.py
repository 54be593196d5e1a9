"""--chat-template training: what TRL trains the model's family with."""

import pytest

pytest.importorskip("transformers", reason="needs the extra 'models'")
pytest.importorskip("jinja2", reason="needs the extra 'models'")
pytest.importorskip("trl", reason="needs the extra 'train'")

from tests.models.chats import renderer_of
from tests.models.rendering.trl_preparation import family_tokenizer
from tests.models.rendering.trl_templates import templates, twins
from tests.models.tiny_models import CHATML, CHATML_MARKED, make_tokenizer

from spanset.base.errors import MissingExtraError, UsageError
from spanset.models.rendering import training_templates
from spanset.models.rendering.tried_renderer import make_renderer


@pytest.mark.parametrize("family", twins())
def test_a_known_family_gets_its_twin(family):
    renderer = make_renderer(family_tokenizer(family), max_length=512, chat_template="training")
    assert renderer.template.endswith(templates()[f"{family}_training"])
    assert renderer.chat.has_marks


def test_a_template_with_marks_of_its_own_stays():
    tokenizer = make_tokenizer(CHATML_MARKED)
    renderer = make_renderer(tokenizer, max_length=512, chat_template="training")
    assert renderer.template == renderer_of(CHATML_MARKED).template


def test_an_unknown_template_is_refused_with_what_to_do():
    tokenizer = make_tokenizer(CHATML + "{# ours #}")
    with pytest.raises(UsageError) as raised:
        make_renderer(tokenizer, max_length=512, chat_template="training", name="some/model")
    assert raised.value.where == "--chat-template training"
    assert "some/model" in raised.value.why
    assert "leave it out" in raised.value.fix


def test_without_trl_the_extra_is_named(monkeypatch):
    def missing(module, *, extra):
        raise MissingExtraError("not installed", fix=f"pip install 'spanset[{extra}]'")

    monkeypatch.setattr(training_templates, "require", missing)
    with pytest.raises(MissingExtraError) as raised:
        make_renderer(make_tokenizer(CHATML), max_length=512, chat_template="training")
    assert "spanset[train]" in raised.value.fix
