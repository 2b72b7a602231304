"""Overlap of masks under conditions: masks of one radiologist, eroded and shifted, against themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from condition_predictions import CLEAN, EVALUATOR, Worsened, condition, one, scale
from reader_masks import two_readers
from task_predictions import observations, with_classes

from evaluators.robustness import RobustnessOptions
from governance.errors import InputError
from governance.spec.model import SubjectSpec

SHIFTS = (1, 2, 4)


class Masks(Worsened):
    """Dice coefficients under conditions."""

    def table(self, scores: np.ndarray) -> pd.DataFrame:
        return observations(self.info.frame["sample_id"].tolist(), dice=scores)


def dice(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    both, sizes = (first & second).sum(axis=(1, 2)), first.sum(axis=(1, 2)) + second.sum(axis=(1, 2))
    return np.where(sizes > 0, 2 * both / np.maximum(sizes, 1), np.nan)


@pytest.fixture(scope="module")
def data() -> Masks:
    """The second reader in the place of the model, whose masks slip to one side."""
    from nhefs_predictions import dataset_info

    readers = two_readers()
    frame = readers.table[["sample_id"]].assign(
        cluster=readers.table["patient_id"], contrast=readers.table["contrast_used"]
    )
    first, second = readers.first.astype(bool), readers.second.astype(bool)
    scores = {CLEAN: dice(first, second)}
    for shift in SHIFTS:
        scores[condition("slipped", shift)] = dice(first, np.roll(second, shift, axis=2))
    info = with_classes(dataset_info(frame, "test"), ())
    return Masks(info, scores, (scale("slipped", *SHIFTS),), task="segmentation")


@pytest.fixture(scope="module")
def found(data):
    return data.measure(groups=["contrast"])


def test_dice_falls_as_masks_slip_and_the_fall_is_paired(data, found):
    values = [one(found, "dice", at).value for at in data.scores]
    assert values == pytest.approx([np.nanmean(scores) for scores in data.scores.values()], abs=1e-12)
    assert values == sorted(values, reverse=True)
    for at, scores in list(data.scores.items())[1:]:
        change = one(found, "dice", at, estimand="difference", reference_condition=CLEAN)
        assert change.value == pytest.approx(np.nanmean(scores - data.scores[CLEAN]), abs=1e-12)
        assert change.interval.low <= change.value <= change.interval.high < 0


def test_the_area_is_what_is_lost_along_the_scale(data, found):
    lost = [0.0, *(np.nanmean(data.scores[CLEAN] - data.scores[condition("slipped", s)]) for s in SHIFTS)]
    area = one(found, "dice_degradation_area", condition("slipped"))
    assert area.value == pytest.approx(np.trapezoid(lost, [0, *SHIFTS]) / SHIFTS[-1], abs=1e-12)
    assert area.interval.low > 0
    mean = one(found, "mean_dice_under_conditions")
    assert mean.value == pytest.approx(np.mean([one(found, "dice", condition("slipped", s)).value for s in SHIFTS]))


def test_groups_are_compared_and_decisions_are_not_made_up(found):
    assert [m for m in found if m.metric == "dice" and m.estimand == "worst" and not m.condition.is_clean]
    assert one(found, "mean_dice_under_conditions", slice={"contrast": "yes"}).status == "measured"
    assert not {"classification_error", "flip_rate", "mean_error_under_conditions"} & {m.metric for m in found}


def test_masks_that_a_model_draws_are_refused_with_a_way_out(data):
    context = data.context(RobustnessOptions(on="test", conditions=("slipped",)))
    drawn = SubjectSpec(name="m", version="1", kind="torch", task="segmentation")
    with pytest.raises(InputError, match="only where their overlap was recorded"):
        list(EVALUATOR.needs(type(context)(**{**vars(context), "subject": drawn})))


def test_an_overlap_that_is_none_is_refused(data):
    wrong = data.table(np.where(np.arange(data.info.n) == 3, 1.2, 0.5))
    with pytest.raises(InputError, match=r"is 1\.2"):
        data.measure(changed={condition("slipped", 1): wrong})
