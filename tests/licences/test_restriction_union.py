"""The restrictions in force are a union of which nothing is dropped, whatever is joined in whatever order."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from governance.data_files import data_folder
from governance.licences import describe_licence

from .sample_spec import spec

POLICIES = data_folder("policies")
RAIL: dict[str, Any] = YAML(typ="safe").load((POLICIES / "rail.yaml").read_text())
TABLE: dict[str, Any] = YAML(typ="safe").load((POLICIES / "catalogues" / "licences.yaml").read_text())
BASES = {name: set(entry.get("restrictions") or {}) for name, entry in TABLE["licences"].items()}
"""What each known licence brings, read from the data without the code under test."""
NAMED = sorted(RAIL["restrictions"])

bases = st.lists(st.sampled_from(sorted(BASES)), max_size=5)
new_ones = st.lists(st.sampled_from(NAMED), max_size=6)
own = st.dictionaries(st.from_regex(r"own-[a-z]{1,8}", fullmatch=True), st.text("abc *<", min_size=1), max_size=3)
own = own.map(lambda found: {name: text for name, text in found.items() if text.strip()})


def in_force(licence: dict[str, Any]) -> list[str]:
    return [restriction.id for restriction in describe_licence(spec(licence)).restrictions]


@settings(deadline=None)
@given(bases, bases, new_ones, own)
def test_all_that_is_inherited_or_new_is_in_force_once(
    inherits: list[str], built_on: list[str], new: list[str], own_ones: dict[str, str]
) -> None:
    found = in_force(
        {
            "kind": "OpenRAIL-M",
            "inherits": inherits,
            "built_on": [{"kind": "model", "name": f"base {name}", "licence": name} for name in built_on],
            "restrictions": new,
            "own_restrictions": own_ones,
        }
    )
    expected = set(new) | set(own_ones) | {one for name in (*inherits, *built_on) for one in BASES[name]}
    assert set(found) == expected
    assert len(found) == len(expected)


@settings(deadline=None)
@given(bases, st.sampled_from(sorted(BASES)), new_ones)
def test_one_more_base_never_takes_a_restriction_away(inherits: list[str], more: str, new: list[str]) -> None:
    licence = {"kind": "OpenRAIL-M", "inherits": inherits, "restrictions": new}
    before = set(in_force(licence))
    assert before <= set(in_force({**licence, "inherits": [*inherits, more]}))


@settings(deadline=None)
@given(bases, new_ones)
def test_every_restriction_says_where_it_comes_from(inherits: list[str], new: list[str]) -> None:
    statement = describe_licence(spec({"kind": "OpenRAIL-M", "inherits": inherits, "restrictions": new}))
    for restriction in statement.restrictions:
        assert restriction.clause
        assert restriction.version
        bringing = [name for name in dict.fromkeys(inherits) if restriction.id in BASES[name]]
        assert list(restriction.inherited_from) == bringing
        assert restriction.upstream or RAIL["restrictions"][restriction.id]["source"] == "this-project"


def test_a_restriction_names_the_clause_of_the_licence_that_brings_it() -> None:
    licence = {"kind": "OpenRAIL-M", "inherits": ["openrail++", "bigscience-openrail-m"]}
    (ban,) = (r for r in describe_licence(spec(licence)).restrictions if r.id == "bigscience-l")
    assert (ban.clause, ban.version) == ("item 10", "2022-11-24")
    assert ban.found_in == (
        "CreativeML Open RAIL++-M, Attachment A, item 10",
        "BigScience Open RAIL-M, Attachment A, (l)",
    )


def test_an_own_restriction_is_marked_as_not_upstream() -> None:
    (own_one,) = describe_licence(spec({"kind": "RAIL-M", "own_restrictions": {"x": "Not so."}})).restrictions
    assert not own_one.upstream
    assert "not upstream" in own_one.source


def test_a_rail_licence_inside_an_expression_keeps_its_restrictions() -> None:
    kind = "MIT AND LicenseRef-scancode-bigscience-open-rail-m"
    assert set(in_force({"kind": kind, "built_on": []})) == BASES["bigscience-openrail-m"]


def test_code_beside_the_model_does_not_bring_the_restrictions_of_a_model_licence() -> None:
    part = {"name": "scripts", "licence": "bigscience-openrail-m"}
    assert in_force({"kind": "MIT", "built_on": [{"kind": "code", **part}]}) == []
    assert len(in_force({"kind": "OpenRAIL-M", "built_on": [{"kind": "dataset", **part}]})) == 13


def test_what_the_model_was_only_evaluated_with_brings_no_restrictions() -> None:
    judge = {"kind": "model", "name": "judge", "licence": "bigscience-openrail-m", "used_for": "evaluating"}
    assert in_force({"kind": "MIT", "built_on": [judge]}) == []
