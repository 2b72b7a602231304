"""Time all measures of 10,000 recorded answers, and SelfCheckGPT with unigrams beside the package `selfcheckgpt`.

The package is measured where it is installed with spaCy; it is given spaCy's blank English pipeline, which is faster
than the one that it loads itself. Its time is taken on a part of the records and scaled up.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.timing import Row, print_table
from evaluators.hallucination.recorded import DESCRIPTOR, GenerationsEvaluationOptions
from evaluators.hallucination.recorded.selfcheck import selfcheck_ngram
from governance.datasets.generations.record import GenerationRecord
from governance.datasets.protocol import AttributeInfo, DatasetInfo
from governance.evidence.canonical import canonical_json
from governance.harness.protocols import EvaluationContext, Need
from governance.spec.model import Settings, SubjectSpec

RECORDS, SAMPLES, IMAGES = 10_000, 5, 2_500
PEER_RECORDS = 100
LIMIT_SECONDS, LEAST_RATIO = 20.0, 20.0
SENTENCES = (
    "There is a small left pleural effusion.",
    "No pneumothorax is seen.",
    "The heart is enlarged.",
    "Cannot exclude pneumonia in the right lower lobe.",
    "A rib fracture is present, but no consolidation.",
    "The lungs are clear without focal opacity.",
    "Degenerative changes of the spine are noted.",
    "I am not sure about the nodule in the left apex.",
)


def records(n: int = RECORDS) -> list[dict[str, Any]]:
    """Make records that every measure finds something in: reports, closed questions, choices, pairs, two judges."""
    stream = np.random.default_rng(0)

    def text() -> str:
        return " ".join(SENTENCES[place] for place in stream.permutation(len(SENTENCES))[: stream.integers(2, 6)])

    found = []
    for number in range(n):
        kind = number % 4
        image = number // (n // IMAGES or 1)
        common: dict[str, Any] = {
            "item_id": f"q{number}",
            "image_id": f"i{image}",
            "attributes": {"sex": "FM"[image % 2]},
            "task_type": ("report", "closed", "choice", "pressed")[kind],
            "confidence": float(stream.random()),
            "judgements": [
                {"judge": "human", "label": int(stream.integers(0, 6))},
                {"judge": "model", "label": int(stream.integers(0, 6))},
            ],
        }
        if kind == 0:
            more: dict[str, Any] = {"generation": text(), "reference": text()}
            drawn = [text() for _ in range(SAMPLES)]
        elif kind == 2:
            options = {"A": "Yes", "B": "No", "C": "None of the above"}
            more = {"options": options, "reference": "ABC"[stream.integers(3)], "generation": "ABC"[stream.integers(3)]}
            drawn = ["ABC"[stream.integers(3)] for _ in range(SAMPLES)]
        else:
            yes = ("Yes. " + text(), "No. " + text())
            more = {"reference": ("Yes", "No")[stream.integers(2)], "generation": yes[stream.integers(2)]}
            more["extra"] = {"uncertainty_answer": ("I am sure", "I am not sure")[stream.integers(2)]}
            if kind == 3:
                more |= {"variant": "weakened", "pair_id": f"q{number - 2}"}
            drawn = [yes[stream.integers(2)] for _ in range(SAMPLES)]
        samples = [{"text": one, "log_probability": -float(stream.random()), "tokens": 20} for one in drawn]
        found.append({**common, **more, "samples": samples})
    return found


class Kept:
    """One table, whatever is asked for."""

    def __init__(self, table: pd.DataFrame) -> None:
        self._table = table

    def table(self, need: Need) -> pd.DataFrame:  # noqa: ARG002
        return self._table


def measure(items: list[dict[str, Any]]) -> int:
    """Measure everything by sex with 2,000 replicates of images, and return how many measurements there are."""
    frame = pd.DataFrame(
        {
            "sample_id": [item["item_id"] for item in items],
            "cluster": [item["image_id"] for item in items],
            "sex": [item["attributes"]["sex"] for item in items],
        }
    )
    parsed = [GenerationRecord.model_validate(item).model_dump(mode="json", exclude_defaults=True) for item in items]
    table = pd.DataFrame(
        {
            "sample_id": frame["sample_id"],
            "status": "ok",
            "reason": "",
            "record": [canonical_json(record).decode() for record in parsed],
        }
    )
    info = DatasetInfo(
        name="answers",
        role="testing",
        title="answers",
        modality=None,
        digest="0" * 64,
        frame=frame,
        attributes={"sex": AttributeInfo("sex", "Sex", ("F", "M"))},
        clustered=True,
        cluster_reason=None,
    )
    context = EvaluationContext(
        options=GenerationsEvaluationOptions(on="answers", groups=("sex",)),
        subject=SubjectSpec(name="answers", version="1", kind="recorded", task="generate"),
        datasets={"answers": info},
        settings=Settings(replicates=2000),
    )
    return sum(1 for _ in DESCRIPTOR.load().measure(Kept(table), context))


def main() -> None:
    """Print the times."""
    items = records()
    started = time.perf_counter()
    count = measure(items)
    whole = time.perf_counter() - started
    started = time.perf_counter()
    for item in items:
        selfcheck_ngram(item["generation"], [one["text"] for one in item["samples"]])
    ours = time.perf_counter() - started
    peer = _peer(items)
    rows = [
        Row(f"all measures of {len(items):,} records ({count:,})", whole, limit=LIMIT_SECONDS),
        Row(f"SelfCheck unigram, {len(items):,} x {SAMPLES}", ours, "selfcheckgpt" if peer else None, peer),
    ]
    print_table("Recorded answers, 2,000 replicates of images", rows)
    if peer is not None:
        print(f"  at least {LEAST_RATIO:g} times as fast is the goal; here {peer / ours:.0f} times")


def _peer(items: list[dict[str, Any]]) -> float | None:
    """Return the seconds that the package would take for all records, or None where it is not installed."""
    try:
        import spacy
        from selfcheckgpt.modeling_ngram import UnigramModel
    except ImportError:
        return None
    blank = spacy.blank("en")
    blank.add_pipe("sentencizer")
    original, spacy.load = spacy.load, lambda name: blank  # noqa: ARG005
    try:
        started = time.perf_counter()
        for item in items[:: len(items) // PEER_RECORDS]:
            model = UnigramModel()
            for text in (item["generation"], *(one["text"] for one in item["samples"])):
                model.add(text)
            model.train(k=0)
            model.evaluate([sentence.text for sentence in blank(item["generation"]).sents])
        return (time.perf_counter() - started) * len(items) / len(items[:: len(items) // PEER_RECORDS])
    finally:
        spacy.load = original
