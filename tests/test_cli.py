"""The command line itself: help, version, show, and what importing costs."""

import subprocess
import sys

import pytest

import spanset
from spanset.cli import main

HEAVY = ("torch", "transformers", "sklearn", "ray", "plotly", "pyarrow", "scipy")


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == spanset.__version__


@pytest.mark.parametrize("words", [["--help"], ["select", "--help"], ["show", "--help"], []])
def test_help_needs_no_heavy_package(words):
    code = (
        f"import sys, spanset.cli; spanset.cli.main({words!r}); "
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: spanset" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]", "a heavy package is imported at start"


def test_importing_the_package_needs_no_heavy_package():
    code = f"import sys, spanset; print(sorted(set({HEAVY!r}) & set(sys.modules)), spanset.read)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("[]")


def test_words_alone_need_no_library_of_models(sample, tmp_path):
    words = ["select", str(sample), "-k", "5", "--run", str(tmp_path / "run"), "--json"]
    code = (
        "import sys, spanset.cli, spanset.commands.measure;"
        f"assert not spanset.cli.main({words!r});"
        "print(sorted({'torch', 'transformers', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]", "a library is imported that nothing asked for"


def test_every_public_name_is_there():
    for name in spanset.__all__:
        assert getattr(spanset, name) is not None
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = spanset.no_such_name


def test_every_flag_has_a_help_text(capsys):
    assert main(["select", "--help"]) == 0
    text = capsys.readouterr().out
    for flag in (
        "--lambda",
        "--quality",
        "--given",
        "--tokens",
        "--on-bad-row",
        "--features",
        "-k",
    ):
        assert flag in text


def test_show_tells_format_roles_and_text(tmp_path, capsys):
    path = tmp_path / "talk.jsonl"
    path.write_text(
        '{"conversations": [{"from": "system", "value": "Be brief."}, '
        '{"from": "human", "value": "Hi [b]there"}, {"from": "gpt", "value": "Hi\\u001b[31m"}]}\n'
    )
    assert main(["show", str(path)]) == 0
    out = capsys.readouterr().out
    for shown in ("sharegpt", "system", "Be brief.", "user", "Hi [b]there", "assistant"):
        assert shown in out
    assert "\x1b[31m" not in out, "a row must not drive the terminal"
