"""Short form of the validity study: seconds, fixed seeds, and the cells where simpler intervals fail."""

import csv
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import benchmarks.validity.proportions as proportions
import benchmarks.validity.rankings as rankings
from benchmarks.validity import combined, gaps, policies
from benchmarks.validity.proportions import Clusters
from benchmarks.validity.rankings import Ranked
from benchmarks.validity.results import Figure
from benchmarks.validity.study import PARTS
from governance.statistics.bounds import Bounds
from governance.statistics.proportions import clopper_pearson

TABLE = Path(proportions.__file__).parent / "table.csv"


def verdicts(figures):
    return {figure.kind: figure.verdict for figure in figures}


def test_intervals_of_independent_samples_hold():
    figures = list(proportions.independent(0, quick=True))
    assert len(figures) >= 20
    assert [f for f in figures if f.verdict == "BREAKS"] == []


def test_the_study_notices_an_interval_that_is_too_narrow(monkeypatch):
    def wald(successes, clusters, level):
        n, p = len(successes), float(np.mean(successes))
        half = 1.96 * np.sqrt(p * (1 - p) / n)
        return Bounds(p - half, p + half, "Wald")

    monkeypatch.setattr(proportions, "clustered_wilson", wald)
    monkeypatch.setattr(proportions, "gating_proportion", wald)
    broken = {f.kind for f in proportions.independent(0, quick=True) if f.verdict == "BREAKS"}
    assert broken == {"shown", "gating"}


@pytest.mark.parametrize(
    "cell",
    [
        Clusters("strong correlation", (5,) * 30, 0.95, 0.7),
        Clusters("errors in few patients", (10,) * 60, 0.9, wholly_wrong=0.5),
        Clusters("no correlation", (5,) * 100, 0.9),
    ],
    ids=lambda cell: cell.name,
)
def test_intervals_of_clustered_proportions_hold(cell):
    found = verdicts(proportions.intervals_of(cell, 1500))
    assert found["gating"] == "holds"
    assert found["shown"] == ("below minimum" if cell.correlation == 0.7 else "holds")


def test_counting_samples_instead_of_patients_would_be_noticed(monkeypatch):
    monkeypatch.setattr(proportions, "gating_proportion", lambda x, _, level: clopper_pearson(x.sum(), x.size, level))
    found = verdicts(proportions.intervals_of(Clusters("strong correlation", (5,) * 30, 0.95, 0.7), 500))
    assert found["gating"] == "BREAKS"


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (Ranked(30, 300, 0.961), "below minimum"),
        (Ranked(100, 100, 0.85), "holds"),
        (Ranked(200, 300, 0.9, "part unrecognised"), "holds"),
        (Ranked(60, 60, 0.75, each=4, correlation=0.3, mixed=True), "holds"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_intervals_of_aurocs_hold(cell, shown):
    found = verdicts(rankings.intervals_of("AUROC", cell, 700))
    assert found == {"shown": shown, "gating": "holds"}


def test_a_verdict_on_the_usual_interval_of_an_auroc_would_be_noticed(monkeypatch):
    """DeLong without a transformation, 30 positives, AUROC 0.961."""

    def wald(estimate, level):
        half = 1.96 * np.sqrt(estimate.variance)
        return Bounds(estimate.value - half, estimate.value + half, "DeLong")

    monkeypatch.setattr(rankings, "gating_auroc", wald)
    assert verdicts(rankings.intervals_of("AUROC", Ranked(30, 300, 0.961), 700))["gating"] == "BREAKS"


@pytest.mark.parametrize("part", [combined.means, combined.shares, combined.curves])
def test_intervals_for_verdicts_of_means_shares_and_curves_hold(part):
    figures = list(part(400, quick=True))
    assert {figure.verdict for figure in figures if figure.kind == "gating"} == {"holds"}
    assert len(figures) >= 6


def test_a_verdict_on_students_interval_of_a_mean_would_be_noticed(monkeypatch):
    def student(values, clusters, level):
        return combined.mean_interval(combined.clustered_mean(values, clusters), level, low=0, high=1)

    monkeypatch.setattr(combined, "gating_mean", student)
    assert "BREAKS" in {figure.verdict for figure in combined.means(400, quick=True) if figure.kind == "gating"}


def test_a_gap_at_its_margin_seldom_passes_and_equal_groups_raise_few_alarms():
    figures = list(gaps.independent(400, quick=True))
    assert [f for f in figures if f.verdict == "BREAKS"] == []
    assert max(f.rate for f in figures if f.kind == "power") > 0.6


def test_a_policy_seldom_passes_a_model_at_a_bar():
    figures = [f for f in policies.policies(150, quick=True) if f.family == "policy, all rules"]
    assert [f for f in figures if f.verdict == "BREAKS"] == []
    assert {f.kind for f in figures} == {"false pass", "power"}


def test_the_committed_table_holds_and_says_how_many_simulations():
    rows = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
    assert {row["verdict"] for row in rows} == {"holds", "below minimum", "reported"}
    assert all(int(row["simulations"]) >= 5000 for row in rows if row["simulations"] != "0")
    assert {row["family"] for row in rows} >= {"proportion, independent samples", "gap of AUROC", "policy, all rules"}
    assert {row["part"] for row in rows} == set(PARTS)


def test_the_committed_table_is_of_this_code():
    """Exact figures, made again: if an interval changed, the table must be made again too."""
    rows = {(row["cell"], row["kind"]): row for row in csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines())}
    for figure in islice(proportions.independent(0, quick=True), 8):
        assert isinstance(figure, Figure)
        row = rows[figure.cell, figure.kind]
        assert float(row["coverage or rate"]) == pytest.approx(figure.rate, rel=1e-4)
        assert float(row["mean width"]) == pytest.approx(figure.width, rel=1e-4)
