"""Markdown for a pull request and for the summary of a job: the outcome, the rules, and what changed.

A comment on GitHub holds 65,536 characters. Where a decision is longer, sentences are cut and the rules that weigh
least are counted instead of listed; the decision has them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from governance.errors import ExitCode
from governance.exchange.reports.changes import Changes, Flip
from governance.exchange.reports.plain_text import code, cut, markdown, one_line
from governance.exchange.reports.reported import Reported, Standing, bar_words, standing
from governance.policy.model import Outcome
from governance.policy.wording import verdict_word

if TYPE_CHECKING:
    from governance.policy.model import Decision, Verdict

LONGEST = 65_000
"""Bytes; somewhat below what GitHub takes (65,536 characters)."""
_LONGEST_SENTENCE = 700
_LONGEST_TITLE = 160
_SHARE_OF_NOTES = 12_000
"""Bytes that notes take at most, and that changes take at most."""
_KEPT_FOR_COUNTS = 800
"""Bytes for the lines that say how much was left out."""
_SHAPES = {
    Outcome.FAIL: "✗",
    Outcome.NOT_MEASURED: "○",
    Outcome.INCONCLUSIVE: "◐",
    Outcome.WAIVED: "/",
    Outcome.PASS: "✓",
}
_SECTIONS = (
    (Standing.STOPS, "Stops the release", False),
    (Standing.WARNS, "Warnings", False),
    (Standing.WAIVED, "Waived", False),
    (Standing.TOLD, "For information", True),
    (Standing.MET, "Met", True),
)
"""Which verdicts, under which heading, and whether they are folded away."""
_TABLE = ("| | Rule | What was found |", "| --- | --- | --- |")


@dataclass(frozen=True)
class _Section:
    """Rows of a table between a beginning and an end."""

    begin: tuple[str, ...]
    rows: tuple[str, ...]
    end: tuple[str, ...]


def render(reported: Reported, *, longest: int = LONGEST) -> bytes:
    """Return the decision as Markdown of at most `longest` bytes; its first line is a mark that a bot can search."""
    head = list(_head(reported))
    foot = list(_foot(reported))
    left = longest - _size([*head, *foot]) - _KEPT_FOR_COUNTS
    body: list[str] = []
    for section in _sections(reported):
        frame = _size([*section.begin, *section.end])
        rows: list[str] = []
        left -= frame
        for row in section.rows:
            if _size([row]) > left:
                break
            rows.append(row)
            left -= _size([row])
        missing = len(section.rows) - len(rows)
        note = [f"| | | and {missing:,} more: too long for a comment, see the decision |"] if missing else []
        body += [*section.begin, *rows, *note, *section.end]
    return ("\n".join([*head, *body, *foot]) + "\n").encode()


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _head(reported: Reported) -> Iterator[str]:
    decision = reported.decision
    code_number = int(decision.exit_code)
    shape = "✗" if decision.exit_code is not ExitCode.OK else "✓" if decision.verdicts else "–"
    yield f"<!-- governance: {''.join(letter for letter in decision.policy if letter.isalnum() or letter in '._')} -->"
    yield f"## {shape} {markdown(cut(decision.summary, _LONGEST_SENTENCE))}"
    yield ""
    model = f"Model {markdown(reported.subject)} {markdown(reported.subject_version)}".strip()
    parts = [model] if reported.subject else []
    parts += [
        f"policy {markdown(decision.policy)} {markdown(decision.policy_version)}",
        f"run {code(decision.run_id)}",
        f"exit {code_number}",
    ]
    yield " · ".join(parts)
    yield ""
    for note in _within([f"> {markdown(cut(note, _LONGEST_SENTENCE))}" for note in _notes(decision)], "> "):
        yield note
        yield ""
    if reported.changes is not None:
        yield from _since(reported.changes)


def _notes(decision: Decision) -> list[str]:
    notes = []
    if not decision.recorded_before_run:
        notes.append("This policy was not recorded before the run.")
    if decision.baseline:
        notes.append(f"Rules that name a baseline are held against {decision.baseline.words}.")
    if decision.exploratory:
        notes.append(decision.exploratory)
    notes += [f"The rule {one.rule} of {one.origin} is dropped: {one.reason}" for one in decision.dropped]
    notes += [
        f"The rule {one.rule} of {one.origin} is changed here: {one.overridden.get('reason')}"
        for one in decision.verdicts
        if one.overridden
    ]
    notes += [f"The waiver of {one.rule} for {one.model} is not used: {one.why}" for one in decision.ignored_waivers]
    return notes


def _within(lines: Sequence[str], start: str) -> list[str]:
    """Return as many lines as notes may take, and how many more there are."""
    kept: list[str] = []
    for line in lines:
        if _size([*kept, line]) > _SHARE_OF_NOTES:
            return [*kept, f"{start}and {len(lines) - len(kept):,} more"]
        kept.append(line)
    return kept


def _since(changes: Changes) -> Iterator[str]:
    yield f"### Since run {code(changes.run_id)}"
    yield ""
    yield f"It was: {markdown(cut(changes.summary, _LONGEST_SENTENCE))}"
    yield ""
    lines = [_flip("now fails to pass", flip) for flip in changes.worse]
    lines += [_flip("now passes", flip) for flip in changes.better]
    lines += [_flip("changed", flip) for flip in changes.other]
    for change in changes.rewritten:
        if change.bar:
            before, now = (markdown(cut(bar_words(bar), _LONGEST_TITLE)) for bar in change.bar)
            lines.append(f"- bar changed: {code(change.rule)}, from {before} to {now}")
        if change.severity:
            was, is_now = (severity.value for severity in change.severity)
            lines.append(f"- severity changed: {code(change.rule)}, from {was} to {is_now}")
    lines += [f"- rule added: {code(rule)}" for rule in changes.added]
    lines += [f"- rule gone: {code(rule)}" for rule in changes.removed]
    yield from _within(lines, "- ")
    if changes.nothing:
        yield (
            "Every rule and every verdict is as it was."
            if changes.same_evidence
            else ("Every rule and every verdict is as it was, on other measurements.")
        )
    yield ""


def _flip(what: str, flip: Flip) -> str:
    return f"- {what}: {code(flip.rule)}, from {verdict_word(flip.before)} to {verdict_word(flip.now)}"


def _sections(reported: Reported) -> Iterator[_Section]:
    for stands, title, folded in _SECTIONS:
        verdicts = [verdict for verdict in reported.verdicts if standing(verdict) is stands]
        if not verdicts:
            continue
        heading = f"{title} ({len(verdicts):,})"
        begin = ("<details>", f"<summary>{heading}</summary>", "") if folded else (f"### {heading}", "")
        end = ("", "</details>", "") if folded else ("",)
        yield _Section((*begin, *_TABLE), tuple(_row(verdict) for verdict in verdicts), end)


def _row(verdict: Verdict) -> str:
    shape = f"{_SHAPES[verdict.outcome]}&nbsp;{verdict_word(verdict.outcome).replace(' ', '&nbsp;')}"
    title = markdown(cut(one_line(verdict.title), _LONGEST_TITLE))
    sentence = markdown(cut(one_line(verdict.sentence), _LONGEST_SENTENCE))
    return f"| {shape} | {title}<br>{code(verdict.rule)} | {sentence} |"


def _foot(reported: Reported) -> Iterator[str]:
    decision = reported.decision
    yield (
        f"Policy {code(decision.policy_digest[:12])}, evidence {code(decision.evidence_digest[:12])}. "
        "The verdicts say whether measurements met criteria that the provider wrote down; a person decides."
    )
