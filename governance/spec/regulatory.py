"""The part `regulatory` of a spec: what decides which rules bind a system, as its provider or deployer states it.

Everything can be left out. What is left out is `unknown`, a value of its own: it is never read as "no" or "none", and
no duty falls away because of it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, model_validator

Unknown = Literal["unknown"]
UNKNOWN: Unknown = "unknown"
NONE: Literal["none"] = "none"
NOT_YET: Literal["not yet"] = "not yet"

Operator = Literal[
    "provider", "deployer", "importer", "distributor", "authorised_representative", "product_manufacturer"
]
Jurisdiction = Literal["EU", "UK", "US", "CH", "CA", "AU", "JP", "CN", "KR", "IN", "BR", "SG", "other"]
MdrClass = Literal["I", "Is", "Im", "Ir", "IIa", "IIb", "III"]
IvdrClass = Literal["A", "A-sterile", "B", "C", "D"]
Trigger = Literal["interacts_with_people", "generates_content", "recognises_emotion_or_biometrics", "deep_fake_or_news"]
"""What Article 50 of the AI Act ties its duties to, paragraph by paragraph."""

MDR_CLASSES: tuple[MdrClass, ...] = ("I", "Is", "Im", "Ir", "IIa", "IIb", "III")
IVDR_CLASSES: tuple[IvdrClass, ...] = ("A", "A-sterile", "B", "C", "D")
SELF_ASSESSED = ("I", "A")
"""Classes that need no notified body: MDR I that is not sterile, measuring or reusable surgical, IVDR A not sterile.

Source: MDCG 2025-6 / AIB 2025-1, question 2.
"""


def _text(written: Any) -> Any:
    return getattr(written, "text", written)


def _answer(written: Any) -> Any:
    """Read true and false as yes and no: YAML 1.2 keeps the words, JSON has no words for them."""
    return {True: "yes", False: "no"}.get(written, written) if isinstance(written, bool) else _text(written)


def _listed(written: Any) -> Any:
    """Let one value stand for a list of one."""
    if isinstance(written, (list, tuple)) or written in (UNKNOWN, NONE):
        return written
    return (_text(written),)


Answer = Annotated[Literal["yes", "no", "unknown"], BeforeValidator(_answer)]
Words = Annotated[str, BeforeValidator(_text), StringConstraints(strip_whitespace=True, min_length=1)]
Point = Annotated[str, BeforeValidator(_text), StringConstraints(pattern=r"^[1-8](\([a-z]\))?$")]
"""A point of Annex III: ``5`` or ``5(d)``."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class NotifiedBody(_Part):
    """The notified body that is involved: name, number, or both."""

    name: Words | Unknown = UNKNOWN
    number: Words | Unknown = UNKNOWN

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.name == UNKNOWN and self.number == UNKNOWN:
            raise ValueError("a notified body has a `name` or a `number`; write `notified_body: unknown` without them")
        return self


class Identification(_Part):
    """How the product and those who answer for it are identified. `none` says that there is none."""

    product_name: Words = UNKNOWN
    udi_di: Words = UNKNOWN
    basic_udi_di: Words = UNKNOWN
    manufacturer: Words = UNKNOWN
    srn: Words = UNKNOWN
    authorised_representative: Words = UNKNOWN
    person_responsible: Words = UNKNOWN


class Regulatory(_Part):
    """What decides which rules bind a system; whatever is left out is unknown.

    Attributes
    ----------
    role
        What whoever writes this spec is under the AI Act; several are possible.
    jurisdictions
        Where the system is placed on the market, put into service, or its output is used.
    sector_regime
        The product law that the system falls under as a device, or as a safety component of one.
    device_class, device_rule
        Class under that law (``Is``, ``Im``, ``Ir``: class I, sterile, measuring, reusable surgical), and the rule that
        leads to it.
    notified_body
        Name or number, or `none` if the conformity assessment involves none.
    in_house
        Whether it is made and used within one health institution only (Article 5(5) of the MDR or IVDR).
    annex_iii
        Points of Annex III of the AI Act that the intended use falls under, or `none`.
    annex_iii_exempt
        Whether the provider relies on Article 6(3) to hold such a use not high-risk.
    general_purpose_model, systemic_risk
        Whether it is a general-purpose AI model, and one with systemic risk.
    transparency
        What of Article 50 the system does, or `none`.
    placed_on_market
        The day on which it was placed on the market or put into service, or ``not yet``.
    significant_change
        Whether its design changes significantly from the day on which the rules for it begin to apply.
    public_authority, public_services
        Whether the deployer is a public authority or body, or a private one that provides public services.
    """

    role: Annotated[tuple[Operator, ...] | Unknown, BeforeValidator(_listed)] = UNKNOWN
    jurisdictions: Annotated[tuple[Jurisdiction, ...] | Unknown, BeforeValidator(_listed)] = UNKNOWN
    sector_regime: Literal["MDR", "IVDR", "other", "none", "unknown"] = UNKNOWN
    device_class: Annotated[MdrClass | IvdrClass | Unknown, BeforeValidator(_text)] = UNKNOWN
    device_rule: Words = UNKNOWN
    notified_body: NotifiedBody | Literal["none", "unknown"] = UNKNOWN
    in_house: Answer = UNKNOWN
    annex_iii: Annotated[tuple[Point, ...] | Literal["none", "unknown"], BeforeValidator(_listed)] = UNKNOWN
    annex_iii_exempt: Answer = UNKNOWN
    general_purpose_model: Answer = UNKNOWN
    systemic_risk: Answer = UNKNOWN
    transparency: Annotated[tuple[Trigger, ...] | Literal["none", "unknown"], BeforeValidator(_listed)] = UNKNOWN
    placed_on_market: Annotated[dt.date | Literal["not yet", "unknown"], BeforeValidator(_text)] = UNKNOWN
    significant_change: Answer = UNKNOWN
    public_authority: Answer = UNKNOWN
    public_services: Answer = UNKNOWN
    identification: Identification = Identification()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for problem in _contradictions(self):
            raise ValueError(problem)
        return self

    @property
    def is_empty(self) -> bool:
        """Whether nothing is stated."""
        return self == Regulatory()

    def value(self, key: str) -> str:
        """Return what is stated under a key of this part or of `identification`, in words; ``unknown`` if nothing is.

        Raises
        ------
        KeyError
            If there is no such key.
        """
        fields = type(self).model_fields
        owner: BaseModel = self if key in fields and key != "identification" else self.identification
        if key not in type(owner).model_fields:
            raise KeyError(key)
        found = getattr(owner, key)
        if isinstance(found, NotifiedBody):
            return ", ".join(part for part in (found.name, found.number) if part != UNKNOWN)
        return ", ".join(found) if isinstance(found, tuple) else str(found)


KEYS: tuple[str, ...] = (
    *(name for name in Regulatory.model_fields if name != "identification"),
    *Identification.model_fields,
)
"""Every key that `Regulatory.value` knows."""


def _contradictions(stated: Regulatory) -> Iterator[str]:
    """Yield what cannot be so together, in words."""
    for name in ("role", "jurisdictions", "annex_iii", "transparency"):
        if getattr(stated, name) == ():
            yield f"`{name}` is an empty list; leave it out where it is unknown"
    classes = {"MDR": MDR_CLASSES, "IVDR": IVDR_CLASSES}.get(stated.sector_regime)
    known = stated.device_class != UNKNOWN
    if known and classes is not None and stated.device_class not in classes:
        yield f"`device_class: {stated.device_class}` is no class of the {stated.sector_regime}: {', '.join(classes)}"
    if known and stated.sector_regime in (NONE, "other"):
        yield f"`device_class` is about the MDR and IVDR; `sector_regime` is {stated.sector_regime}"
    if stated.in_house == "yes" and stated.sector_regime in (NONE, "other"):
        yield f"`in_house` is about the MDR and IVDR; `sector_regime` is {stated.sector_regime}"
    named = isinstance(stated.notified_body, NotifiedBody)
    if named and stated.device_class in SELF_ASSESSED:
        yield (
            f"a device of class {stated.device_class} involves no notified body; if it is sterile, measuring or "
            "reusable surgical, write Is, Im, Ir or A-sterile"
        )
    if named and stated.in_house == "yes":
        yield "an in-house device involves no notified body"
    if known and stated.device_class not in SELF_ASSESSED and stated.notified_body == NONE and stated.in_house == "no":
        yield f"a device of class {stated.device_class} involves a notified body; write `unknown` until it is named"
    if stated.systemic_risk == "yes" and stated.general_purpose_model == "no":
        yield "`systemic_risk` is about general-purpose models; `general_purpose_model` is no"
    if stated.annex_iii == NONE and stated.annex_iii_exempt == "yes":
        yield "`annex_iii_exempt` is about uses of Annex III; `annex_iii` is none"
