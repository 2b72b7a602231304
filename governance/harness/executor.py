"""Where shards are collected. Here, one after the other; elsewhere is another implementation of the same method."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Executor(Protocol):
    """Applies a function to shards and gives the results in the order of the shards."""

    def map(self, function: Callable[[Task], Result], shards: Iterable[Task]) -> Iterator[Result]:
        """Apply `function` to each shard."""
        ...


class LocalExecutor:
    """Collects in this process, each shard when its result is asked for."""

    def map(self, function: Callable[[Task], Result], shards: Iterable[Task]) -> Iterator[Result]:
        """Apply `function` to each shard."""
        return map(function, shards)
