"""Lexical features: against the slow definition, and what they mean."""

import numpy as np
import pytest
from scipy import sparse

from spanset.data import read
from spanset.errors import DataError
from spanset.features import fit_transform as fit_transform_spec
from spanset.features import lexical, parse_features


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
