"""Where each catalogue file keeps its items, and how an item's keys are called there.

The files are taken over as they are, so that they can be compared with their sources; the differences end here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from governance.spec.document import Keys

ENTRIES = "entries"
"""A list of mappings with an `id` each."""
PHRASES = "phrases"
"""A list of phrases; ids are numbered, or begin the phrase."""
SECTIONS = "sections"
"""Lists of phrases by section."""


@dataclass(frozen=True)
class ItemList:
    """A list of items inside a file.

    Attributes
    ----------
    at
        The way to it.
    form
        `ENTRIES`, `PHRASES` or `SECTIONS`.
    prefix
        Put before ids that are unique only inside their list, or that are made here.
    numbered
        Whether phrases begin with their own number.
    named
        Whether ids are made of section and phrase, which are names in a schema, instead of numbers.
    """

    at: tuple[str, ...]
    form: str = ENTRIES
    prefix: str = ""
    section: str | None = None
    numbered: bool = False
    named: bool = False


@dataclass(frozen=True)
class Layout:
    """A file's title in plain words, its lists of items, and its licence where the file keeps it elsewhere."""

    title: str
    lists: tuple[ItemList, ...]
    licence: str | None = None


LAYOUTS: Mapping[str, Layout] = {
    "eu_ai_act": Layout("EU AI Act, Regulation (EU) 2024/1689 as amended", (ItemList(("requirements",)),)),
    "gpai_documentation_form": Layout(
        "Model Documentation Form and training-content summary for general-purpose AI models",
        (
            ItemList(("fields",)),
            ItemList(("training_content_summary", "sections"), section="training content summary"),
        ),
    ),
    "claim_2024": Layout("CLAIM 2024, checklist for AI in medical imaging", (ItemList(("items",)),)),
    "tripod_ai_2024": Layout("TRIPOD+AI, checklist for prediction models", (ItemList(("items",)),), "CC BY 4.0"),
    "future_ai_2025": Layout("FUTURE-AI recommendations", (ItemList(("recommendations",)),)),
    "onc_hti1_predictive_dsi": Layout(
        "ONC HTI-1 source attributes for predictive decision support", (ItemList(("items",)),)
    ),
    "foundation_model_transparency_index": Layout(
        "Foundation Model Transparency Index, indicators",
        (
            ItemList(("indicators_dec_2025",), prefix="FMTI-2025-"),
            ItemList(("indicators_v1_2023",), prefix="FMTI-2023-"),
        ),
        "CC BY 4.0",
    ),
    "chai_applied_model_card_and_fda_example": Layout(
        "CHAI Applied Model Card v0.2 and the FDA draft example model card",
        (
            ItemList(("chai", "sections"), SECTIONS, "CHAI-", named=True),
            ItemList(("fda_example_model_card", "sections"), SECTIONS, "FDA-CARD-"),
        ),
    ),
    "cen_cenelec_jtc21": Layout("CEN-CENELEC JTC 21 standards for the AI Act, status", (ItemList(("standards",)),)),
    "mdr_fda_other": Layout(
        "MDR Annexes II and III, FDA PCCP, GMLP, Section 1557, NIST AI RMF",
        (
            ItemList(("mdr_annex_ii", "items"), section="MDR Annex II"),
            ItemList(("mdr_annex_iii", "items"), section="MDR Annex III"),
            ItemList(("fda_pccp", "items"), section="FDA predetermined change control plan"),
            ItemList(("gmlp", "items"), section="Good machine learning practice"),
            ItemList(("section_1557", "items"), section="Section 1557"),
            ItemList(("nist_ai_rmf", "functions"), PHRASES, "NIST-RMF-", "NIST AI RMF"),
        ),
    ),
    "reporting_other": Layout(
        "DECIDE-AI, CONSORT-AI and STARD-AI",
        (
            ItemList(("decide_ai", "items"), section="DECIDE-AI"),
            ItemList(("decide_ai", "generic"), PHRASES, "DECIDE-G", "DECIDE-AI, generic"),
            ItemList(("consort_ai", "items"), section="CONSORT-AI"),
            ItemList(("stard_ai", "run_relevant"), PHRASES, "STARDAI-", "STARD-AI", numbered=True),
        ),
        "as its parts: DECIDE-AI CC BY-NC, CONSORT-AI CC BY, STARD-AI CC BY",
    ),
}
"""By the id of the catalogue. A file with another id and a list `items` is read like these; others are no catalogue."""

OTHERS = Layout("", (ItemList(("items",)),))

_RENAMED: Mapping[str, str] = {
    "label": "title",
    "indicator": "title",
    "requirement": "text",
    "what": "text",
    "content": "text",
    "category": "section",
    "principle": "section",
    "applies": "scope",
    "answerable_by_metric_run": "automation",
    "answerable_by_run": "automation",
}
"""What files call the same thing."""
_AUTOMATION = {"yes": "full", "no": "none"}
_WITHIN = re.compile(r"\s*\(x\d+: (?P<names>[^)]*)\)\Z")
"""A section that stands for several: ``KeyMetrics (x3: one, two, three)``."""
_MARKS = re.compile(r"(?:\([^)]*\))?[?+]?\Z")
"""What follows a name in a schema: its own parts, that it is optional, that it may occur again."""


def items_of(found: ItemList, content: Any) -> Iterator[tuple[Keys, dict[str, Any]]]:
    """Yield the items of a list in the keys of `Item`, each with the way to it."""
    if found.form == ENTRIES:
        for index, entry in enumerate(content):
            yield (*found.at, index), _entry(found, entry)
    elif found.form == PHRASES:
        for index, phrase in enumerate(content):
            yield (*found.at, index), _phrase(found, index, str(phrase))
    else:
        for number, (section, phrases) in enumerate(content.items(), start=1):
            for index, phrase in enumerate(phrases):
                for item in _in_section(found, number, str(section), index, str(phrase)):
                    yield (*found.at, section, index), item


def _entry(found: ItemList, entry: Mapping[str, Any]) -> dict[str, Any]:
    item = {_RENAMED.get(key, key): value for key, value in entry.items() if value is not None}
    domain, subdomain = item.pop("domain", None), item.pop("subdomain", None)
    if domain is not None:
        item["section"] = f"{domain}, {subdomain}"
    topic = item.pop("topic", None)
    if topic is not None:  # a section of a checklist, or all the title that a standard has here
        item["section" if "title" in item else "title"] = topic
    article = item.pop("article", None)
    if article is not None:
        item["section"] = f"AI Act, Article {article}"
    automation = item.get("automation")
    if automation is not None:
        item["automation"] = _AUTOMATION.get(automation, automation)
    item.setdefault("ref", item.get("id"))
    if "id" in item:
        item["id"] = f"{found.prefix}{getattr(item['id'], 'text', item['id'])}"
    if found.section is not None:
        item.setdefault("section", found.section)
    return item


def _phrase(found: ItemList, index: int, phrase: str) -> dict[str, Any]:
    number, title = str(index + 1), phrase
    if found.numbered:
        number, _, title = phrase.partition(" ")
    elif phrase.isupper():
        number = phrase
    item = {"id": f"{found.prefix}{number}", "ref": f"{found.section}, {number}", "title": title}
    return {**item, "section": found.section} if found.section else item


def _in_section(found: ItemList, number: int, section: str, index: int, phrase: str) -> Iterator[dict[str, Any]]:
    several = _WITHIN.search(section)
    if several:
        for name in several["names"].split(", "):
            yield from _in_section(found, number, f"{_WITHIN.sub('', section)}.{name}", index, phrase)
        return
    own = f"{section}.{_MARKS.sub('', phrase).replace(' ', '')}" if found.named else f"{number}.{index + 1}"
    yield {"id": f"{found.prefix}{own}", "ref": f"{section}: {phrase}", "title": phrase, "section": section}
