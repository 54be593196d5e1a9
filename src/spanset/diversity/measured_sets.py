"""Several measurements together: of one data set, and of several beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from spanset.base.data_frames import as_pandas
from spanset.base.views import Shown, figure_of
from spanset.diversity.measurement import MeasuredSet, Measurement

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure


class _Together(Shown):
    """What both of them can do."""

    def records(self) -> Iterator[dict[str, Any]]:
        """A record a measurement, of plain values."""
        raise NotImplementedError

    def to_arrow(self) -> pa.Table:
        """A line a measurement: metric, unit, better, value, deviation, standard_error, n, pool.

        `n` is missing where no log determinant was taken.
        """
        import pyarrow as pa

        return pa.Table.from_pylist(list(self.records()))

    def to_pandas(self) -> Any:
        """The same as a `pandas.DataFrame`."""
        return as_pandas(self.to_arrow())

    def plot(self) -> Figure:
        """Draw curves over n, and every measure as bars (extra ``plot``).

        Raises
        ------
        MissingExtraError
            matplotlib is not installed.
        """
        return figure_of(self)


class Measurements(dict[str, Measurement], _Together):
    """Measurements of one data set, by metric."""

    def records(self) -> Iterator[dict[str, Any]]:
        """A record a measurement, of plain values."""
        for one in self.values():
            yield _record(one)


class MeasuredSets(list[MeasuredSet], _Together):
    """Data sets, measured alike; a table of them has their ``set`` and ``rows`` first."""

    def records(self) -> Iterator[dict[str, Any]]:
        """A record a set and measurement, of plain values."""
        for one in self:
            name = one.name.encode(errors="backslashreplace").decode()
            for found in one.measurements.values():
                yield {"set": name, "rows": one.rows, **_record(found)}


def _record(one: Measurement) -> dict[str, Any]:
    return {
        "metric": one.metric,
        "unit": one.unit,
        "better": one.better,
        "value": one.value,
        "deviation": one.deviation,
        "standard_error": float(one.standard_error),
        "n": None if one.n is None else int(one.n),
        "pool": int(one.pool),
    }
