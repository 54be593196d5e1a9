"""Where a selection's rows go: checked before any heavy work, written together at the end."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spanset.base.array_types import IntArray
from spanset.base.errors import UsageError
from spanset.config.settings import OutputConfig
from spanset.data.conversion import converter
from spanset.data.dataset import Dataset
from spanset.data.writing.row_files import (
    cannot_write,
    container_of,
    is_direct,
    natural_container,
    refuse_existing,
    rows_written,
)
from spanset.data.writing.written import Convert
from spanset.runs import folder as run_folder
from spanset.runs.finished import FinishedRun
from spanset.runs.handoff.handing import hand_on, seen_from

DEFAULT_RUN = "spanset-run"


@dataclass(frozen=True)
class Outputs:
    """Targets of one run.

    Attributes
    ----------
    subset : str or None
        The subset's file, ``-`` for standard output, None for the run folder.
    convert : callable or None
        What rows become on their way out.
    run : Path or None
        The run folder; None where the subset goes to a stream and no folder was asked for.
    """

    subset: str | None
    run: Path | None
    force: bool
    by_source: bool
    convert: Convert | None

    @classmethod
    def plan(cls, config: OutputConfig) -> Outputs:
        """Targets from the settings; refuses what could not be written."""
        for flag, value in (("--output", config.output), ("--run", config.run)):
            if value == "":
                raise UsageError("no name is given", where=flag, fix="name a file or a folder")
        run = None if config.run is None else Path(config.run)
        if config.output is None:
            run = run or Path(DEFAULT_RUN)
        else:
            suffix = container_of(config.output)
            if run is None and config.output != "-" and not is_direct(Path(config.output)):
                run = Path(config.output.removesuffix(suffix) + ".run")
            refuse_existing(config.output, force=config.force)
        if run is not None:
            run_folder.refuse_folder(run, force=config.force)
        if run is not None and config.output not in (None, "-"):
            target, folder = os.path.realpath(config.output), os.path.realpath(run)
            if os.path.commonpath([target, folder]) == folder:
                raise UsageError(
                    "the output is the run folder, or lies in it",
                    where=config.output,
                    fix="leave out -o to have the subset in the run folder, or choose another name",
                )
        convert = converter(config.to)
        return cls(config.output, run, config.force, config.sort == "source", convert)

    def refuse_inputs(self, names: Sequence[str], inputs: Sequence[str]) -> None:
        """Refuse to replace what is read, even with force."""
        outputs = {} if self.subset is None else {os.path.realpath(name): name for name in names}
        for source in inputs:
            path = os.path.realpath(source)
            # An input may be a folder: a data set that `datasets` saved.
            inside = (name for name in outputs if name == path or name.startswith(path + os.sep))
            if found := next(inside, None):
                raise UsageError(
                    "the output is one of the inputs",
                    where=outputs[found],
                    fix="choose another name",
                )
            run = None if self.run is None else os.path.realpath(self.run)
            if run is not None and (path == run or path.startswith(run + os.sep)):
                raise UsageError(
                    "the run folder to replace is an input, or holds one",
                    where=str(self.run),
                    why=f"{source} would be removed",
                    fix="choose another with --run",
                )

    def names(self, data: Dataset, sizes: Sequence[int]) -> list[str]:
        """Names of the subsets' files: one a size, with the size in the name if several."""
        natural = natural_container(data)
        if self.convert is not None and natural in (".csv", ".tsv"):
            natural = ".jsonl"  # lists of messages are no cells
        name = self.subset or f"subset{natural}"
        if len(sizes) < 2:
            return [name]
        if name == "-" or is_direct(Path(name)):
            raise UsageError(
                "several subsets cannot go into one stream", where=name, fix="give one -k"
            )
        suffix = container_of(name)
        names = [f"{name.removesuffix(suffix)}-{size}{suffix}" for size in sizes]
        if self.subset:
            for name in names:
                refuse_existing(name, force=self.force)
        return names

    def write(
        self,
        run: FinishedRun,
        subsets: Mapping[str, int],
        timings: Mapping[str, float],
        pages: Mapping[str, str],
    ) -> list[str]:
        """Write subsets and run folder; all that was written: the subsets, the folder, its pages.

        `subsets` maps the names from `names` to the number of picks that each holds; `pages` names
        of further files of the run folder to their text.
        """
        with ExitStack() as stack:
            folder = None
            if self.run is not None:
                folder = stack.enter_context(run_folder.run_folder(self.run, force=self.force))
            inside = folder if self.subset is None else None
            written = []
            for name, size in subsets.items():
                chosen = run.data[self._arranged(run.picks.order[:size])]
                if inside:
                    with rows_written(chosen, inside / name, convert=self.convert) as digest:
                        pass
                else:  # renamed when the block ends: all of the result appears, or nothing
                    writing = rows_written(chosen, name, force=self.force, convert=self.convert)
                    digest = stack.enter_context(writing)
                is_stream = not inside and (name == "-" or is_direct(Path(name)))
                written.append({"name": None if is_stream else name, "sha256": digest})
            if folder is not None and self.run is not None:
                seen = {
                    name if inside or name == "-" else seen_from(self.run, name): size
                    for name, size in subsets.items()
                }
                try:
                    hand_on(folder, run, seen, self.convert)
                    run_folder.fill(folder, run, timings, written, pages)
                except OSError as error:
                    raise cannot_write(self.run, error) from error
        shown = [str(self.run / name) if inside and self.run else name for name in subsets]
        shown = ["standard output" if name == "-" else name for name in shown]
        if self.run is None:
            return shown
        return [*shown, str(self.run), *(str(self.run / name) for name in pages)]

    def _arranged(self, order: IntArray) -> IntArray:
        """Rows in rank order, or as in the source."""
        return np.sort(order) if self.by_source else order
