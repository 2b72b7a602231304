"""The shapes of files that hold questions and recorded answers, one reader each.

A reader turns one entry of a file into the fields of a `GenerationRecord`; it is called with the entry's content, its
place among the entries (from 1) and the name of the file without its ending. What it does not take stays in `extra`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from governance.datasets.generations.formats import (
    cares,
    med_hallmark,
    med_halt,
    medvh,
    plain,
    polling,
    question_files,
)

Reader = Callable[[dict[str, Any], int, str], dict[str, Any]]

READERS: Mapping[str, Reader] = {
    "plain": plain.read,
    "med-hallmark": med_hallmark.read,
    "medvh": medvh.read,
    "cares": cares.read,
    "med-halt": med_halt.read,
    "polling": polling.read,
    "vqa-rad": question_files.read_vqa_rad,
    "slake": question_files.read_slake,
}
