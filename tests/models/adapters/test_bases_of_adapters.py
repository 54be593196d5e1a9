"""The base of an adapter is found in a folder or on the hub; both together have one digest."""

import json
import shutil

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")
pytest.importorskip("peft", reason="adapters need the extra `train`")

import torch
import transformers
from tests.models.adapters.adapted import WEIGHTS, logits, pickled, unmerged
from tests.models.model_folder import edit_json, edit_weights
from tests.models.tiny_models import CHATML

from spanset.base.errors import UsageError
from spanset.models import adapters
from spanset.models.loading import load_model
from spanset.models.model_files import find_model, load_renderer


def digest(folder):
    return find_model(str(folder)).digest


def test_the_digest_is_that_of_base_settings_and_weights(folder, bases, tmp_path):
    before = digest(folder)
    assert before.startswith("sha256:")
    assert before != digest(bases())
    (folder / "README.md").write_text("An adapter.")
    assert digest(folder.rename(tmp_path / "moved")) == before
    moved = tmp_path / "moved"
    other = shutil.copytree(bases(), tmp_path / "other")
    edit_json(moved / adapters.CONFIG, base_model_name_or_path=str(other))
    assert digest(moved) == before, "the same base in another place"
    edit_json(other / "config.json", rms_norm_eps=0.5)
    assert digest(moved) != before, "another base"


def test_the_digest_tells_edits_apart(folder):
    before = digest(folder)
    edit_json(folder / adapters.CONFIG, lora_alpha=3)
    scaled = digest(folder)
    edit_weights(folder, lambda all_of: {k: v * 2 for k, v in all_of.items()}, WEIGHTS)
    assert len({before, scaled, digest(folder)}) == 3


def with_base(folder, base):
    edit_json(folder / adapters.CONFIG, base_model_name_or_path=str(base))
    return find_model(str(folder))


def test_the_base_is_found_from_the_working_folder_and_beside_the_adapter(
    folder, bases, tmp_path, monkeypatch
):
    here, beside = tmp_path / "here", tmp_path / "beside"
    shutil.copytree(bases(), here / "base")
    shutil.copytree(bases("qwen2"), folder.parent / "base")
    monkeypatch.chdir(here)
    assert with_base(folder, "base").config.model_type == "llama"
    beside.mkdir()
    monkeypatch.chdir(beside)
    assert with_base(folder, "base").config.model_type == "qwen2"


@pytest.mark.parametrize(
    ("base", "says"),
    [("/no/such/folder", "does not exist"), ("~/none", "does not exist"), ("./none", "exist"),
     ("a/b/c", "a/b/c"), ("nobody/nothing-of-this-name", "nobody/nothing")],
)  # fmt: skip
def test_a_base_that_is_not_there_is_named(folder, offline, base, says):
    with pytest.raises(UsageError, match="base model cannot be loaded") as caught:
        with_base(folder, base)
    assert caught.value.where == f"--model {folder}"
    assert says in caught.value.why
    assert "base_model_name_or_path" in caught.value.fix


@pytest.mark.parametrize("base", [None, "", 3, ["m"]])
def test_an_adapter_without_a_base_is_refused(folder, base):
    table = json.loads((folder / adapters.CONFIG).read_text())
    (folder / adapters.CONFIG).write_text(json.dumps({**table, "base_model_name_or_path": base}))
    with pytest.raises(UsageError, match="does not name its base model"):
        find_model(str(folder))


def test_an_adapter_of_an_adapter_is_refused(folder, tmp_path):
    with pytest.raises(UsageError, match="an adapter itself") as caught:
        with_base(shutil.copytree(folder, tmp_path / "second"), folder)
    assert "merge" in caught.value.fix


def test_an_adapter_of_itself_is_refused(folder):
    with pytest.raises(UsageError, match="an adapter itself"):
        with_base(folder, folder)


def test_a_base_that_is_an_encoder_with_a_decoder_is_refused(folder, tmp_path):
    transformers.T5Config().save_pretrained(tmp_path / "t5")
    with pytest.raises(UsageError, match="base model cannot be loaded") as caught:
        with_base(folder, tmp_path / "t5")
    assert "decoder" in caught.value.why


@pytest.fixture
def hub(tmp_path, monkeypatch, offline):
    """The hub's cache, to which repositories are added as if they had been fetched."""
    import huggingface_hub.constants as constants

    cache = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))

    def add(name, folder, commit, branch="main"):
        repository = cache / f"models--{name.replace('/', '--')}"
        (repository / "refs").mkdir(parents=True, exist_ok=True)
        (repository / "refs" / branch).write_text(commit)
        return shutil.copytree(folder, repository / "snapshots" / commit)

    return add


ONE, TWO = "1" * 40, "2" * 40


def test_an_adapter_in_a_repository_is_found_with_its_base(hub, folder, bases):
    hub("org/base", bases(), ONE)
    edit_json(folder / adapters.CONFIG, base_model_name_or_path="org/base")
    hub("org/adapter", folder, TWO)
    files = find_model("org/adapter")
    assert files.name == "org/adapter"
    assert files.weights == ("org/base", ONE)
    model = load_model(files, device="cpu", dtype="float32")
    expected = logits(unmerged(folder, bases()))
    torch.testing.assert_close(logits(model), expected, rtol=1e-4, atol=1e-4)
    assert load_renderer(files).template == CHATML


def test_the_revision_is_the_repositorys_and_the_adapters_settings_name_the_bases(
    hub, folder, bases
):
    hub("org/base", bases("qwen2"), TWO)
    hub("org/base", bases(), ONE, branch="v1")
    edit_json(folder / adapters.CONFIG, base_model_name_or_path="org/base", revision="v1")
    hub("org/adapter", folder, TWO, branch="step-100")
    files = find_model("org/adapter", "step-100")
    assert files.weights == ("org/base", ONE)
    assert files.config.model_type == "llama"
    assert files.revision == "step-100"
    with pytest.raises(UsageError):
        find_model("org/adapter")  # there is no main


def test_a_repository_with_the_bases_configuration_is_an_adapter_still(hub, folder, bases):
    shutil.copy(bases() / "config.json", folder)
    hub("org/adapter", folder, TWO)
    assert find_model("org/adapter").adapter is not None


def test_a_model_in_a_repository_is_none(hub, bases):
    hub("org/base", bases(), ONE)
    files = find_model("org/base")
    assert files.adapter is None
    assert files.digest == f"commit:{ONE}"


def test_an_adapter_in_a_repository_whose_base_is_not_there_is_named(hub, folder):
    edit_json(folder / adapters.CONFIG, base_model_name_or_path="org/base")
    hub("org/adapter", folder, TWO)
    with pytest.raises(UsageError, match="base model cannot be loaded") as caught:
        find_model("org/adapter")
    assert "org/base" in caught.value.why


def test_an_adapter_in_a_repository_without_safetensors_is_refused(hub, folder, bases):
    hub("org/base", bases(), ONE)
    pickled(folder)
    hub("org/adapter", folder, TWO)
    with pytest.raises(UsageError):
        find_model("org/adapter")
