"""Folders of small models as `save_pretrained` writes them, and commands that use them.

Commands run in this process, or in a child that can be killed; children are forked from one server
that has imported everything, for importing takes longer than all of a small run.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import resource
import signal
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from tests.models.tiny_models import CHATML, make_model, make_tokenizer

from spanset.cli import main
from spanset.stores.keeping import in_store

CONTEXT = 128  # tokens that the models of `make_model` can attend to
SMALL = ("--rank", "4", "--dimension", "32")
FEATURES = ("features", "d.jsonl", "--model", "m", "--out", "s", *SMALL, "--batch-tokens", "300")
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(
    [
        "encodings.unicode_escape",  # for a child that may not read the interpreter's files
        "transformers.models.auto.modeling_auto",
        "transformers.models.llama.modeling_llama",
        "spanset.commands.select",
        "spanset.features.gradient",
        __name__,
    ]
)


def save_model(folder: Path, family: str = "llama", *, template: str | None = CHATML, **tokens):
    """A folder with a model and its tokenizer, ready for ``--model``."""
    tokenizer = make_tokenizer(template, **{"pad": True, **tokens})
    tokenizer.save_pretrained(folder)
    make_model(family, vocabulary=len(tokenizer)).save_pretrained(folder)
    return folder


def save_adapter(folder: Path, base: Path, kind: str = "LORA", **settings):
    """A folder with an adapter that changes every weight it has, as peft writes it.

    LoRA of two attention projections and one of the feed-forward, where nothing else is said.
    """
    import peft
    import torch
    import transformers

    if kind == "LORA":
        settings = {"r": 4, "target_modules": ["q_proj", "v_proj", "down_proj"], **settings}
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    config = peft.PEFT_TYPE_TO_CONFIG_MAPPING[kind](task_type="CAUSAL_LM", **settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # advice on tied weights
        adapted = peft.get_peft_model(model, config)
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            for weight in adapted.parameters():
                if weight.requires_grad:
                    weight.add_(0.1 * torch.randn(weight.shape, generator=generator))
        adapted.save_pretrained(folder)
    return folder


def edit_json(path: Path, **changes) -> None:
    """Change entries of a JSON file; None takes one out."""
    table = {**json.loads(path.read_text()), **changes}
    for name in [name for name, value in changes.items() if value is None]:
        del table[name]
    path.write_text(json.dumps(table))


def edit_weights(folder: Path, change, name: str = "model.safetensors") -> None:
    """Replace the dictionary of a model's weights by what `change` makes of it."""
    from safetensors.torch import load_file, save_file

    path = folder / name
    save_file(change(load_file(path)), path, metadata={"format": "pt"})


def store_of(maker, data, path: Path):
    """The store of these rows in a folder."""
    return in_store(maker, data, path).stores[0]


def talk_rows(n: int, *, copies: int = 0) -> list[dict[str, str]]:
    """Rows of different lengths that fit the context; the last `copies` repeat the first ones."""
    rows = [
        {
            "instruction": f"Say the number {i} in words",
            "output": " ".join(f"It is {i}, or {i * i}." for _ in range(1 + i % 4)),
        }
        for i in range(n - copies)
    ]
    return rows + [dict(row) for row in rows[:copies]]


def files_of(folder: Path) -> dict[str, bytes]:
    """Everything in a folder without folders of its own."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def changed(command: tuple[str, ...], *flags: str) -> tuple[str, ...]:
    """A command with a flag set to another value, or added."""
    name, *value = flags
    if name not in command:
        return (*command, *flags)
    place = command.index(name)
    return (*command[: place + 1], *value, *command[place + 2 :])


def same_store(one: Path, other: Path) -> bool:
    """Whether two stores hold the same bytes; says which files differ if not."""
    left, right = files_of(one), files_of(other)
    differing = [
        name for name in sorted(left.keys() | right.keys()) if left.get(name) != right.get(name)
    ]
    if "manifest.json" in differing and {"manifest.json"} <= left.keys() & right.keys():
        print(left["manifest.json"].decode(), right["manifest.json"].decode())
    assert not differing, f"{one.name} and {other.name} differ in {', '.join(differing)}"
    return True


@dataclass(frozen=True)
class Moment:
    """The moment at which a child meets its fate: the n-th call of a function.

    Attributes
    ----------
    function : str
        Of os, or numpy's `save`.
    count : int
        Which call, from 1.
    fate : int
        Number of the signal that it sends itself, or less than 0: of the error that it gets.
    """

    function: str
    count: int
    fate: int = int(signal.SIGKILL)

    def __str__(self) -> str:
        return f"{self.function}-{self.count}"


class Child:
    """A command in a process of its own, in the working folder.

    Parameters
    ----------
    moment : Moment, optional
        When it meets its fate.
    file_limit : int, optional
        The largest file that it may write, in bytes.
    user : int, optional
        Number of the user that it becomes.
    """

    def __init__(
        self,
        *arguments: str,
        moment: Moment | None = None,
        file_limit: int | None = None,
        user: int | None = None,
    ) -> None:
        self.log = Path.cwd().parent / "child.log"
        job = (str(Path.cwd()), str(self.log), dict(os.environ), arguments)
        fate = {"moment": moment, "file_limit": file_limit, "user": user}
        self.process = CHILDREN.Process(target=_run, args=job, kwargs=fate)
        self.process.start()

    def end(self, seconds: float = 60.0) -> int:
        """Exit code; negative where a signal ended it."""
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
            raise AssertionError(f"the child hangs:\n{self.err}")
        return self.process.exitcode

    @property
    def err(self) -> str:
        """What it wrote."""
        return self.log.read_text()


def _run(folder, log, environment, arguments, moment, file_limit, user) -> None:
    import torch

    from spanset.stores import store

    os.chdir(folder)
    os.environ.update(environment)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    torch.set_num_threads(1)
    store.SYNC_EVERY = 0.0  # every batch, as if batches took long
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if user is not None:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    if file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))
    if moment is not None:
        _arm(moment)
    code = main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _arm(moment: Moment) -> None:
    import numpy as np

    home = np if moment.function == "save" else os
    original, calls = getattr(home, moment.function), itertools.count(1)

    def counted(*arguments, **settings):
        call = next(calls)
        if call == moment.count and moment.fate > 0:
            if moment.function == "pwrite":  # half of the bytes arrive
                place, data, offset = arguments
                original(place, bytes(data)[: len(data) // 2], offset)
            os.kill(os.getpid(), moment.fate)
        elif call >= moment.count and moment.fate < 0:  # a disk that is full stays so
            raise OSError(-moment.fate, os.strerror(-moment.fate))
        return original(*arguments, **settings)

    setattr(home, moment.function, counted)


def gradients_are_zero(monkeypatch) -> None:
    """Passes of the model whose gradients are all zero."""
    from spanset.models.passes.model_run import ModelRun

    queued = ModelRun._queued

    def nothing(run, once, rows, read):
        flight, was_split = queued(run, once, rows, read)
        found = flight.landed()
        found.total[:] = 0.0
        return found, was_split

    monkeypatch.setattr(ModelRun, "_queued", nothing)
