"""What a policy says of itself, and how one builds on another: sources, parameters, overrides."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from governance.policy.rules import Setting
from governance.spec.model import Name, Text, Written


class Source(Written):
    """Where the content of a policy comes from, and when it was looked up."""

    title: Text
    reference: Text
    retrieved_on: dt.date


class Effective(Written):
    """From when, and until when, a policy is meant to be used."""

    from_: dt.date = Field(alias="from")
    until: dt.date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until is not None and self.until < self.from_:
            raise ValueError("`until` is before `from`")
        return self


class Parameter(Written):
    """A number that rules refer to as ``$name``, and where it comes from.

    A policy that extends another may set its parameters anew; `set_in` then says in which policy, and `before` what it
    was. Both are set by the toolkit.
    """

    value: float
    source: Text
    set_in: Text | None = None
    before: float | None = None


class Override(Written):
    """A change to a rule that is inherited: other content for some of its keys, or that it is dropped."""

    rule: Name
    change: dict[Literal["title", "bar", "severity", "minimum", "level", "controls", "measure", "provenance"], Any] = (
        Field(default_factory=dict)
    )
    drop: Literal[True] | None = None
    reason: Text
    set: Setting

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if bool(self.change) == bool(self.drop):
            raise ValueError("an override has either `change`, the keys that are other, or `drop: true`")
        return self


class Inherited(Written):
    """A policy that this one extends, as it was when it was read."""

    policy: Name
    version: Text
    digest: Text


class Dropped(Written):
    """An inherited rule that was left out, and why."""

    rule: Name
    origin: Text
    reason: Text
    set: Setting


PackStatus = Literal["draft", "provisional", "in use", "withdrawn"]
Extends = tuple[Annotated[str, Field(min_length=1)], ...]
