"""Workers that hold a partition each, and what becomes of those that are lost.

What changed the partitions is written down as it is told. A worker that is lost is replaced: its
partition is made anew from its features and told all of it, in N / workers * t^2 operations; what
it was asked last is asked again. The others go on from where they are.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar

from spanset.base.lazy_rows import AnyRows
from spanset.base.ray_cluster import WorkerLostError
from spanset.greedy.partition import Share
from spanset.greedy.parts import Parts
from spanset.greedy.selection import Selection

Packed = TypeVar("Packed")  # arguments on their way to all workers
Answer = TypeVar("Answer")  # what will be one


class Crew(ABC, Generic[Packed, Answer]):
    """Workers, numbered in the order of their rows."""

    def __init__(self, workers: int) -> None:
        self._numbers = range(workers)
        self._told: list[tuple[str, Packed]] = []
        self._candidates: Packed | None = None  # what was asked of candidates last
        self.replaced = 0

    def ask(self, method: str, *args: Any) -> list[Any]:
        """What `Partition.method` returns in each."""
        return self._answers(method, self.packed(args))

    def tell(self, method: str, *args: Any) -> list[Any]:
        """The same of a method that changes partitions."""
        packed = self.packed(args)
        found = self._answers(method, packed)
        self._told.append((method, packed))
        return found

    def _answers(self, method: str, packed: Packed) -> list[Any]:
        if method == "candidates":
            self._candidates = packed
        asked = [self.asked(number, method, packed) for number in self._numbers]
        return [self._answer(number, asked[number], method, packed) for number in self._numbers]

    def _answer(self, number: int, asked: Answer, method: str, packed: Packed) -> Any:
        while True:
            try:
                return self.answered(asked)
            except WorkerLostError:
                self.replaced += 1
                self.replace(number, self._told, self._candidates)
                asked = self.asked(number, method, packed)

    @abstractmethod
    def packed(self, args: tuple[Any, ...]) -> Packed:
        """Arguments for all workers."""

    @abstractmethod
    def asked(self, number: int, method: str, packed: Packed) -> Answer:
        """Ask one worker; does not wait."""

    @abstractmethod
    def answered(self, asked: Answer) -> Any:
        """Wait for its answer.

        Raises
        ------
        WorkerLostError
            There will be none.
        """

    @abstractmethod
    def replace(
        self, number: int, told: Sequence[tuple[str, Packed]], asked: Packed | None
    ) -> None:
        """Put another worker in one's place, with its partition as it was (`Partition.catch_up`).

        Raises
        ------
        SpansetError
            There is no other, or workers are lost again and again.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of them."""


class Cluster(Protocol):
    """Where there are workers."""

    def split(self, n: int) -> Sequence[int]:
        """Where partitions of n rows begin, and n."""
        ...

    def crew(
        self, X: AnyRows, shares: Sequence[Share], cancelled: Callable[[], bool]
    ) -> Crew[Any, Any]:
        """Workers with a partition each: rows of X (N, d), and what else it is made of."""
        ...

    def chosen(
        self, parts: Parts, cancelled: Callable[[], bool], on_note: Callable[[str], None]
    ) -> Iterator[tuple[int, Selection]]:
        """What the greedy picks in each part by itself, with its number, as they end.

        Raises
        ------
        CancelledError
            The caller asked to stop.
        """
        ...
