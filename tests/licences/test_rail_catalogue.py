"""The data behind RAIL licences: restrictions, sources, what is measured, and four licences that are not one."""

from __future__ import annotations

import pytest

from governance.licences import describe_licence
from governance.licences.catalogue import rail_catalogue
from governance.licences.known import licence_table
from governance.licences.rail import rail_kind
from governance.plugins import installed

from .sample_spec import spec

DOMAINS = {
    "Discrimination", "Military", "Legal", "Disinformation", "Privacy", "Health", "General", "Research", "Malware",
}  # fmt: skip
"""Of the RAIL License Generator, by its page."""
ATTACHMENT_A = set("abcdefghijklm")


def test_every_restriction_names_a_source_and_behaviours_that_exist() -> None:
    catalogue = rail_catalogue()
    assert {restriction.source for restriction in catalogue.restrictions.values()} <= set(catalogue.sources)
    measured = {name for restriction in catalogue.restrictions.values() for name in restriction.measured_by}
    assert measured == set(catalogue.behaviours)


def test_every_licence_names_restrictions_that_exist_and_one_clause_for_each() -> None:
    catalogue = rail_catalogue()
    for known in licence_table().licences.values():
        assert set(known.restrictions) <= set(catalogue.restrictions)
        assert (known.restrictions_from in catalogue.sources) == bool(known.restrictions)


def test_the_metrics_that_bear_on_restrictions_are_metrics_of_the_evaluators() -> None:
    known = {f"{name}.{metric.name}" for name, found in installed("evaluators").items() for metric in found.metrics}
    for behaviour in rail_catalogue().behaviours.values():
        assert set(behaviour.metrics) <= known
        assert behaviour.does_not_show


@pytest.mark.parametrize(
    ("restriction", "metric"),
    [
        ("generator-health", "hallucination.hallucination_rate"),
        ("bigscience-l", "hallucination.hallucination_rate"),
        ("bigscience-k", "fairness.equalized_odds_difference_max"),
        ("no-unevaluated-groups", "robustness.out_of_distribution_auroc"),
    ],
)
def test_a_restriction_names_what_a_run_measures_about_it(restriction: str, metric: str) -> None:
    (found,) = describe_licence(spec({"kind": "OpenRAIL-M", "restrictions": [restriction]})).restrictions
    assert metric in found.measured_by


def test_all_domains_of_the_generator_have_restrictions() -> None:
    clauses = {r.clause for r in rail_catalogue().restrictions.values() if r.source == "rail-generator"}
    assert clauses == DOMAINS


@pytest.mark.parametrize(
    ("licence", "letters"),
    [
        ("bigscience-openrail-m", ATTACHMENT_A),
        ("bigscience-rail-1.0", ATTACHMENT_A - {"g"}),
        ("creativeml-openrail-m", ATTACHMENT_A - {"e", "g"}),
        ("openrail++", ATTACHMENT_A - {"e", "g"}),
    ],
)
def test_four_rail_licences_are_kept_apart(licence: str, letters: set[str]) -> None:
    statement = describe_licence(spec({"kind": licence}))
    found = {r.id for r in statement.restrictions}
    assert {f"bigscience-{letter}" for letter in letters} == found - {"bigscience-rail-7"}
    assert ("bigscience-rail-7" in found) == (licence == "bigscience-rail-1.0")
    assert statement.is_rail
    assert not statement.on_spdx_list
    versions = {r.version for r in statement.restrictions}
    assert len(versions) == 1


@pytest.mark.parametrize("kind", ["bigcode-openrail-m", "openrail-unspecified"])
def test_restrictions_that_are_not_known_are_said_to_be_missing(kind: str) -> None:
    statement = describe_licence(spec({"kind": kind, "built_on": []}))
    assert statement.is_rail
    assert statement.flow_down
    (warning,) = statement.warnings
    assert "not known here" in warning


def test_letters_and_promises_come_from_the_catalogue() -> None:
    catalogue = rail_catalogue()
    assert "".join(artefact.letter for artefact in catalogue.artefacts.values()) == "DAMS"
    assert (
        rail_kind("ResearchRAIL-M", ("model",), artifacts_written=False).permits == catalogue.kinds["Research"].permits
    )
