"""RAIL kinds, the union of restrictions, contradictions with the intended purpose, and the notice."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest

from governance.errors import InputError
from governance.evidence.folder import RunFolder
from governance.licences import check_licence, describe_licence, write_licence
from governance.licences.rail import rail_kind

from .sample_spec import loaded, spec

PUBLISHED_KIND = re.compile(r"^(Open|Research|RESEARCH-ONLY )?RAIL(-(?=[DAMS])D?A?M?S?)?$")
"""The pattern of names in public use, written down independently of the code."""


# Kinds


@pytest.mark.parametrize("prefix", ["Open", "Research", "RESEARCH-ONLY ", ""])
@pytest.mark.parametrize("letters", ["".join(c) for n in range(1, 5) for c in itertools.combinations("DAMS", n)])
def test_every_published_kind_is_read(prefix: str, letters: str) -> None:
    written = f"{prefix}RAIL-{letters}"
    assert PUBLISHED_KIND.match(written)
    kind = rail_kind(written, ("model",), artifacts_written=False)
    assert kind.letters == letters
    assert PUBLISHED_KIND.match(kind.name)


@pytest.mark.parametrize("letters", ["".join(p) for n in (2, 3, 4) for p in itertools.permutations("DAMS", n)])
def test_letters_out_of_order_are_refused_with_the_right_order(letters: str) -> None:
    if PUBLISHED_KIND.match(f"RAIL-{letters}"):
        return
    with pytest.raises(InputError, match="out of order") as caught:
        rail_kind(f"OpenRAIL-{letters}", ("model",), artifacts_written=False)
    assert PUBLISHED_KIND.match(str(caught.value.hint).removeprefix("write "))


@pytest.mark.parametrize(
    "kind", ["OpenRAIL-X", "OpenRAIL-MM", "openrail-m", "Open RAIL-M", "OpenRAIL++-M", "OpenRAIL-"]
)
def test_a_misspelt_kind_is_not_taken_for_another_licence(kind: str) -> None:
    with pytest.raises(InputError):
        describe_licence(spec({"kind": kind}))


def test_the_letters_follow_from_the_artifacts() -> None:
    assert describe_licence(spec({"kind": "OpenRAIL", "artifacts": ["source", "model"]})).kind == "OpenRAIL-MS"
    with pytest.raises(InputError, match="disagree"):
        describe_licence(spec({"kind": "OpenRAIL-M", "artifacts": ["source", "model"]}))


# Restrictions


def test_inherited_and_new_restrictions_are_joined_and_none_is_dropped() -> None:
    inherits = ["base-model under bigscience-openrail-m", "helper under Apache-2.0"]
    statement = describe_licence(
        spec(
            {
                "kind": "OpenRAIL-M",
                "restrictions": ["no-under-18", "bigscience-l"],
                "own_restrictions": {"no-night": "Not at night."},
                "inherits": inherits,
            }
        )
    )
    ids = [restriction.id for restriction in statement.restrictions]
    assert ids == [*(f"bigscience-{letter}" for letter in "abcdefghijklm"), "no-under-18", "no-night"]
    by_id = {restriction.id: restriction for restriction in statement.restrictions}
    assert by_id["bigscience-a"].inherited_from == (inherits[0],)
    assert by_id["bigscience-a"].upstream
    assert not by_id["no-under-18"].upstream
    assert "not upstream" in by_id["no-night"].source


@pytest.mark.parametrize("kind", ["Apache-2.0", "MIT", "EUPL-1.2"])
def test_a_licence_without_use_restrictions_cannot_drop_the_inherited_ones(kind: str) -> None:
    with pytest.raises(InputError, match="cannot carry the use restriction 'bigscience-a' inherited from"):
        describe_licence(spec({"kind": kind, "inherits": ["bigscience-openrail-m"]}))


def test_an_own_restriction_cannot_replace_an_inherited_one() -> None:
    licence = {
        "kind": "OpenRAIL-M",
        "inherits": ["bigscience-openrail-m"],
        "own_restrictions": {"bigscience-l": "Anything."},
    }
    with pytest.raises(InputError, match="would replace"):
        describe_licence(spec(licence))


def test_an_unknown_restriction_is_refused_with_a_near_name() -> None:
    with pytest.raises(InputError, match="did you mean 'no-under-18'"):
        describe_licence(spec({"kind": "OpenRAIL-M", "restrictions": ["no-under-8"]}))


def test_an_unknown_base_licence_is_refused_with_a_near_name() -> None:
    with pytest.raises(InputError, match="did you mean 'bigscience-openrail-m'"):
        describe_licence(spec({"kind": "OpenRAIL-M", "inherits": ["bigscience-open-rail-m"]}))


def test_what_is_wrong_is_shown_at_its_line(tmp_path: Path) -> None:
    licence = "licence:\n  kind: OpenRAIL-M\n  restrictions: [no-under-18, no-under-8]\n"
    with pytest.raises(InputError, match=re.escape("governance.yaml:8:31")):
        check_licence(loaded(tmp_path, licence))


# Contradictions


def test_the_ban_on_medical_advice_is_a_warning_on_a_medical_model() -> None:
    licence = {"kind": "OpenRAIL-M", "inherits": ["bigscience-openrail-m"]}
    (warning,) = describe_licence(spec(licence, "Helps radiologists to rate nodules.")).warnings
    assert "bigscience-l" in warning
    (warning,) = describe_licence(spec(licence)).warnings
    assert "No intended purpose is stated" in warning
    conditional = {"kind": "OpenRAIL-M", "restrictions": ["generator-health"], "built_on": []}
    assert describe_licence(spec(conditional, "Helps radiologists.")).warnings == ()


@pytest.mark.parametrize(
    ("restriction", "purpose", "warned"),
    [
        ("no-under-18", "Triage of children with fever.", True),
        ("no-under-18", "Triage of adults.", False),
        ("no-standalone-diagnosis", "Autonomous reading of normal radiographs.", True),
        ("no-standalone-diagnosis", "A second reading beside a radiologist.", False),
        ("no-insurance-or-employment-decisions", "Underwriting of life policies.", True),
    ],
)
def test_a_restriction_against_the_intended_purpose_is_a_warning(restriction: str, purpose: str, warned: bool) -> None:
    licence = {"kind": "OpenRAIL-M", "restrictions": [restriction], "built_on": []}
    assert bool(describe_licence(spec(licence, purpose)).warnings) is warned


# What is written


def test_the_notice_of_a_rail_licence(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    licence = {
        "kind": "OpenRAIL-M",
        "restrictions": ["no-under-18"],
        "own_restrictions": {"no-night": "Not at night <script>."},
        "inherits": ["base under bigscience-openrail-m"],
        "licensor": "A clinic",
    }
    statement = write_licence(folder, spec(licence))
    content = json.loads((folder.licence / "licence.json").read_bytes())
    assert content["spdx"] == "LicenseRef-nodule-2.3-OpenRAIL-M"
    assert re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", content["spdx"])
    assert not content["on_spdx_list"]
    assert content["huggingface"]["license"] == "other"
    assert {"license_name", "license_link"} <= set(content["huggingface"])
    assert len(content["restrictions"]) == len(statement.restrictions) == 15
    text = (folder.licence / "NOTICE.md").read_text()
    for restriction in statement.restrictions:
        assert f"**{restriction.id}**" in text
    assert "is a summary" in text
    assert "no legal advice" in text
    assert "not an open source licence" in text
    assert "Give them a copy of the licence" in text
    assert "<script>" not in text
    assert "## To be settled by the provider" in text


def test_writing_it_again_gives_the_same_bytes(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    written = []
    for _ in range(2):
        write_licence(folder, spec({"kind": "OpenRAIL-M", "restrictions": ["no-under-18"]}))
        written.append([path.read_bytes() for path in sorted(folder.licence.iterdir())])
    assert written[0] == written[1]


def test_an_spdx_licence_is_a_plain_reference(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    statement = write_licence(folder, spec({"kind": "Apache-2.0", "artifacts": ["model", "source"]}))
    assert (statement.spdx, statement.on_spdx_list, statement.is_rail) == ("Apache-2.0", True, False)
    assert statement.huggingface == {"license": "apache-2.0"}
    assert "RAIL" not in (folder.licence / "NOTICE.md").read_text()


def test_the_licence_of_the_base_may_be_kept() -> None:
    statement = describe_licence(spec({"kind": "bigscience-openrail-m"}))
    assert statement.spdx == "LicenseRef-scancode-bigscience-open-rail-m"
    assert statement.huggingface == {"license": "bigscience-openrail-m"}
    assert len(statement.restrictions) == 13
    assert not statement.on_spdx_list


def test_without_a_licence_the_notice_says_so(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert write_licence(folder, spec(None)).status == "not provided"
    assert "No licence was provided" in (folder.licence / "NOTICE.md").read_text()


def test_a_text_that_is_no_licence_is_refused() -> None:
    with pytest.raises(InputError, match="neither a RAIL kind nor an SPDX expression"):
        describe_licence(spec({"kind": "do what you like"}))
