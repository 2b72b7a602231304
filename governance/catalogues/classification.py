"""What a system is under the AI Act, as far as the stated facts tell: the ways in which it comes under an item."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from governance.catalogues.rules import Way, WayName
from governance.catalogues.truth import Truth, both, either, no, unknown, yes
from governance.spec.regulatory import NONE, SELF_ASSESSED, UNKNOWN, NotifiedBody, Regulatory

_DEVICE_REGIMES = ("MDR", "IVDR")


def comes_under(way: Way, stated: Regulatory) -> Truth:
    """Say whether a system comes under an item in a certain way."""
    return _WAYS[way.way](way, stated)


def device(stated: Regulatory) -> Truth:
    """Say whether the system is a medical device, or a safety component of one."""
    if stated.sector_regime == UNKNOWN:
        return unknown("sector_regime")
    if stated.sector_regime in _DEVICE_REGIMES:
        return yes(f"a device under the {stated.sector_regime}")
    return no("no device under the MDR or IVDR")


def high_risk_device(stated: Regulatory) -> Truth:
    """Say whether a system is high-risk through Annex I: a device whose assessment involves a notified body.

    Source: AI Act, Article 6(1); MDCG 2025-6 / AIB 2025-1, questions 2 (classes) and 35 (in-house devices).
    """
    if stated.sector_regime == "other":
        return unknown(
            "sector_regime", because="only the MDR and IVDR are computed; another product law of Annex I is for counsel"
        )
    involved = either(_notified_body(stated), _class_needs_one(stated))
    if involved.holds and not isinstance(stated.notified_body, NotifiedBody):
        involved = both(involved, _not_in_house(stated))
    elif involved.holds is None:
        involved = both(_not_in_house(stated), involved)
    return both(device(stated), involved)


def _notified_body(stated: Regulatory) -> Truth:
    if isinstance(stated.notified_body, NotifiedBody):
        return yes("a notified body is involved")
    return no("") if stated.device_class != UNKNOWN else unknown("device_class")


def _class_needs_one(stated: Regulatory) -> Truth:
    if stated.device_class == UNKNOWN:
        return unknown("device_class")
    if stated.device_class in SELF_ASSESSED:
        return no(f"class {stated.device_class} involves no notified body (MDCG 2025-6)")
    return yes(f"class {stated.device_class} involves a notified body (MDCG 2025-6)")


def _not_in_house(stated: Regulatory) -> Truth:
    if stated.in_house == UNKNOWN:
        return unknown("in_house")
    if stated.in_house == "yes":
        return no("in-house devices are not high-risk through Annex I (MDCG 2025-6)")
    return yes("")


def listed(stated: Regulatory, points: tuple[str, ...] = ()) -> Truth:
    """Say whether the intended use is listed in Annex III, at certain points of it."""
    at = f"point {' or '.join(points)} of Annex III" if points else "Annex III"
    if stated.annex_iii == UNKNOWN:
        return unknown("annex_iii")
    if stated.annex_iii == NONE:
        return no("no use of Annex III")
    found = [own for own in stated.annex_iii if not points or any(_within(own, point) for point in points)]
    if found:
        return yes(f"a use of Annex III, point {', '.join(found)}")
    if any(_within(point, own) for own in stated.annex_iii for point in points):  # "1" was stated, "1(a)" is asked
        return unknown("annex_iii", because=f"the stated point of Annex III has no letter; {at} is asked for")
    return no(f"no use of {at}")


def _within(own: str, point: str) -> bool:
    return own == point or own.startswith(f"{point}(")


def _exempt(stated: Regulatory) -> Truth:
    if stated.annex_iii_exempt == UNKNOWN:
        return unknown("annex_iii_exempt")
    if stated.annex_iii_exempt == "yes":
        return yes("the provider relies on Article 6(3)")
    return no("the provider does not rely on Article 6(3)")


def annex_iii(stated: Regulatory, points: tuple[str, ...] = ()) -> Truth:
    """Say whether a system is high-risk through Annex III."""
    exempt = _exempt(stated)
    held = {True: no("held not high-risk under Article 6(3)"), False: yes(""), None: exempt}[exempt.holds]
    return both(listed(stated, points), held)


def _stated(key: str, answer: str, positive: str, negative: str) -> Truth:
    if answer == UNKNOWN:
        return unknown(key)
    return yes(positive) if answer == "yes" else no(negative)


def _public(stated: Regulatory) -> Truth:
    return _stated(
        "public_authority", stated.public_authority, "the deployer is a public body", "the deployer is no public body"
    )


def _assesses_rights(stated: Regulatory) -> Truth:
    """Source: AI Act, Article 27(1): public bodies, private providers of public services, points 5(b) and 5(c)."""
    services = _stated(
        "public_services",
        stated.public_services,
        "the deployer provides public services",
        "the deployer provides no public services",
    )
    return both(annex_iii(stated), either(_public(stated), services, listed(stated, ("5(b)", "5(c)"))))


def general_purpose(stated: Regulatory) -> Truth:
    """Say whether it is a general-purpose AI model."""
    return _stated(
        "general_purpose_model",
        stated.general_purpose_model,
        "a general-purpose AI model",
        "no general-purpose AI model",
    )


def _systemic(stated: Regulatory) -> Truth:
    risk = _stated("systemic_risk", stated.systemic_risk, "with systemic risk", "without systemic risk")
    return both(general_purpose(stated), risk)


def _transparency(way: Way, stated: Regulatory) -> Truth:
    words = ", ".join(way.does).replace("_", " ") or "what Article 50 is about"
    if stated.transparency == UNKNOWN:
        return unknown("transparency")
    if stated.transparency == NONE:
        return no("does nothing that Article 50 is about")
    found = [own for own in stated.transparency if not way.does or own in way.does]
    return yes(f"Article 50: {', '.join(found).replace('_', ' ')}") if found else no(f"does not do: {words}")


_WAYS: Mapping[WayName, Callable[[Way, Regulatory], Truth]] = {
    "always": lambda way, stated: yes("every AI system"),  # noqa: ARG005 - one signature for all
    "annex_i": lambda way, stated: high_risk_device(stated),  # noqa: ARG005
    "annex_iii": lambda way, stated: annex_iii(stated, way.points),
    "annex_iii_listed": lambda way, stated: listed(stated, way.points),
    "annex_iii_exempt": lambda way, stated: both(listed(stated, way.points), _exempt(stated)),
    "fundamental_rights_assessment": lambda way, stated: _assesses_rights(stated),  # noqa: ARG005
    "public_deployer": lambda way, stated: both(annex_iii(stated), _public(stated)),  # noqa: ARG005
    "general_purpose_model": lambda way, stated: general_purpose(stated),  # noqa: ARG005
    "systemic_risk": lambda way, stated: _systemic(stated),  # noqa: ARG005
    "transparency": _transparency,
}
