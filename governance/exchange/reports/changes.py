"""What is different from an earlier decision: verdicts, bars and severities, rules that came and went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from governance.policy.model import Outcome
from governance.policy.rules import Severity

if TYPE_CHECKING:
    from governance.policy.model import Decision, Verdict


@dataclass(frozen=True)
class Flip:
    """A rule of both decisions that came to another outcome."""

    rule: str
    before: Outcome
    now: Outcome


@dataclass(frozen=True)
class Rewritten:
    """A rule of both decisions whose bar or severity is another one."""

    rule: str
    bar: tuple[dict[str, Any], dict[str, Any]] | None
    severity: tuple[Severity, Severity] | None


@dataclass(frozen=True)
class Changes:
    """The differences between two decisions, each list by rule id.

    Attributes
    ----------
    worse, better, other
        Verdicts that are no pass any more, that are one now, and those that changed between two kinds of no pass.
    same_policy, same_evidence
        Whether the two decisions rest on the same policy and on the same measurements.
    """

    run_id: str
    policy: str
    summary: str
    worse: tuple[Flip, ...]
    better: tuple[Flip, ...]
    other: tuple[Flip, ...]
    rewritten: tuple[Rewritten, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    same_policy: bool
    same_evidence: bool

    @property
    def nothing(self) -> bool:
        """Whether every rule and every verdict is as it was."""
        return not (self.worse or self.better or self.other or self.rewritten or self.added or self.removed)


def changes_since(before: Decision, now: Decision) -> Changes:
    """Compare two decisions rule by rule; a rule is the same where its id is."""
    old = {verdict.rule: verdict for verdict in before.verdicts}
    new = {verdict.rule: verdict for verdict in now.verdicts}
    both = sorted(old.keys() & new.keys())
    flips = [
        Flip(rule, old[rule].outcome, new[rule].outcome) for rule in both if old[rule].outcome is not new[rule].outcome
    ]
    worse = tuple(flip for flip in flips if flip.before is Outcome.PASS)
    better = tuple(flip for flip in flips if flip.now is Outcome.PASS)
    return Changes(
        run_id=before.run_id,
        policy=before.policy,
        summary=before.summary,
        worse=worse,
        better=better,
        other=tuple(flip for flip in flips if flip not in worse and flip not in better),
        rewritten=tuple(change for rule in both if (change := _rewritten(old[rule], new[rule])) is not None),
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        same_policy=before.policy_digest == now.policy_digest,
        same_evidence=before.evidence_digest == now.evidence_digest,
    )


def _rewritten(old: Verdict, new: Verdict) -> Rewritten | None:
    bar = (old.bar, new.bar) if old.bar != new.bar else None
    severity = (old.severity, new.severity) if old.severity is not new.severity else None
    return Rewritten(new.rule, bar, severity) if bar or severity else None
