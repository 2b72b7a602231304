"""The table of licences, and how what a person writes is found in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from governance.errors import InputError
from governance.licences import check_licence
from governance.licences.known import find_licence, is_listed, licence_table, spdx_parts, spdx_spelling
from governance.licences.training_sets import training_sets

from .sample_spec import loaded


def test_every_entry_names_a_source_and_every_name_stands_for_one_licence() -> None:
    table = licence_table()
    names = [name for key, known in table.licences.items() for name in (key, *known.aliases)]
    assert len(names) == len(set(names))
    for key, known in table.licences.items():
        assert known.source in table.sources
        assert known.verified or known.doubt or known.source == "review-table-2", key
        assert set(known.compatible) <= set(table.licences)
        if known.spdx is not None and not known.spdx.startswith("LicenseRef-"):
            assert is_listed(known.spdx)


def test_every_licence_that_the_table_of_datasets_prints_is_known() -> None:
    for dataset in training_sets().values():
        assert (dataset.licence is None) == (dataset.licence_id is None)


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("MIT", ("MIT",)),
        ("mit", ("MIT",)),
        ("MIT OR Apache-2.0", ("MIT", "Apache-2.0")),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ("GPL-2.0-only",)),
        ("LicenseRef-own-1 AND MIT", ("LicenseRef-own-1", "MIT")),
        ("DocumentRef-a:LicenseRef-b", ("DocumentRef-a:LicenseRef-b",)),
        ("Apache-2", None),
        ("Classpath-exception-2.0", None),
        ("do what you like", None),
        ("(MIT AND", None),
        ("", None),
        ("MIT\n# heading", None),
        ("(" * 150 + "MIT" + ")" * 150, None),
    ],
)
def test_spdx_expressions_are_read(written: str, parts: tuple[str, ...] | None) -> None:
    assert spdx_parts(written) == parts


def test_an_expression_is_spelt_as_the_list_spells_it() -> None:
    assert spdx_spelling("mit or apache-2.0") == "MIT OR Apache-2.0"
    assert not is_listed("MIT AND LicenseRef-x")


def test_an_expression_allows_what_its_strictest_part_allows() -> None:
    both = find_licence("MIT AND CC-BY-NC-SA-4.0")
    assert both.answer("commercial_use") == "no"
    assert both.known("share_alike") == "yes"
    partly = find_licence("MIT AND EUPL-1.2")
    assert partly.unknown == ("EUPL-1.2",)
    assert partly.answer("commercial_use") == "unknown"


@pytest.mark.parametrize("written", ["unknown", "EUPL-1.2", "LicenseRef-of-a-hospital", "RUA", "OpenRAIL-M", "RAIL-M"])
def test_what_is_not_known_is_never_taken_as_allowed(written: str) -> None:
    found = find_licence(written)
    assert found.answer("commercial_use") != "yes"
    assert found.answer("derivatives") != "yes"
    assert found.answer("redistribution") != "yes"


@pytest.mark.parametrize(("written", "near"), [("Apache-2", "Apache-2.0"), ("CCBY-4.0", "CC-BY-4.0")])
def test_a_misspelt_licence_is_refused_with_a_near_name(written: str, near: str) -> None:
    with pytest.raises(InputError, match=re.escape(f"did you mean '{near}'")):
        find_licence(written)


@pytest.mark.parametrize(
    ("licence", "place", "said"),
    [
        ("licence:\n  kind: Apache-2\n  built_on: []\n", "7:9", "neither a RAIL kind nor an SPDX expression"),
        (
            "licence:\n  kind: MIT\n  built_on:\n    - {kind: model, name: base, licence: Apache-2}\n",
            "9:42",
            "did you mean 'Apache-2.0'",
        ),
        (
            "licence:\n  kind: MIT\n  built_on:\n    - {kind: dataset, name: mimic-cxr-jgp}\n",
            "9:29",
            "did you mean 'mimic-cxr-jpg'",
        ),
        ("licence:\n  kind: MIT\n  built_on:\n    - {kind: data, name: x}\n", "9:14", "model"),
        ("licence:\n  kind: OpenRAIL-M\n  inherits: [a under bigscience-open-rail]\n", "8:14", "bigscience-openrail-m"),
    ],
)
def test_what_is_wrong_is_shown_at_its_line(tmp_path: Path, licence: str, place: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        check_licence(loaded(tmp_path, licence))
    assert f"governance.yaml:{place}" in str(caught.value)
    assert said in str(caught.value)
