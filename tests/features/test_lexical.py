"""Lexical features: against the slow definition, and what they mean."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from tests.conftest import make_rows

from spanset.base.errors import DataError, UsageError
from spanset.base.stages import SILENT
from spanset.cli import main
from spanset.data.reader import read
from spanset.features import lexical
from spanset.features.representations import fit_transform as fit_transform_spec
from spanset.features.specs import parse_features
from spanset.features.stored import StoreFeatures
from spanset.stores.keeping import settings_folder, stores_in
from spanset.stores.store import FeatureStore


class Notes(type(SILENT)):
    """A watcher that remembers."""

    def __init__(self):
        self.notes = []

    def note(self, text):
        self.notes.append(text)


def fit_transform(features, data, seed=0):
    made, fitted = fit_transform_spec(parse_features(features), data, seed=seed)
    return made.X, fitted


def rows_of(texts):
    return read([{"instruction": text, "output": "Yes."} for text in texts])


@pytest.fixture(scope="module")
def sample():
    words = ["river", "engine", "poem", "tax", "garden", "proof", "violin", "server", "bread"]
    rng = np.random.default_rng(0)
    return rows_of(" ".join(rng.choice(words, 12)) + f" {number}" for number in range(200))


def test_rows_are_unit_float32_of_the_stated_dimension(sample):
    X, _ = fit_transform("lexical", sample)
    assert X.dtype == np.float32
    assert X.shape == (200, lexical.DIMENSION)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1.0, rtol=1e-6)


def test_inner_products_estimate_those_of_the_full_vectors(sample):
    """The sketch is unbiased within its stated deviation of about 1 / sqrt(d)."""
    counts = lexical._count([talk.text for talk in sample.conversations()])
    idf = lexical.lexical_features(sample).idf
    full = lexical._weighted(counts, idf)
    full = sparse.csr_matrix(full) / np.sqrt(2)  # two families of unit length
    exact = (full @ full.T).toarray()
    X, _ = fit_transform("lexical", sample)
    error = (X @ X.T - exact)[np.triu_indices(200, 1)]
    assert abs(error.mean()) < 0.01
    assert error.std() < 1.0 / np.sqrt(lexical.DIMENSION)


def test_features_are_a_function_of_the_row_and_the_fitted_state(sample):
    X, fitted = fit_transform("lexical", sample)
    some = np.array([5, 199, 0])
    np.testing.assert_array_equal(fitted.transform(sample[some]).X, X[some])


def test_equal_rows_have_equal_features_and_near_copies_near_ones():
    text = "Name a river in France, say where it rises, and which towns stand on its banks"
    data = rows_of([f"{text}.", f"{text}.", f"{text}!", "Prove it by sums."])
    X, _ = fit_transform("lexical", data)
    assert X[0].tobytes() == X[1].tobytes()
    assert X[0] @ X[2] > 0.9
    assert X[0] @ X[3] < 0.5


def test_batches_and_the_fit_sample_do_not_change_a_row(sample, monkeypatch):
    whole, _ = fit_transform("lexical", sample)
    monkeypatch.setattr(lexical, "BATCH", 7)
    np.testing.assert_array_equal(fit_transform("lexical", sample)[0], whole)
    monkeypatch.setattr(lexical, "FIT_ROWS", 100)
    sampled, fitted = fit_transform("lexical", sample)
    np.testing.assert_array_equal(fitted.transform(sample).X, sampled)


def test_processes_that_share_the_hashing_change_no_bit(sample, monkeypatch):
    whole = lexical.lexical_features(sample)
    expected = whole.vectors(sample, np.arange(200))[0]
    monkeypatch.setattr(lexical, "SHARED_ROWS", 1)
    monkeypatch.setattr(lexical, "BATCH", 30)
    monkeypatch.setattr(lexical, "available_workers", lambda: 2)
    shared = lexical.lexical_features(sample)
    assert (shared._fit() == whole._fit()).all()
    assert shared.vectors(sample, np.arange(200))[0].tobytes() == expected.tobytes()


def test_processes_make_rows_of_other_data_without_changing_a_bit(sample, monkeypatch):
    """Beyond the rows that the fit counts, and rows that come later."""
    monkeypatch.setattr(lexical, "FIT_ROWS", 100)
    expected = lexical.lexical_features(sample)._without_store(sample).X
    monkeypatch.setattr(lexical, "BATCH", 30)
    monkeypatch.setattr(lexical, "SHARED_ROWS", 1)
    shared = lexical.lexical_features(sample)
    seen, shared_out = [], lexical.in_processes
    monkeypatch.setattr(lexical, "in_processes", lambda *all_: seen.append(1) or shared_out(*all_))
    assert shared._without_store(sample).X.tobytes() == expected.tobytes()
    assert len(seen) == 2  # the fit, and the features


def test_another_seed_is_another_projection(sample):
    one, two = (fit_transform("lexical", sample, seed=seed)[0] for seed in (0, 1))
    assert not np.allclose(one, two)


@pytest.mark.parametrize(
    "text", ["?", "\U0001f600", "数学を教えて", "\ud800 lone surrogate", "a", "\x00\x01"]
)
def test_any_text_has_a_direction(text):
    X, _ = fit_transform("lexical", rows_of([text, "something else"]))
    assert np.isfinite(X).all()


def test_array_features_belong_to_rows_by_number(tmp_path):
    data = read([{"prompt": "a", "completion": answer} for answer in ("x", "", "y", "z")])
    assert data.ids.tolist() == [0, 2, 3]
    path = tmp_path / "features.npy"
    np.save(path, np.eye(4, dtype=np.float16))
    X, _ = fit_transform(f"array:{path}", data)
    np.testing.assert_array_equal(X, np.eye(4)[[0, 2, 3]])
    np.save(path, np.eye(3))
    with pytest.raises(DataError, match="3 rows, the data 4"):
        fit_transform(f"array:{path}", data)


# Stores


def features_of(monkeypatch):
    """What is hashed from now on."""
    seen, count = [], lexical._count
    monkeypatch.setattr(lexical, "_count", lambda texts: seen.extend(texts) or count(texts))
    return seen


def test_a_second_call_on_the_same_rows_hashes_nothing(sample, monkeypatch):
    first, _ = fit_transform("lexical", sample)
    seen = features_of(monkeypatch)
    again, fitted = fit_transform("lexical", sample)
    assert np.array_equal(first, again)
    assert np.array_equal(fitted.transform(sample[[7, 7, 3]]).X, first[[7, 7, 3]])
    assert not seen


def test_rows_of_another_file_take_the_idf_that_was_fitted_before(sample, monkeypatch):
    given = rows_of(["a river and a poem, unlike all others", "an engine"])
    _, fitted = fit_transform("lexical", sample)
    wanted = fitted.transform(given).X
    seen = features_of(monkeypatch)
    _, fitted = fit_transform("lexical", sample)  # as a second command does
    more = rows_of(["a violin that nobody heard"])
    fitted.transform(more)
    assert seen == [talk.text for talk in more.conversations()], "the idf is read, not fitted"
    assert np.array_equal(fitted.transform(given).X, wanted)


def test_without_a_cache_the_numbers_are_the_same_and_it_is_said(sample, tmp_path, monkeypatch):
    wanted, _ = fit_transform("lexical", sample)
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    notes = Notes()
    made, fitted = fit_transform_spec(parse_features("lexical"), sample, watcher=notes)
    assert np.array_equal(made.X, wanted)
    assert any("not kept" in note for note in notes.notes)
    assert np.array_equal(fitted.transform(sample[[5, 9]]).X, wanted[[5, 9]])


def test_a_command_beside_another_on_the_same_rows_does_not_wait_for_it(sample):
    wanted, fitted = fit_transform("lexical", sample)
    ((store,), _) = stores_in(settings_folder(fitted))
    store.update(complete=False)
    with store.writing():  # as another process would
        assert np.array_equal(fit_transform("lexical", sample)[0], wanted)


def test_a_lexical_store_takes_more_rows_with_the_idf_that_it_has(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    one, two = make_rows(30), make_rows(45, seed=1)[30:]
    read(one).write("a.jsonl")
    read(two).write("b.jsonl")
    words = ["features", "--features", "lexical", "--out", "s"]
    assert main([*words[:1], "a.jsonl", *words[1:]]) == 0
    seen = features_of(monkeypatch)
    assert main([*words[:1], "a.jsonl", "b.jsonl", *words[1:]]) == 0
    assert len(seen) == len(two), "only the new rows are hashed, and the idf is not fitted again"
    assert "30 of 45 rows are there already" in capsys.readouterr().err
    fitted = lexical.LexicalFeatures.of_store(FeatureStore(tmp_path / "s"))
    both = read([*one, *two])
    made = StoreFeatures("s").transform(both).X
    assert np.array_equal(made, fitted.transform(both).X)
    unseen = rows_of(["neither here nor there"])
    assert np.array_equal(StoreFeatures("s").transform(unseen).X, fitted.transform(unseen).X)


def test_features_through_a_store_are_the_slow_ones_to_half_precision(sample):
    counts = lexical._count([talk.text for talk in sample.conversations()])
    fitted = lexical.lexical_features(sample)
    slow = (lexical._weighted(counts, fitted.idf) @ lexical._projection(1024, 0)).toarray()
    slow /= np.linalg.norm(slow.astype(np.float64), axis=1)[:, None]
    assert np.abs(fitted.transform(sample).X - slow).max() < 1e-3


def test_the_order_of_rows_is_nothing_to_the_idf(sample, monkeypatch):
    wanted, _ = fit_transform("lexical", sample)
    seen = features_of(monkeypatch)
    order = np.random.default_rng(0).permutation(200)
    assert np.array_equal(fit_transform("lexical", sample[order])[0], wanted[order])
    assert not seen


def test_a_store_without_a_cache_makes_further_rows_each_time(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    read(make_rows(30)).write("a.jsonl")
    assert main(["features", "a.jsonl", "--features", "lexical", "--out", "s"]) == 0
    more = read([*make_rows(30)[:3], *make_rows(45, seed=1)[30:]])
    wanted = StoreFeatures("s").transform(more).X
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    notes = Notes()
    assert np.array_equal(StoreFeatures("s", notes).transform(more).X, wanted)
    assert any("not kept" in note for note in notes.notes)
    capsys.readouterr()


def test_further_rows_of_a_store_of_another_version_are_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    read(make_rows(30)).write("a.jsonl")
    assert main(["features", "a.jsonl", "--features", "lexical", "--out", "s"]) == 0
    manifest = json.loads(Path("s/manifest.json").read_text())
    manifest["settings"]["version"] = 0
    Path("s/manifest.json").write_text(json.dumps(manifest))
    assert len(StoreFeatures("s").transform(read("a.jsonl")).X) == 30
    with pytest.raises(UsageError, match="another version"):
        StoreFeatures("s").transform(rows_of(["unseen"]))
    capsys.readouterr()
