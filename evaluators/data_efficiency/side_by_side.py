"""Independent pieces of work in several threads, long and short ones at the same time.

Long pieces wait for memory and leave the interpreter to others, short ones are mostly calls: so one thread begins with
the shortest while all others begin with the longest. Two threads with short pieces would wait for each other.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Piece = TypeVar("Piece")
Result = TypeVar("Result")


def side_by_side(
    work: Callable[[Piece], Result], pieces: Sequence[Piece], size: Callable[[Piece], int], workers: int
) -> list[Result]:
    """Return what `work` gives for every piece, in the order of the pieces.

    Parameters
    ----------
    size
        About how long a piece takes, in any unit.
    workers
        Threads; with one, all is done in the calling thread.

    Raises
    ------
    Exception
        The first that `work` raised in the order of the threads; pieces that were not begun by then are left.
    """
    if workers < 2:
        return [work(piece) for piece in pieces]
    waiting = deque(sorted(range(len(pieces)), key=lambda place: (-size(pieces[place]), place)))
    found: dict[int, Result] = {}

    def take(longest: bool) -> None:
        while True:
            try:
                place = waiting.popleft() if longest else waiting.pop()
            except IndexError:
                return
            try:
                found[place] = work(pieces[place])
            except BaseException:
                waiting.clear()
                raise

    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(take, number > 0) for number in range(workers)]
        try:
            for one in running:
                one.result()
        except BaseException:
            waiting.clear()
            raise
    return [found[place] for place in range(len(pieces))]
