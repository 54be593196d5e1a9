"""All that is handed on, into a run folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from spanset.data.writing.row_files import container_of, is_direct
from spanset.data.writing.written import Convert
from spanset.runs.finished import FinishedRun
from spanset.runs.handoff import for_axolotl, for_llama_factory, for_ms_swift, for_trl
from spanset.runs.handoff.card import FILE as CARD
from spanset.runs.handoff.card import card
from spanset.runs.handoff.handed_rows import HandedRows
from spanset.runs.handoff.stanza import NotTakenError, Stanza, Training

Maker = Callable[[HandedRows, Training], Stanza]

TRAINERS: tuple[tuple[str, str, Maker], ...] = (
    ("TRL", for_trl.FILE, for_trl.trl_stanza),
    ("axolotl", for_axolotl.FILE, for_axolotl.axolotl_stanza),
    ("LLaMA-Factory", for_llama_factory.FILE, for_llama_factory.llama_factory_stanza),
    ("ms-swift", for_ms_swift.FILE, for_ms_swift.ms_swift_stanza),
)
HANDED_ON = (*(file for _, file, _ in TRAINERS), CARD)  # files that there may be


def hand_on(
    folder: Path,
    run: FinishedRun,
    files: Mapping[str, int],
    convert: Convert | None,
) -> None:
    """Write the card, and a file for each trainer that can take the rows as they are.

    Parameters
    ----------
    folder : Path
        To write into.
    files : mapping
        Each subset's file, as named from the run folder, to its number of picks.
    """
    if not files or any(name == "-" or is_direct(Path(name)) for name in files):
        return  # what went into a stream is nowhere to be loaded from
    files = dict(sorted(files.items(), key=lambda file: file[1]))
    chosen = run.data[run.picks.order[: max(files.values())]]
    container = container_of(list(files)[-1])
    rows = HandedRows.of(chosen, files, container, convert, run.config.get("map"))
    made = stanzas(rows, Training.of(run.config))
    for stanza in made:
        if stanza.text:
            # Bytes of a file name that are no text are that name's bytes in a shell as well.
            text = stanza.text.encode("utf-8", "surrogateescape")
            (folder / stanza.file).write_bytes(text)
    (folder / CARD).write_text(card(run, rows, made), encoding="utf-8")


def stanzas(rows: HandedRows, training: Training) -> list[Stanza]:
    """What each trainer is given."""
    made = []
    for trainer, file, maker in TRAINERS:
        try:
            made.append(maker(rows, training))
        except NotTakenError as error:
            made.append(Stanza(trainer, file, why=error.why, fix=error.fix))
    return made


def seen_from(folder: Path, name: str) -> str:
    """A file's name, given from the working folder, as it is seen from another folder."""
    if os.path.isabs(name):  # noqa: PTH117
        return name
    return os.path.relpath(_resolved(name), _resolved(folder))


def _resolved(path: str | Path) -> str:
    """The path with its folder's links followed; the path itself need not be there."""
    parent, name = os.path.split(path)
    return os.path.join(os.path.realpath(parent or "."), name)  # noqa: PTH118
