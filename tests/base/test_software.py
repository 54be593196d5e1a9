"""Versions: our own is known from the source alone."""

from importlib.metadata import PackageNotFoundError, version

import numpy as np
import pytest
from tests.conftest import make_rows, write_lines

import spanset
from spanset.base import software
from spanset.cli import main


@pytest.fixture
def source_tree(monkeypatch):
    """As where spanset was never installed."""

    def found(package):
        if package == "spanset":
            raise PackageNotFoundError(package)
        return version(package)

    monkeypatch.setattr(software, "version", found)


def test_our_version_needs_no_metadata(source_tree):
    found = software.software()
    assert found["spanset"] == spanset.__version__
    assert found["numpy"] == np.__version__


def test_other_packages_are_asked_for_theirs(source_tree):
    with pytest.raises(PackageNotFoundError):
        software.version_of("no-such-package")


def test_a_selection_runs_from_a_source_tree(source_tree, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "rows.jsonl", make_rows(30))
    assert main(["select", "rows.jsonl", "-k", "5", "--run", "run"]) == 0
    assert f'"spanset": "{spanset.__version__}"' in (tmp_path / "run/manifest.json").read_text()
