"""What a store is refused for before any work: its place, its settings, its rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from spanset.base.errors import UsageError
from spanset.stores.columns import pooling_beside
from spanset.stores.store import FeatureStore

# What a model is called, and from where it came: its digest says what it is.
UNIMPORTANT = ("model.name", "model.revision")


def refuse_place(path: Path) -> None:
    """Refuse a folder that cannot be made, before any work."""
    if not path.name or path.name == "..":
        raise UsageError("no name for a folder", where=f"--out {path}", fix="name a new folder")
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise UsageError(
            "the store cannot be there",
            where=str(path),
            why=error.strerror or "",
            fix="name another folder",
        ) from error
    if not path.parent.is_dir():
        raise UsageError(
            "the folder to make the store in does not exist",
            where=str(path),
            fix=f"mkdir -p {path.parent}",
        )


def refuse_difference(
    store: FeatureStore, wanted: Mapping[str, Any], parts: tuple[str, ...] = ("settings", "data")
) -> None:
    """Refuse a store made with other settings or of other rows, naming the difference.

    `wanted` holds `settings` and `data` as the manifest does.
    """
    for part in parts:
        different = differences(store.manifest[part], wanted[part])
        if different:
            raise UsageError(
                "the store holds other rows"
                if part == "data"
                else "the store holds other columns"
                if part == "columns"
                else "the store was made with other settings",
                where=str(store.path),
                why="; ".join(different),
                fix="use the same settings and data, or another folder",
            )


def differences(there: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What tells two settings, or two descriptions of rows, apart, in words."""
    have, want = _flat(there), _flat(now)
    if "kind" in have and have["kind"] != want.get("kind"):
        return [_difference("kind", have["kind"], want.get("kind"))]
    return [
        _difference(name, have.get(name), want.get(name))
        for name in sorted(have.keys() | want.keys())
        if have.get(name) != want.get(name) and name not in UNIMPORTANT
    ]


def refuse_pooling(store: FeatureStore, columns: Collection[str]) -> None:
    """Refuse a store with hidden states beside its features that these columns would not go with.

    Its features do not depend on it, so that it is none of their settings.
    """
    there, now = pooling_beside(store.columns), pooling_beside(columns)
    if there is not None and now is not None and there != now:
        raise UsageError(
            "the store was made with other settings",
            where=str(store.path),
            why=f"{_difference('pooling', there, now)}, of the hidden states beside its features",
            fix="use the same pooling, or another folder",
        )


def _difference(name: str, there: object, now: object) -> str:
    """In words; digests mean nothing to a reader."""
    if name == "model.digest":
        return "model: the weights or the configuration are others"
    if name == "tokenizer":
        return "tokenizer: it, or the chat template, is another"
    if name == "digest":
        return "their content is another"
    return f"{name}: {there!r} there, {now!r} now"


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
