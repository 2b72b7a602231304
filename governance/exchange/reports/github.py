"""Workflow commands of GitHub Actions: an annotation beside the rule for everything that is not a pass.

Escaping follows GitHub's own toolkit: ``%``, carriage return and line feed in messages, and ``:`` and ``,`` as well in
properties. Text from a model, a dataset or a spec can therefore not end a command or begin another.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from governance.exchange.reports.plain_text import one_line
from governance.exchange.reports.reported import Reported, Standing, standing
from governance.policy.wording import verdict_word

if TYPE_CHECKING:
    from governance.policy.model import Verdict

LEVELS = {Standing.STOPS: "error", Standing.WARNS: "warning", Standing.TOLD: "notice", Standing.WAIVED: "notice"}
MOST = 10
"""Annotations of one level that GitHub shows for a step; it drops the others without a word."""


def render(reported: Reported) -> bytes:
    """Return one command a line, gravest first; where there are more than GitHub shows, the last one says so."""
    told = [verdict for verdict in reported.verdicts if standing(verdict) in LEVELS]
    lines: list[str] = []
    for level, group in groupby(told, key=lambda verdict: LEVELS[standing(verdict)]):
        verdicts = list(group)
        shown = verdicts if len(verdicts) <= MOST else verdicts[: MOST - 1]
        lines += [_annotation(reported, level, verdict) for verdict in shown]
        if len(shown) < len(verdicts):
            rest = f"{len(verdicts) - len(shown)} more rules at this level; the job summary and the decision list all"
            lines.append(command(level, rest, title=reported.decision.policy, file=reported.file))
    return "".join(f"{line}\n" for line in lines).encode()


def _annotation(reported: Reported, level: str, verdict: Verdict) -> str:
    return command(
        level,
        verdict.sentence,
        file=reported.file,
        line=str(reported.line(verdict)),
        title=f"{verdict.rule}: {verdict_word(verdict.outcome)}",
    )


def command(name: str, message: str, **properties: str) -> str:
    """Return a workflow command: ``::error file=policy.yaml,line=3,title=...::message``."""
    written = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {written}::{_data(one_line(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")
