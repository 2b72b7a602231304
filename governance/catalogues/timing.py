"""From when an item applies to a system that it binds: days, later days for what is on the market, open points."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from governance.catalogues.classification import annex_iii, high_risk_device
from governance.catalogues.model import Item
from governance.catalogues.rules import Application, Rules
from governance.catalogues.truth import Truth, both, no, unknown, yes
from governance.spec.regulatory import UNKNOWN, Regulatory

_HIGH_RISK = frozenset(("annex_i", "annex_iii", "fundamental_rights_assessment", "public_deployer"))
"""Ways of systems that are high-risk, for which Article 111(2) has a rule if they were on the market before."""


@dataclass(frozen=True)
class When:
    """From when an item applies.

    `applies` is False where the rule for systems on the market before frees the system, None where facts are missing
    that would tell. `formally` is the earlier day of an open point.
    """

    since: dt.date
    applies: Truth = field(default_factory=lambda: yes(""))
    formally: dt.date | None = None
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def when(rules: Rules, item: Item, stated: Regulatory) -> When:
    """Say from when an item applies to a system that it binds."""
    dates, rule = rules.dates(item), rules.rule(item)
    ways = {way.way for way in rules.ways(item)}
    fixed = rule.from_ or dates.from_
    if fixed is not None:
        grace = rule if rule.on_market_before else dates
        return _graced(fixed, grace.on_market_before, grace.then_from, stated)
    found = _classified(rules, item, stated)
    if ways & _HIGH_RISK:
        found = _on_market_before(found, dates, stated)
    return replace(found, formally=dates.formally)


def _graced(since: dt.date, before: dt.date | None, then: dt.date | None, stated: Regulatory) -> When:
    """Give the later day to what was on the market before a day; whether it was must be stated."""
    if before is None or then is None:
        return When(since)
    if isinstance(stated.placed_on_market, dt.date) and stated.placed_on_market < before:
        return When(then, yes(f"on the market before {before}"))
    if stated.placed_on_market == UNKNOWN:
        remark = f"From {then} if it was on the market before {before}."
        return When(since, missing=("placed_on_market",), remarks=(remark,))
    return When(since)


def _classified(rules: Rules, item: Item, stated: Regulatory) -> When:
    """Return the earliest day that is sure, and what an unknown fact would change about it."""
    found = list(_days(rules, item, stated))
    sure = [day for day, truth in found if truth.holds]
    since = min(sure) if sure else min(day for day, _ in found)
    earlier = [(day, truth) for day, truth in found if truth.holds is None and day < since]
    if not earlier:
        return When(since)
    day, truth = earlier[0]
    return When(since, missing=truth.missing, remarks=(f"From {day} if it is high-risk through Annex III as well.",))


def _days(rules: Rules, item: Item, stated: Regulatory) -> Iterator[tuple[dt.date, Truth]]:
    dates = rules.dates(item)
    for way in rules.ways(item):
        if way.way == "annex_i" and dates.annex_i:
            yield dates.annex_i, high_risk_device(stated)
        elif dates.annex_iii:
            yield dates.annex_iii, annex_iii(stated, way.points)


def _on_market_before(found: When, dates: Application, stated: Regulatory) -> When:
    """Apply the rule for systems on the market before. Source: AI Act, Article 111(2)."""
    placed, since = stated.placed_on_market, found.since
    if not isinstance(placed, dt.date):
        remark = (
            f"Placed on the market before {since}, it would bind only on a significant change of design (Art. 111(2))."
        )
        missing = ("placed_on_market",) if placed == UNKNOWN else ()
        return replace(found, missing=(*found.missing, *missing), remarks=(*found.remarks, remark))
    if placed >= since or stated.significant_change == "yes":
        return found
    freed = both(_unchanged(stated, since), _not_public(stated, since))
    if freed.holds is None:
        return replace(found, applies=freed)
    if freed.holds:
        return replace(found, applies=no(freed.because))
    because = yes(f"on the market before {since} and used by public bodies (Art. 111(2))")
    return replace(found, since=dates.public_authority or since, applies=because)


def _unchanged(stated: Regulatory, since: dt.date) -> Truth:
    before = f"on the market since {stated.placed_on_market}, before {since}"
    if stated.significant_change == "no":
        return yes(f"{before}, and its design does not change significantly from then on (Art. 111(2))")
    return unknown("significant_change", because=f"{before}: Art. 111(2) asks whether its design changes significantly")


def _not_public(stated: Regulatory, since: dt.date) -> Truth:
    if stated.public_authority == UNKNOWN:
        before = f"on the market before {since}"
        return unknown("public_authority", because=f"{before}: Art. 111(2) asks whether public bodies use it")
    return no("used by public bodies") if stated.public_authority == "yes" else yes("")
