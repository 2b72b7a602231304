"""Recorded predictions of several labels, numbers and masks: what is read, and what is refused at which line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from governance.errors import InputError
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.protocol import Sample
from governance.subjects.recorded import ABSENT, open_recorded


def opened(folder: Path, task: str, text: str, **options: object):
    (folder / "p.csv").write_text(text)
    subject = SubjectSpec.model_validate(
        {
            "name": "m",
            "version": "1",
            "kind": "recorded",
            "task": task,
            "options": {"predictions": "p.csv", **options},
        }
    )
    return open_recorded(subject, folder, "cpu", Settings())


def samples(*names: str) -> list[Sample]:
    return [Sample(sample_id=name, dataset="test", condition="clean", severity=None) for name in names]


def test_numbers_of_a_regression_are_its_value_column(tmp_path: Path) -> None:
    session = opened(tmp_path, "regression", "sample_id,value,status\na,-3.5,\nb,,rejected\nc,1e6,ok\n")
    found = session.predict(samples("a", "b", "c", "d"))
    np.testing.assert_array_equal(found["value"], [-3.5, np.nan, 1e6, np.nan])
    assert found["status"] == ["ok", "rejected", "ok", "rejected"]
    assert found["reason"][3] == ABSENT


def test_scores_of_labels_need_not_add_up_to_one(tmp_path: Path) -> None:
    session = opened(tmp_path, "multilabel", "sample_id,a,b\nx,0.9,0.8\ny,0,0\n", scores=["a", "b"])
    assert session.predict(samples("y", "x"))["scores"] == [[0, 0], [0.9, 0.8]]


def test_measures_of_masks_are_read_and_those_left_out_stay_empty(tmp_path: Path) -> None:
    text = "sample_id,dice,hausdorff_95,reference_empty,prediction_empty\na,0.5,2.25,0,0\nb,,,1,1\nc,0,,0,1\n"
    found = opened(tmp_path, "segmentation", text).predict(samples("a", "b", "c"))
    np.testing.assert_array_equal(found["dice"], [0.5, np.nan, 0])
    np.testing.assert_array_equal(found["iou"], [np.nan] * 3)
    np.testing.assert_array_equal(found["hausdorff_95"], [2.25, np.nan, np.nan])
    np.testing.assert_array_equal(found["prediction_empty"], [0, 1, 1])
    assert found["status"] == ["ok"] * 3


@pytest.mark.parametrize(
    ("task", "text", "options", "message"),
    [
        ("regression", "sample_id,score\na,1\n", {}, r"p.csv:1: the predictions have no column 'value'"),
        ("regression", "sample_id,value\na,1\nb,\n", {}, r"p.csv:3: the value of sample 'b' is empty"),
        ("regression", "sample_id,value\na,inf\n", {}, r"p.csv:2: the value of sample 'a' is inf"),
        ("regression", "sample_id,value\na,tall\n", {}, r"p.csv:2: the value of sample 'a' is 'tall'"),
        ("regression", "sample_id,value\na,1\n", {"scores": ["value"]}, "recorded predictions of a regression have no"),
        ("multilabel", "sample_id,a\nx,0.5\n", {}, "several labels need `scores`"),
        ("multilabel", "sample_id,a,b\nx,0.5,1.5\n", {"scores": ["a", "b"]}, "p.csv:2: the score of sample 'x' is 1.5"),
        ("multilabel", "sample_id,a\nx,0.5\n", {"scores": ["a", "b"]}, "p.csv:1: the predictions have no column 'b'"),
        ("multiclass", "sample_id,a\nx,0.5\n", {"scores": ["a"]}, "several classes need `scores`"),
        ("multiclass", "sample_id,a,b\nx,0.5,0.6\n", {"scores": ["a", "b"]}, "add up to 1.1, not to 1"),
        ("segmentation", "sample_id,iou\na,1\n", {}, "p.csv:1: the predictions have no column 'dice'"),
        ("segmentation", "sample_id,dice\na,1.2\n", {}, "p.csv:2: dice of sample 'a' is 1.2; expected a share"),
        ("segmentation", "sample_id,dice\na,\n", {}, "p.csv:2: dice of sample 'a' is empty"),
        ("segmentation", "sample_id,dice,hausdorff_95\na,1,-2\n", {}, "expected millimetres"),
        ("segmentation", "sample_id,dice,reference_empty\na,1,0.5\n", {}, "expected 0 or 1"),
    ],
)
def test_lines_that_the_task_cannot_use_are_refused(tmp_path: Path, task, text, options, message) -> None:
    with pytest.raises(InputError, match=message) as caught:
        opened(tmp_path, task, text, **options)
    assert caught.value.exit_code == 2
