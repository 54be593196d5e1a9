"""Small data sets and models that the tests make, once a session where they are not changed."""

import gc
import os

# One thread of each library, here and in what tests start: more cost time at these sizes, and torch
# gives other last bits with them. Set before any of them is imported.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import json

import numpy as np
import pytest


def pytest_collection_modifyitems(items):
    """The longest test first, so that no worker is left with it at the end."""
    items.sort(key=lambda item: "[start.md]" not in item.nodeid)


def pytest_collection_finish():
    """What is imported by now stays: without this, every search for garbage would go through it."""
    gc.collect()
    gc.freeze()


WORDS = [
    "river",
    "engine",
    "poem",
    "tax",
    "garden",
    "proof",
    "violin",
    "server",
    "bread",
    "island",
    "wheel",
    "letter",
]


def make_rows(n, seed=0):
    """Rows of random words in the Alpaca format, with a rating and a topic."""
    rng = np.random.default_rng(seed)
    return [
        {
            "instruction": f"Write {number} about {' '.join(rng.choice(WORDS, 4))}.",
            "input": "",
            "output": " ".join(rng.choice(WORDS, int(rng.integers(3, 40)))),
            "rating": round(float(rng.uniform(1, 5)), 1),
            "topic": str(rng.choice(["a", "b", "c"], p=[0.7, 0.2, 0.1])),
        }
        for number in range(n)
    ]


def write_lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """No test reads what another, or the user, left in the cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def sample(tmp_path):
    """A JSON Lines file of 200 rows."""
    return write_lines(tmp_path / "sample.jsonl", make_rows(200))


@pytest.fixture(scope="session")
def folders(tmp_path_factory):
    """Folder of a model of each family, made when it is asked for; not to be changed."""
    from tests.models.model_folder import save_model

    made = {}

    def folder(family="llama"):
        if family not in made:
            made[family] = save_model(tmp_path_factory.mktemp(family) / "m", family)
        return made[family]

    return folder
