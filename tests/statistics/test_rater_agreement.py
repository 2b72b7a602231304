"""Agreement beyond chance beside scikit-learn and published examples, and intervals for verdicts that hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from benchmarks.validity.agreement import Raters, corrections_of, kappa_of
from governance.statistics import label_errors, rater_agreement
from governance.statistics.bounds import Bounds
from governance.statistics.label_errors import gating_corrected_mean, gating_prevalence
from governance.statistics.linearised import gating_linearised
from governance.statistics.means import gating_mean
from governance.statistics.mover import solution_interval
from governance.statistics.rater_agreement import (
    cohen_kappa,
    coincidences,
    gating_alpha,
    gating_kappa,
    krippendorff_alpha,
)


def tables_of(first, second, k):
    found = np.zeros((len(first), k, k))
    found[np.arange(len(first)), first, second] = 1.0
    return found


@pytest.mark.parametrize("weighting", ["nominal", "linear", "quadratic"])
def test_kappa_is_scikit_learns(weighting):
    stream = np.random.default_rng(3)
    first = stream.integers(0, 6, 200)
    second = np.clip(first + stream.integers(-2, 3, 200), 0, 5)
    expected = cohen_kappa_score(first, second, weights=None if weighting == "nominal" else weighting)
    assert cohen_kappa(tables_of(first, second, 6).sum(axis=0), weighting) == pytest.approx(expected, abs=1e-12)


PUBLISHED = ("123321412...", "1233224125.3", ".3332342251.", "12332441251.")
"""Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), example C: four observers, twelve units."""


@pytest.mark.parametrize(("ordinal", "alpha"), [(False, 0.743), (True, 0.815)])
def test_alpha_of_the_published_example(ordinal, alpha):
    units = [[int(label) - 1 for label in unit if label != "."] for unit in zip(*PUBLISHED, strict=True)]
    met = coincidences(units, 5).sum(axis=0).reshape(5, 5)
    assert krippendorff_alpha(met, ordinal=ordinal) == pytest.approx(alpha, abs=5e-4)


def test_there_is_no_agreement_beyond_chance_where_all_labels_are_the_same():
    same = np.diag([7.0, 0.0])
    assert np.isnan(cohen_kappa(same))
    assert np.isnan(krippendorff_alpha(same, ordinal=True))
    with pytest.raises(ValueError, match="all labels are the same"):
        gating_kappa(tables_of([0] * 9, [0] * 9, 2), np.arange(9))


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=40),
    st.sampled_from(["nominal", "linear", "quadratic"]),
    st.integers(1, 3),
)
@settings(max_examples=60, deadline=None)
def test_the_interval_for_verdicts_holds_the_estimate_in_range_and_is_never_a_point(pairs, weighting, each):
    first, second = np.array(pairs).T
    tables, codes = tables_of(first, second, 4), np.arange(len(pairs)) // each
    value = float(cohen_kappa(tables.sum(axis=0), weighting))
    if not np.isfinite(value) or codes.max() == 0:
        return
    ends = gating_kappa(tables, codes, 0.95, weighting)
    assert -1 <= ends.low <= value + 1e-9
    assert value - 1e-9 <= ends.high <= 1
    assert ends.high - ends.low > 0.01


def test_complete_agreement_of_few_patients_is_not_known_to_be_complete():
    labels = [0, 1] * 10
    ends = gating_alpha(coincidences([[one, one] for one in labels], 2).reshape(-1, 2, 2), np.arange(20))
    assert ends.high == pytest.approx(1.0)
    assert 0.3 < ends.low < 0.75


def test_more_samples_of_the_same_patients_do_not_narrow_the_interval():
    stream = np.random.default_rng(5)
    first = stream.integers(0, 2, 60)
    second = np.where(stream.random(60) < 0.85, first, 1 - first)
    once = gating_kappa(tables_of(first, second, 2), np.arange(60))
    four = gating_kappa(tables_of(np.repeat(first, 4), np.repeat(second, 4), 2), np.repeat(np.arange(60), 4))
    assert four.high - four.low >= once.high - once.low - 1e-3


def test_the_interval_of_a_ratio_is_fiellers_for_intervals_of_normal_estimates():
    (a, b), (va, vb, cov), z = (0.3, 0.8), (0.0004, 0.0009, 0.0003), 1.96
    ends = [Bounds(value - z * v**0.5, value + z * v**0.5, "") for value, v in ((a, va), (b, vb))]
    together = cov / np.sqrt(va * vb)
    found = solution_interval(
        a / b,
        tuple(zip((a, b), ends, strict=True)),
        np.array([[1, together], [together, 1]]),
        lambda t: np.stack([np.ones_like(t), -t], axis=1),
        (0.0, 2.0),
    )
    fieller = np.roots([b**2 - z**2 * vb, -2 * (a * b - z**2 * cov), a**2 - z**2 * va])
    assert found == pytest.approx(sorted(fieller), abs=1e-5)


def test_a_ratio_whose_denominator_may_be_0_may_be_anything_above_its_lower_end():
    found = solution_interval(
        1.0,
        ((0.5, Bounds(0.4, 0.6, "")), (0.5, Bounds(0.0, 1.0, ""))),
        np.eye(2),
        lambda t: np.stack([np.ones_like(t), -t], axis=1),
        (0.0, 50.0),
    )
    assert found[1] == 50.0
    assert 0.3 < found[0] < 1.0


def test_a_corrected_share_needs_patients_of_both_kinds():
    flagged, codes = np.arange(40) % 3 == 0, np.arange(40)
    with pytest.raises(ValueError, match="there are 4 and 36"):
        gating_prevalence(flagged, codes < 4, codes >= 4, codes)
    with pytest.raises(ValueError, match="two patients"):
        gating_corrected_mean(flagged * 1.0, flagged * 1.0, codes < 1, codes)


def test_a_judge_that_does_not_tell_leaves_every_share_possible():
    codes = np.arange(200)
    positive, flagged = codes % 2 == 0, codes % 4 < 2
    ends = gating_prevalence(flagged, positive, ~positive, codes)
    assert (ends.low, ends.high) == (0.0, 1.0)


def test_the_interval_of_a_smooth_function_is_about_that_of_a_mean_where_it_is_a_mean():
    values = np.random.default_rng(1).beta(4, 2, 150)
    smooth = gating_linearised(float(values.mean()), (values - values.mean()) / 150, np.ones(150))
    mean = gating_mean(values, np.arange(150))
    assert (smooth.low, smooth.high) == pytest.approx((mean.low, mean.high), abs=2e-3)
    with pytest.raises(ValueError, match="two independent"):
        gating_linearised(0.5, np.zeros(1), np.ones(1))


CELLS = [
    (Raters("2 labels", 0.85, 0.0), 20),
    (Raters("2 labels, one rare", 0.3, 0.0), 200),
    (Raters("2 labels", 0.97, 0.2), 50),
    (Raters("6 labels", 0.85, 0.2, "quadratic"), 50),
]


@pytest.mark.slow
@pytest.mark.parametrize(("raters", "patients"), CELLS, ids=lambda cell: getattr(cell, "labels", cell))
def test_verdicts_on_agreement_seldom_err_on_either_side(raters, patients):
    assert kappa_of(raters, patients, 400).verdict == "holds"


@pytest.mark.slow
def test_trusting_a_correlation_that_few_patients_show_would_be_noticed(monkeypatch):
    monkeypatch.setattr(rater_agreement, "PSEUDO_PATIENTS", 0.0)
    assert kappa_of(Raters("2 labels, one rare", 0.3, 0.0), 20, 400).verdict == "BREAKS"


@pytest.mark.slow
@pytest.mark.parametrize(("labelled", "together"), [(0.3, 0.3), (1.0, 0.0)])
def test_verdicts_on_corrected_numbers_seldom_err_on_either_side(labelled, together):
    figures = list(corrections_of((0.2, 0.9, 0.1), labelled, together, 100, 250))
    assert [figure.verdict for figure in figures] == ["holds", "holds"]


@pytest.mark.slow
def test_trusting_what_few_changed_samples_show_would_be_noticed(monkeypatch):
    monkeypatch.setattr(label_errors, "PSEUDO_PATIENTS", 1e-9)
    _, figure = corrections_of((0.05, 0.8, 0.05), 1.0, 0.0, 50, 300)
    assert figure.verdict == "BREAKS"
