"""Agreement of judges with people, beside scikit-learn and the krippendorff package, and corrected numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from recorded_answers import measured, only
from sklearn.metrics import cohen_kappa_score

from evaluators.hallucination.recorded.judges import rogan_gladen
from governance.statistics.rater_agreement import coincidences, krippendorff_alpha
from governance.statistics.shift import estimated_prevalence

PACKAGE = json.loads((Path(__file__).parent / "krippendorff_alphas.json").read_text())


def alpha(data, *, ordinal=False):
    units = [[value for value in unit if value is not None] for unit in zip(*data, strict=True)]
    k = 1 + max(value for unit in units for value in unit)
    return float(krippendorff_alpha(coincidences(units, k).sum(axis=0).reshape(k, k), ordinal=ordinal))


@pytest.mark.parametrize("case", PACKAGE["cases"])
def test_alpha_equals_the_package_with_missing_judgements(case):
    assert alpha(case["data"]) == pytest.approx(case["alpha"], abs=1e-12)
    assert alpha(case["data"], ordinal=True) == pytest.approx(case["ordinal_alpha"], abs=1e-12)


def test_alpha_of_krippendorffs_own_example():
    """Content Analysis (2004), section 11.3: three observers, nominal alpha 0.691."""
    rows = ["* * * * * 3 4 1 2 1 1 3 3 * 3", "1 * 2 1 3 3 4 3 * * * * * * *", "* * 2 1 3 4 4 * 2 1 1 3 3 * 4"]
    assert alpha([[None if v == "*" else int(v) for v in row.split()] for row in rows]) == pytest.approx(
        0.691, abs=5e-4
    )


def judged(stream, n=300, unlabelled=0):
    people = stream.integers(0, 6, n)
    other = np.where(stream.random(n) < 0.7, people, stream.integers(0, 6, n))
    for place, (one, two) in enumerate(zip(people, other, strict=True)):
        labels = [{"judge": "model", "version": "1", "label": int(two)}]
        if place >= unlabelled:
            labels.append({"judge": "human", "label": int(one)})
        yield {"image_id": str(place // 2), "generation": "x", "judgements": labels}


def test_kappa_and_agreement_are_scikit_learns():
    items = list(judged(np.random.default_rng(7)))
    model, people = ([item["judgements"][k]["label"] for item in items] for k in (0, 1))
    found = measured(items)
    kappa = only(found, "cohen_kappa", judge="model")
    assert kappa.value == pytest.approx(cohen_kappa_score(people, model), abs=1e-12)
    assert kappa.interval.low < kappa.value < kappa.interval.high
    agreement = only(found, "judge_agreement", judge="model")
    assert agreement.value == pytest.approx(np.mean(np.equal(people, model)))
    assert sum(v for key, v in agreement.method.parameters.items() if key.startswith("people ")) == 300
    assert only(found, "krippendorff_alpha").value == pytest.approx(alpha([people, model]), abs=1e-12)


def test_ordered_labels_have_weighted_kappas_and_an_ordinal_alpha():
    items = list(judged(np.random.default_rng(7)))
    items[4]["judgements"][0]["label"] = "no idea"
    model, people = ([item["judgements"][k]["label"] for item in items if item is not items[4]] for k in (0, 1))
    found = measured(items)
    for weighting in ("linear", "quadratic"):
        kappa = only(found, f"cohen_kappa_{weighting}", judge="model")
        assert kappa.value == pytest.approx(cohen_kappa_score(people, model, weights=weighting), abs=1e-12)
        assert (kappa.n, kappa.method.parameters["unparsed_left_out"]) == (299, 1)
        assert kappa.interval.low < kappa.value < kappa.interval.high
    ordinal = only(found, "krippendorff_alpha_ordinal")
    assert ordinal.value == pytest.approx(alpha([people, model], ordinal=True), abs=1e-12)
    assert ordinal.interval.low < ordinal.value < ordinal.interval.high


def test_a_judges_share_is_corrected_as_rogan_and_gladen_do():
    value = float(rogan_gladen(np.array([40.0, 100, 18, 20, 8, 40])))
    zero = np.zeros(1)
    combined = estimated_prevalence((0.4, zero), (0.9, zero), (0.2, zero), patients=(100, 60))
    assert value == pytest.approx(combined.value)
    assert np.isnan(rogan_gladen(np.array([40.0, 100, 4, 20, 8, 40])))
    assert rogan_gladen(np.array([[5.0, 100, 18, 20, 8, 40], [99, 100, 18, 20, 8, 40]])).tolist() == [0.0, 1.0]


def test_corrected_numbers_come_nearer_to_what_people_would_have_said():
    stream = np.random.default_rng(11)
    people = np.where(stream.random(1200) < 0.3, 5, 0)
    # The judge overlooks a third of the wrong answers, and flags a tenth of the right ones.
    flip = stream.random(1200) < np.where(people == 0, 1 / 3, 0.1)
    model = np.where(flip, 5 - people, people)
    items = []
    for n in range(1200):
        labels = [{"judge": "model", "label": int(model[n])}]
        if n < 500:
            labels.append({"judge": "human", "label": int(people[n])})
        items.append({"image_id": str(n), "generation": "x", "judgements": labels})
    found = measured(items)
    raw = only(found, "hallucinated_share", judge="model").value
    corrected = only(found, "corrected_hallucinated_share", judge="model")
    truth = float(np.mean(people == 0))
    assert abs(corrected.value - truth) < 0.05 < abs(raw - truth)
    assert corrected.interval.low < truth < corrected.interval.high
    assert corrected.method.parameters["also_judged_by_people"] == 500
    score = only(found, "corrected_medihall_score", judge="model")
    assert score.value == pytest.approx(
        np.mean(model == 5) + np.mean((people == 5)[:500]) - np.mean((model == 5)[:500])
    )
    assert score.interval.low < 1 - truth < score.interval.high


def test_a_judge_without_people_is_said_to_be_unchecked():
    items = [{"image_id": str(n), "generation": "x", "judgements": [{"judge": "m", "label": 5}]} for n in range(3)]
    assert "labels of both people" in only(measured(items, measures=("judges",)), "cohen_kappa").reason
