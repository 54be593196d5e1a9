"""The errors a user can cause, each saying what, where, why and what to do."""

from __future__ import annotations

from typing import Any


class SpansetError(Exception):
    """A problem with the data or the numbers (exit code 1).

    Parameters
    ----------
    what : str
        What happened, in one sentence without a full stop.
    where : str
        The file and line, or the argument, that it is about.
    why : str
        The cause, where `what` does not say it already.
    fix : str
        What the user can do.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", fix: str = "") -> None:
        what, where, why, fix = (printable(text) for text in (what, where, why, fix))
        self.what, self.where, self.why, self.fix = what, where, why, fix
        head = f"{where}: {what}" if where else what
        lines = [
            head,
            *(f"  {name}: {text}" for name, text in (("why", why), ("fix", fix)) if text),
        ]
        super().__init__("\n".join(lines))

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors cross from process to process as they were told."""
        return _told_again, (type(self), self.what, self.where, self.why, self.fix)


def _told_again(kind: type[SpansetError], what: str, where: str, why: str, fix: str) -> Any:
    error = kind.__new__(kind, what)
    SpansetError.__init__(error, what, where=where, why=why, fix=fix)
    return error


def printable(text: str) -> str:
    """Text on one line without control characters, which could drive the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class DataError(SpansetError, ValueError):
    """The input cannot be used as it is (exit code 1)."""


class OutputError(SpansetError, OSError):
    """A result could not be written (exit code 1)."""

    # OSError formats its own arguments; ours are the message.
    def __str__(self) -> str:
        return str(self.args[0])


class UsageError(SpansetError, ValueError):
    """An argument is wrong or contradicts another (exit code 2)."""

    exit_code = 2


class MissingExtraError(SpansetError, ImportError):
    """A feature needs an optional dependency (exit code 2)."""

    exit_code = 2
