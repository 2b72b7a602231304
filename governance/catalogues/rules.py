"""Rules of applicability: which items of a catalogue bind whom and from when, as data beside the catalogue."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cache
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from governance.catalogues.loading import all_catalogues, catalogues_folder
from governance.catalogues.model import Item
from governance.spec import Document, read_yaml, validate
from governance.spec.model import Name, Text, Written
from governance.spec.regulatory import Jurisdiction, Point, Trigger

WayName = Literal[
    "always",
    "annex_i",
    "annex_iii",
    "annex_iii_listed",
    "annex_iii_exempt",
    "fundamental_rights_assessment",
    "public_deployer",
    "general_purpose_model",
    "systemic_risk",
    "transparency",
]


class Way(Written):
    """A way in which a system comes under an item; its name alone will do.

    Attributes
    ----------
    points
        Only with these points of Annex III; all without.
    does
        Only with these triggers of Article 50; any without.
    """

    way: WayName
    points: tuple[Point, ...] = ()
    does: tuple[Trigger, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, written: Any) -> Any:
        return {"way": written} if isinstance(written, str) else written


class Grace(Written):
    """A later date for what was on the market before a day."""

    on_market_before: dt.date | None = None
    then_from: dt.date | None = None

    @model_validator(mode="after")
    def _both(self) -> Self:
        if (self.on_market_before is None) != (self.then_from is None):
            raise ValueError("`on_market_before` and `then_from` belong together")
        return self


class Application(Grace):
    """From when a group of items applies.

    Attributes
    ----------
    from_
        One day for all.
    annex_i, annex_iii
        Days for systems that are high-risk by Annex I or Annex III.
    public_authority
        The day for systems that were on the market before, where public authorities use them.
    like, formally
        The days of another group, and the one on which this one applies if the other's do not carry over.
    """

    from_: dt.date | None = Field(default=None, alias="from")
    annex_i: dt.date | None = None
    annex_iii: dt.date | None = None
    public_authority: dt.date | None = None
    like: Name | None = None
    formally: dt.date | None = None


class ItemRule(Grace):
    """What is so of one item beside its scope."""

    ways: tuple[Way, ...] | None = None
    unless: Literal["annex_i"] | None = None
    because: Text | None = None
    remark: Text | None = None
    deleted: Text | None = None
    from_: dt.date | None = Field(default=None, alias="from")


class Rules(Written):
    """A file of rules. `scope`, `application` and `applies_to` hold for items that have none of their own."""

    catalogue: Text
    dates_of: Text | None = None
    jurisdictions: tuple[Jurisdiction, ...] = ()
    scopes: dict[Name, tuple[Way, ...]] = Field(default_factory=dict)
    applications: dict[Name, Application] = Field(default_factory=dict)
    open_point: Text | None = None
    applies_to: tuple[Text, ...] = ()
    scope: Name | None = None
    application: Name | None = None
    remark: Text | None = None
    items: dict[Text, ItemRule] = Field(default_factory=dict)

    def rule(self, item: Item) -> ItemRule:
        """Return what is so of an item."""
        return self.items.get(item.id, ItemRule())

    def ways(self, item: Item) -> tuple[Way, ...]:
        """Return the ways in which a system comes under an item."""
        own = self.rule(item).ways
        return own if own is not None else self.scopes[item.scope or self.scope or "all"]

    def dates(self, item: Item) -> Application:
        """Return from when an item applies."""
        found = self.applications[item.application or self.application or ""]
        if found.like is None:
            return found
        other = self.applications[found.like]
        return other.model_copy(update={"formally": found.formally})


@cache
def all_rules() -> Mapping[str, Rules]:
    """Return the rules that ship with the toolkit, by id of their catalogue."""
    found: dict[str, Rules] = {}
    borrowing: list[Rules] = []
    for path in sorted((catalogues_folder() / "applicability").glob("*.yaml")):
        document = read_yaml(path)
        rules = validate(Rules, document)
        found[rules.catalogue] = rules
        borrowing += [rules] if rules.dates_of else []
        _check(rules, document)
    for rules in borrowing:
        other = found[str(rules.dates_of)]
        update = {"scopes": other.scopes, "applications": other.applications}
        found[rules.catalogue] = rules.model_copy(update=update)
    return found


def _check(rules: Rules, document: Document) -> None:
    """Refuse rules for items, scopes or applications that their catalogue does not have."""
    catalogue = all_catalogues()[rules.catalogue]
    for name in rules.items:
        if name not in catalogue.by_id:
            raise document.error(("items", name), f"{rules.catalogue} has no item '{name}'", of="key")
    if rules.dates_of:
        return
    for item in catalogue.items:
        if item.scope not in rules.scopes or item.application not in rules.applications:
            raise document.error((), f"no rule for the scope '{item.scope}' or dates '{item.application}' of {item.id}")
