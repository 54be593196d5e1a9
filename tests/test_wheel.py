"""What is packed: a wheel that is whole without the repository, and an sdist the demo runs from."""

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest
from tests.places import ROOT

LEFT_OUT = ("*.egg-info", "__pycache__", "*.pyc")
PARTS = ("src", "examples", "docs", "website", ".ci")
FILES = ("pyproject.toml", "MANIFEST.in", "Makefile", "constraints.txt", "LICENSE", "CITATION.cff")


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Names in the wheel and in the sdist, made from a copy without a network."""
    pytest.importorskip("setuptools", reason="setuptools is not installed")
    folder = tmp_path_factory.mktemp("packed") / "root"
    folder.mkdir()
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for path in [*map(ROOT.joinpath, FILES), *ROOT.glob("*.md")]:
        shutil.copy(path, folder)
    code = "import setuptools.build_meta as b; b.build_sdist('dist'); b.build_wheel('dist')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,), (sdist,) = folder.glob("dist/*.whl"), folder.glob("dist/*.tar.gz")
    with zipfile.ZipFile(wheel) as file:
        in_wheel = {name: file.read(name) for name in file.namelist()}
    with tarfile.open(sdist) as file:
        in_sdist = {name.partition("/")[2] for name in file.getnames()}
    return in_wheel, in_sdist


def package_files():
    """Every file of the package, as the wheel names it."""
    found = (path for path in (ROOT / "src" / "spanset").rglob("*") if path.is_file())
    return {
        path.relative_to(ROOT / "src").as_posix(): path
        for path in found
        if "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


def test_the_wheel_holds_every_file_of_the_package_as_it_is(packed):
    files = package_files()
    for name in ("py.typed", "diversity/known_sets.json", "report/page/page.css"):
        assert f"spanset/{name}" in files
    inside = {name: data for name, data in packed[0].items() if ".dist-info/" not in name}
    assert sorted(inside) == sorted(files)
    assert all(inside[name] == path.read_bytes() for name, path in files.items())


def test_the_wheel_says_what_it_is_and_needs(packed):
    (name,) = (name for name in packed[0] if name.endswith(".dist-info/METADATA"))
    said = packed[0][name].decode()
    assert "\nRequires-Python: >=3.10\n" in said
    assert "\nLicense-Expression: Apache-2.0\n" in said
    needed = re.findall(r"^Requires-Dist: (\w[\w-]*)[^;\n]*$", said, re.MULTILINE)
    assert {"numpy", "pyarrow", "wordllama"} < set(needed)
    assert not {"torch", "transformers", "pytest", "sphinx"} & set(needed), "an extra is needed"
    assert any(name.endswith("licenses/LICENSE") for name in packed[0])
    (points,) = (data for name, data in packed[0].items() if name.endswith("entry_points.txt"))
    assert b"spanset = spanset.cli:main" in points


def test_the_sdist_has_the_demo_and_what_it_is_made_with(packed):
    for name in ("examples/make_sample.py", "Makefile", "constraints.txt", ".ci/wheel"):
        assert name in packed[1]
    for name in ("docs/start.md", "docs/images/report.png", "website/conf.py", "CITATION.cff"):
        assert name in packed[1]
