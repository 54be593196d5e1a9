"""A full disk or a folder that may not be written is named; with room again, the run goes on."""

import contextlib
import errno
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="gradients need the extra `models`")
pytest.importorskip("transformers", reason="gradients need the extra `models`")

from tests.models.model_folder import FEATURES, SMALL, Child, Moment, changed, same_store
from tests.stores.whole_runs import refused

from spanset.cli import main


def test_a_disk_too_small_for_the_store_is_named_at_once(folder, reference):
    child = Child(*FEATURES, file_limit=1000)
    assert child.end() == 1
    assert "error: s: cannot write the feature store\n  why: File too large" in child.err
    assert "space" in child.err
    assert sorted(path.name for path in folder.iterdir()) == ["d.jsonl", "m"]
    assert main(FEATURES) == 0
    assert same_store(Path("s"), reference)


FULL = [
    Moment("pwrite", 60, -errno.ENOSPC),
    Moment("fsync", 9, -errno.ENOSPC),
    Moment("replace", 2, -errno.ENOSPC),  # the manifest, inside the writing
    Moment("replace", 4, -errno.ENOSPC),  # the manifest, last of all
]


@pytest.mark.parametrize("moment", FULL, ids=str)
def test_a_disk_that_is_full_while_writing_is_named_and_the_run_can_go_on(
    folder, reference, moment
):
    child = Child(*FEATURES, moment=moment)
    assert child.end() == 1, child.err
    assert "Traceback" not in child.err
    error = child.err.partition("error: ")[2].splitlines()
    assert error[0] == "s: cannot write the feature store"
    assert error[1] == "  why: No space left on device"
    assert "goes on" in error[2]
    assert main(FEATURES) == 0
    assert same_store(Path("s"), reference)


@pytest.fixture
def small_disk(folder):
    """A file system of 64 KiB."""
    disk = Path("disk").absolute()
    disk.mkdir()
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting a small disk needs root")
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
    mounted = subprocess.run(mount, check=False, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


ON_DISK = changed(FEATURES, "--out", "disk/s")


def test_a_full_disk_shows_at_the_start_and_leaves_nothing(small_disk, capsys, monkeypatch):
    """The space of all files is taken before the model runs."""
    from spanset.features import gradient

    monkeypatch.setattr(gradient, "capture_rows", None)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(50_000))
    refused(capsys, *ON_DISK, code=1, says=("disk/s: cannot write", "No space left"))
    assert [path.name for path in small_disk.iterdir()] == ["filler"]


def test_once_there_is_room_again_the_run_goes_on_to_the_same_bytes(small_disk, reference, capsys):
    from spanset.stores import making

    make_room, filler = making.create_store, small_disk / "filler"

    def fill_up(*arguments, **settings):
        store = make_room(*arguments, **settings)
        with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        return store

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(making, "create_store", fill_up)
        err = refused(capsys, *ON_DISK, code=1, says=("No space left", "goes on"))
    assert "\\n" not in err, "one message inside another"
    filler.unlink()
    assert main(ON_DISK) == 0
    assert same_store(small_disk / "s", reference)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("exists", [False, True], ids=["new", "unfinished"])
def test_a_folder_that_may_not_be_written_is_put_down_to_permission(folder, exists):
    place = Path(tempfile.mkdtemp(prefix="spanset-store-", dir="/tmp"))  # open to other users
    try:
        shutil.copytree("m", place / "here/m")
        shutil.copy("d.jsonl", place / "here")
        os.chdir(place / "here")
        if exists:
            Child(*FEATURES, moment=Moment("pwrite", 100)).end()
        for one in (place, *place.rglob("*")):
            one.chmod(0o755 if one.is_dir() else 0o644)
        names = sorted(str(one) for one in place.rglob("*"))
        child = Child(*FEATURES, user=65534)
        code = child.end()
        assert code in (1, 2), child.err
        assert sorted(str(one) for one in place.rglob("*")) == sorted({*names, str(child.log)})
        assert "Traceback" not in child.err
        message = child.err.partition("error: ")[2]
        assert message.startswith("s: "), child.err
        assert "ermission" in message
        assert "space" not in message, "space is not what is lacking"
    finally:
        os.chdir(folder)
        shutil.rmtree(place)


def test_a_cache_that_cannot_be_written_is_an_error_like_any_other(folder, capsys, monkeypatch):
    Path("blocked").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path("blocked").absolute()))
    words = ("select", "d.jsonl", "-k", "3", "--model", "m", *SMALL)
    refused(capsys, *words, code=1, says=("blocked",))
    assert not Path("spanset-run").exists()
