"""What would have been measured, had other patients been drawn when the threshold was chosen."""

from __future__ import annotations

from governance.documents import numbers
from governance.documents.blocks import Audience, Figure, GroupRow, GroupTable, Prose, Text
from governance.documents.build import rows
from governance.documents.build.fairness.slices import by_slice, group_rows
from governance.documents.build.groups import n_title
from governance.documents.build.run import Run, is_plain
from governance.documents.build.subject_words import fill, lowered
from governance.documents.content import Section
from governance.documents.wording import NATURAL
from governance.evidence.model import Measurement

RESAMPLED = "threshold resampled"
"""The variant of numbers over thresholds that other patients would have led to."""
_DETAILED: tuple[Audience, ...] = ("engineer", "auditor")
_TECHNICAL: tuple[Audience, ...] = ("deployer", *_DETAILED)
_METRICS = ("sensitivity", "specificity", "selection_rate")


def threshold(run: Run) -> Section | None:
    """Return how far the threshold and the numbers at it hang on the patients that chose it."""
    tables: list[GroupTable] = []
    sentences: list[Text] = []
    for metric in _METRICS:
        for dataset in run.datasets:
            found = run.find(evaluator="fairness", metric=metric, dataset=dataset, variant=RESAMPLED)
            everyone = next((m for m in found if not m.slice and m.status == "measured"), None)
            if everyone is None:
                continue
            tables.append(_table(run, metric, dataset, found))
            if metric in NATURAL:
                sentences.append(_sentence(run, everyone))
    if not tables:
        return None
    chosen = _chosen(run)
    note: Text = (
        "The rule chooses again on patients drawn anew, and the same test cases are judged at what it chose. The "
        "second number of a group is the mean over these thresholds; its interval covers both the choice and the test "
        "cases.",
    )
    blocks = (
        Prose(paragraphs=(*((chosen,) if chosen else ()), *sentences), audiences=("clinician",)),
        Prose(paragraphs=(*((chosen,) if chosen else ()), note), style="note", audiences=_TECHNICAL),
        *rows.verdicts_rest(tables),
        *tables,
    )
    return Section(
        id="threshold",
        title="If the threshold had been chosen on other patients",
        blocks=blocks,
        audiences=("clinician", *_TECHNICAL),
    )


def _chosen(run: Run) -> Text:
    found = run.one(evaluator="fairness", metric="operating_threshold", estimand="value")
    if found is None or found.status != "measured":
        return ()
    interval = numbers.interval(found)
    n = numbers.count(found, "n_clusters") or numbers.count(found, "n")
    title = run.datasets.get(found.dataset, {}).get("title") or found.dataset
    seen: Text = (n, " patients of ") if n else ()
    tail: Text = ("; others could have led to ", interval) if interval else ()
    return (
        "The score from which on the model flags a case is ",
        numbers.value(found),
        ". It was chosen on ",
        *seen,
        f"\N{LEFT DOUBLE QUOTATION MARK}{title}\N{RIGHT DOUBLE QUOTATION MARK}",
        *tail,
        ".",
    )


def _sentence(run: Run, m: Measurement) -> Text:
    """Return how many of 100 it could be, for those who read no tables."""
    low_high = numbers.hundred_interval(m)
    now = run.headlines.get((m.metric, m.dataset))
    if low_high is None or now is None or now.status != "measured":
        return ()
    sentence = fill(run, NATURAL[m.metric].heading, m.dataset, numbers.hundred(now)[0])
    return ("As it is, ", *lowered(sentence), ". With a threshold chosen on other patients it could be ", low_high, ".")


def _table(run: Run, metric: str, dataset: str, found: list[Measurement]) -> GroupTable:
    plain = by_slice(
        m for m in run.find(evaluator="fairness", metric=metric, dataset=dataset, target_class=None) if is_plain(m)
    )
    over = by_slice(found)
    cited = rows.cited(run)

    def row(m: Measurement, label: str) -> GroupRow:
        return rows.group_row(m, label, cited=cited, beside=over.get(frozenset(m.slice.items())))

    made = list(group_rows(run, dataset, {key: plain[key] for key in over if key in plain}, row))
    title = run.title_of(metric)
    return GroupTable(
        id=f"threshold-{metric}-{dataset}",
        title=_heading(title, plain.get(frozenset()), over.get(frozenset())),
        note=rows.footnotes(made),
        metric=title,
        beside="over thresholds",
        n_title=n_title(metric),
        clustered=bool(run.datasets.get(dataset, {}).get("clustered")),
        axis=rows.shared_axis(run, metric, made),
        rows=tuple(made),
        audiences=_TECHNICAL if metric in _METRICS[:2] else _DETAILED,
        folded=None if metric == _METRICS[0] else f"{title}, had others chosen the threshold",
    )


def _heading(title: str, now: Measurement | None, over: Measurement | None) -> Text:
    interval: Figure | None = numbers.interval(over) if over else None
    if now is None or now.status != "measured" or interval is None:
        return (f"{title}, had others chosen the threshold",)
    return (f"{title} ", numbers.value(now), "; had others chosen the threshold, it could be ", interval)
