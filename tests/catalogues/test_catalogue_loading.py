"""Catalogues in one form: all items are there, each with an id of its own, and nothing of a file is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from governance.catalogues import Catalogue, all_catalogues, catalogue, item_of, read_catalogue
from governance.catalogues.loading import catalogues_folder
from governance.errors import InputError
from governance.spec import read_yaml

COUNTS = {
    "cen_cenelec_jtc21": 13,
    "chai_applied_model_card_and_fda_example": 44 + 2 * 6 + 26,
    "claim_2024": 44,
    "eu_ai_act": 286,
    "foundation_model_transparency_index": 200,
    "future_ai_2025": 30,
    "gpai_documentation_form": 43 + 13,
    "mdr_fda_other": 29 + 3 + 6 + 10 + 3 + 4,
    "onc_hti1_predictive_dsi": 31,
    "reporting_other": 17 + 10 + 14 + 13,
    "tripod_ai_2024": 52,
}
"""Items by catalogue, part by part; the three goals of CHAI's key metrics are items of their own."""
STATED = {
    "claim_2024": ("count",),
    "future_ai_2025": ("count",),
    "onc_hti1_predictive_dsi": ("count",),
    "tripod_ai_2024": ("sub_items",),
    "foundation_model_transparency_index": ("versions.v1_2023_2024.count", "versions.dec_2025.count"),
}
"""Notes in which a file says itself how many items it has."""


def test_every_catalogue_has_all_its_items() -> None:
    assert {name: len(found.items) for name, found in all_catalogues().items()} == COUNTS


@pytest.mark.parametrize("name", STATED)
def test_the_number_of_items_is_the_one_that_the_file_states(name: str) -> None:
    found = catalogue(name)
    stated = {note.about: note.text for note in found.notes}
    assert sum(int(stated[about]) for about in STATED[name]) == len(found.items)


def test_the_ai_act_is_divided_as_its_reference_says() -> None:
    automation = Counter(item.automation for item in catalogue("eu_ai_act").items)
    assert automation == {"full": 13, "partial": 109, "none": 164}


@pytest.mark.parametrize("name", COUNTS)
def test_every_item_has_an_id_of_its_own(name: str) -> None:
    found = catalogue(name)
    assert len(found.by_id) == len(found.items)


@pytest.mark.parametrize("name", COUNTS)
def test_nothing_of_a_file_is_lost(name: str) -> None:
    found = catalogue(name)
    kept = _texts(found)
    for text in _leaves(read_yaml(catalogues_folder() / found.file).content):
        assert _is_kept(text, kept), text


def test_yes_and_no_say_how_much_a_run_can_fill() -> None:
    assert item_of(catalogue("claim_2024"), "CLAIM-1").automation == "none"
    assert item_of(catalogue("claim_2024"), "CLAIM-2").automation == "partial"
    assert item_of(catalogue("future_ai_2025"), "F3").automation == "full"


def test_marks_and_evidence_are_kept() -> None:
    item = item_of(catalogue("eu_ai_act"), "AIA-ANX4-2g")
    assert (item.verified, item.scope, item.application) == ("official_text_2024", "high_risk", "CH3_S1_3")
    assert [wanted.kind for wanted in item.evidence] == ["metric", "metric", "log", "signed_document"]


def test_a_catalogue_is_found_by_its_file_too_and_near_names_are_told() -> None:
    assert catalogue("claim2024").id == "claim_2024"
    with pytest.raises(InputError, match="did you mean 'eu_ai_act'"):
        catalogue("eu_ai_akt")
    with pytest.raises(InputError, match="did you mean 'CLAIM-4"):
        item_of(catalogue("claim_2024"), "CLAIM4")


def test_a_list_of_datasets_is_no_catalogue_of_requirements(tmp_path: Path) -> None:
    path = tmp_path / "datasets.yaml"
    path.write_text("catalogue: pictures\ndatasets: [{id: one}]\n")
    assert read_catalogue(path) is None


OWN = "catalogue: own\ncatalogue_date: 2026-01-31\nsource: us\nitems:\n"


def test_a_catalogue_of_ones_own_is_read_like_the_others(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN + "  - {id: A, label: First}\n  - {id: B, label: Second, note: mind this}\n")
    found = read_catalogue(path)
    assert found is not None
    assert [(item.id, item.title, item.note) for item in found.items] == [
        ("A", "First", None),
        ("B", "Second", "mind this"),
    ]


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ("  - {id: A, label: First}\n  - {id: A, label: Again}\n", r"own\.yaml:6:5: the id A occurs twice"),
        ("  - {id: A, label: First, colour: red}\n", r"own\.yaml:5:27: unknown key `colour`"),
        ("  - {id: A}\n", r"own\.yaml:5:5: the key `title` is missing"),
    ],
)
def test_what_is_wrong_with_a_catalogue_is_told_with_its_place(tmp_path: Path, items: str, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN + items)
    with pytest.raises(InputError, match=message):
        read_catalogue(path)


def _leaves(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for value in content.values():
            yield from _leaves(value)
    elif isinstance(content, list):
        for value in content:
            yield from _leaves(value)
    elif content is not None:
        yield str(getattr(content, "text", content))


def _texts(found: Catalogue) -> str:
    return "\n".join(_leaves(found.model_dump(mode="json")))


def _is_kept(text: str, kept: str) -> bool:
    """Say whether a text of the file stands in the one form: as it is, as a word for it, or after its own number."""
    as_words = {"yes": "full", "no": "none", "True": "true", "False": "false"}
    number, _, rest = text.partition(" ")
    parts = [text, as_words.get(text, text)]
    if rest and number[:1].isdigit():
        parts.append(rest)
    return any(part in kept for part in parts)
