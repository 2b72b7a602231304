"""Which items of a catalogue bind a system, from when, and why: computed from the `regulatory` part of its spec.

A fact that is unknown never frees from a duty: an item is not applicable only where that is so whatever the unknown
facts turn out to be. An exception (such as the rule for systems that are on the market already) holds only where the
facts that it needs are known.
"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from governance.catalogues.classification import comes_under, high_risk_device
from governance.catalogues.model import Catalogue, Item
from governance.catalogues.rules import Rules, all_rules
from governance.catalogues.timing import when
from governance.catalogues.truth import Truth, both, either, no, unknown, yes
from governance.spec.model import Written
from governance.spec.regulatory import UNKNOWN, Regulatory

State = Literal["applies now", "applies from", "open", "unknown", "not applicable"]
_OPERATORS = ("provider", "deployer", "authorised_representative")
"""Those whom items bind; others are authorities and notified bodies."""
_NAMES = {
    "gpai_provider": "provider of a general-purpose AI model",
    "ai_office": "AI Office",
    "commission": "Commission",
}


class Applicability(Written):
    """Whether an item binds, from when, and why.

    Attributes
    ----------
    state
        `open` where the law itself is read in two ways; both days are then given.
    since, formally
        The day from which it applies, and at an open point the earlier day of the other reading.
    missing
        Keys of `regulatory` that are unknown and would tell, or would change the day.
    remarks
        What a reader must know beside it.
    """

    state: State
    reason: str
    since: dt.date | None = None
    formally: dt.date | None = None
    missing: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The state with its day."""
        if self.state == "applies from":
            return f"applies from {self.since}"
        return f"open: from {self.formally} or {self.since}" if self.state == "open" else self.state


def applicability(catalogue: Catalogue, item: Item, stated: Regulatory, on: dt.date) -> Applicability | None:
    """Say whether an item binds on a day; None for catalogues that have no rules here.

    Parameters
    ----------
    on
        The day that "now" means.
    """
    rules = all_rules().get(catalogue.id)
    return None if rules is None else applies_under(rules, item, stated, on)


def applies_under(rules: Rules, item: Item, stated: Regulatory, on: dt.date) -> Applicability:
    """Say whether an item binds on a day under certain rules."""
    deleted = rules.rule(item).deleted
    if deleted:
        return Applicability(state="not applicable", reason=deleted)
    binds = both(_role(rules, item, stated), _where(rules, stated), _under(rules, item, stated))
    if binds.holds is False:
        return Applicability(state="not applicable", reason=binds.because)
    if binds.holds is None:
        return _unknown(binds, _remarks(rules, item))
    return _dated(rules, item, stated, on, binds)


def _remarks(rules: Rules, item: Item) -> tuple[str, ...]:
    return tuple(remark for remark in (rules.rule(item).remark, rules.remark) if remark)


def _unknown(binds: Truth, remarks: tuple[str, ...]) -> Applicability:
    reason = binds.because or "the facts that decide it are not stated"
    return Applicability(state="unknown", reason=reason, missing=binds.missing, remarks=remarks)


def _role(rules: Rules, item: Item, stated: Regulatory) -> Truth:
    bound = item.applies_to or rules.applies_to
    words = " or ".join(_NAMES.get(role, role.replace("_", " ")) for role in bound)
    if not any(role.removeprefix("gpai_") in _OPERATORS for role in bound):
        return no(f"binds the {words}") if bound else yes("")
    if stated.role == UNKNOWN:
        return unknown("role")
    own = [role for role in stated.role if role in bound or f"gpai_{role}" in bound]
    if own:
        return yes(f"as {' and '.join(own)}".replace("_", " "))
    if "product_manufacturer" in stated.role and "provider" in bound:
        return unknown("role", because="a product manufacturer may count as the provider; say whether it does")
    return no(f"binds the {words}; the role is {' and '.join(stated.role)}".replace("_", " "))


def _where(rules: Rules, stated: Regulatory) -> Truth:
    if not rules.jurisdictions:
        return yes("")
    if stated.jurisdictions == UNKNOWN:
        return unknown("jurisdictions")
    if set(rules.jurisdictions) & set(stated.jurisdictions):
        return yes("")
    return no(f"not in {' or '.join(rules.jurisdictions)}; the jurisdictions are {', '.join(stated.jurisdictions)}")


def _under(rules: Rules, item: Item, stated: Regulatory) -> Truth:
    """Say whether the system comes under the item in one of its ways, and not in the one that excludes it."""
    rule = rules.rule(item)
    found = either(*(comes_under(way, stated) for way in rules.ways(item)))
    if rule.unless is None:
        return no(f"{found.because}. {rule.because}") if found.holds is False and rule.because else found
    other = high_risk_device(stated)
    if other.holds:
        return no(rule.because or other.because)
    return both(found, yes("") if other.holds is False else other)


def _dated(rules: Rules, item: Item, stated: Regulatory, on: dt.date, binds: Truth) -> Applicability:
    found = when(rules, item, stated)
    if found.applies.holds is False:
        return Applicability(state="not applicable", reason=found.applies.because)
    told = (*found.remarks, *_remarks(rules, item))
    if found.applies.holds is None:
        return _unknown(found.applies, told)
    state: State = "applies now" if found.since <= on else "applies from"
    formally = None
    if found.formally is not None and found.formally <= on < found.since:
        state, formally = "open", found.formally
        told = (*((rules.open_point,) if rules.open_point else ()), *told)
    reason = "; ".join(part for part in (binds.because, found.applies.because) if part)
    return Applicability(
        state=state, since=found.since, formally=formally, reason=reason, missing=found.missing, remarks=told
    )


def provisional(catalogue: Catalogue) -> str:
    """Return the sentence that stands beside every computed applicability."""
    return (
        f"Provisional, as of {catalogue.date}: computed from the stated facts and from a catalogue in this project's "
        "own words. Only the Official Journal is authentic. This is no legal advice; a person decides."
    )
