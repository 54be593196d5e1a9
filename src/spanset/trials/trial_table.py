"""A trial as a table: a line for each choice and kind of judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

BESIDE = {"rows": "to_random_rows", "tokens": "to_as_many_tokens"}  # columns, by what they tell


def trial_table(record: Mapping[str, Any]) -> pa.Table:
    """The choices of an outcome's record.

    Columns ``choice``, ``k``, ``rows``, ``supervised_tokens``, ``judge`` (home, away, questions),
    ``unit`` (loss in nats per token, accuracy as a share), ``mean`` and ``deviation`` over
    trainings; of the difference to as many random rows, ``rows_difference`` and the ends of its 95
    % interval, ``rows_low`` and ``rows_high``; ``tokens_...``, the same to random rows of as many
    tokens; and the ``verdict``. What is not known is missing.
    """
    import pyarrow as pa

    return pa.Table.from_pylist(list(_lines(record)))


def _lines(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for choice in record["choices"]:
        own = {"choice": choice["name"].encode(errors="backslashreplace").decode()}
        own |= {name: choice[name] for name in ("k", "rows", "supervised_tokens")}
        for sets in record["sets"]:
            found = choice["groups"][sets["group"]]
            line = {**own, "judge": sets["group"], "unit": sets["unit"]}
            line |= {name: found[name] for name in ("mean", "deviation")}
            for kind, name in BESIDE.items():
                line |= {f"{kind}_{end}": value for end, value in found[name].items()}
            yield {**line, "verdict": found["verdict"]}
