"""Signs of a finished run: which are told, in what order, and where they are kept."""

import json

import numpy as np
import pytest
from tests.conftest import make_rows, write_lines
from tests.runs.finished_cases import case_of, clusters, names, uniform

from spanset.cli import main
from spanset.kernels.rbf import RBF
from spanset.runs.diagnosis import LOOKS, diagnose
from spanset.runs.signs.sign import Sign, per_cent


def test_of_few_picks_nothing_is_said():
    assert names(case_of(uniform(), 49)) == []
    assert names(case_of(uniform(), 50)) == ["no-room"]


def test_a_consequence_is_not_told_beside_its_cause():
    assert names(case_of(uniform(), kernel=RBF(500.0))) == ["none-alike"]
    assert names(case_of(uniform(), kernel=RBF(0.0001))) == ["all-alike"]


def test_signs_are_explained_by_earlier_ones():
    known = []
    for look in LOOKS:
        assert set(look.explained_by) <= set(known)
        known.append(look.find.__name__.replace("_", "-"))


def test_several_signs_stand_beside_each_other():
    X = clusters()
    heavy = np.random.default_rng(0).standard_cauchy(len(X))
    tokens = np.where(heavy > np.quantile(heavy, 0.9), 500, 50)
    case = case_of(X, log_quality=heavy, weight=0.9, tokens=tokens)
    assert names(case) == ["quality-alone", "long-picks"]


def test_the_same_case_is_told_the_same():
    one, other = (diagnose(case_of(uniform())) for _ in range(2))
    assert one == other


def test_numbers_are_kept_to_three_digits_and_counts_whole():
    sign = Sign("a-sign", "w", "y", "f", {"share": 0.123456, "rows": 123_456})
    assert sign.summary() == {"name": "a-sign", "numbers": {"share": 0.123, "rows": 123_456}}
    assert sign.record() == sign.summary() | {"what": "w", "why": "y", "fix": "f"}


@pytest.mark.parametrize(
    ("share", "shown"), [(0.735, "74 %"), (0.999, "99 %"), (1.0, "100 %"), (0.0, "0 %")]
)
def test_a_share_that_is_not_all_is_never_shown_as_all(share, shown):
    assert per_cent(share) == shown


@pytest.fixture
def select(tmp_path, monkeypatch, capsys):
    """Run select on 200 rows; what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    write_lines(tmp_path / "sample.jsonl", make_rows(200))

    def run(*flags, name="run"):
        assert main(["select", "sample.jsonl", "-k", "60", "--run", name, *flags]) == 0
        return capsys.readouterr().out

    return run


def manifest_of(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_a_sound_run_says_nothing(select, tmp_path):
    assert "Diagnosis" not in select()
    assert manifest_of(tmp_path / "run")["diagnosis"] == []


@pytest.mark.parametrize("method", ["random", "top"])
def test_other_methods_are_not_told_of_the_kernel(select, method):
    printed = select("--gamma", "500", "--method", method, "--quality", "column:rating")
    assert "alike" not in printed


def test_a_sign_is_told_in_words_in_json_and_in_the_manifest(select, tmp_path):
    assert "Diagnosis: none alike" in select("--gamma", "500", name="told")
    (sign,) = json.loads(select("--gamma", "500", "--json"))["diagnosis"]
    assert set(sign) == {"name", "what", "why", "fix", "numbers"}
    (kept,) = manifest_of(tmp_path / "told")["diagnosis"]
    assert kept == {"name": "none-alike", "numbers": sign["numbers"]}
    assert kept["numbers"]["last_gain"] == 1.0


def test_equal_runs_have_equal_manifests(select, tmp_path):
    for name, workers in (("a", "1"), ("b", "2")):
        select("--gamma", "500", "--workers", workers, name=name)
    one, other = (manifest_of(tmp_path / name) for name in "ab")
    assert one["diagnosis"]
    assert one["diagnosis"] == other["diagnosis"]
