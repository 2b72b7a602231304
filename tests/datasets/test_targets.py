"""Targets of tasks other than one class a sample: several labels, numbers, reference masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from governance.datasets.decoded import DecodedDataset, MemoryBudget
from governance.datasets.describe import describe
from governance.datasets.masks import REFERENCE_MASK
from governance.errors import InputError
from governance.harness.preparation import prepare
from governance.harness.progress import SilentReporter
from governance.spec import load_spec
from governance.spec.model import DatasetSpec


@dataclass
class Images:
    table: pd.DataFrame
    masks: np.ndarray
    with_masks: Sequence[int] = field(default_factory=lambda: (0, 1, 2))

    def decode(self, indices: Sequence[int], variant: str | None = None) -> np.ndarray:
        picked = np.asarray(indices, dtype=int)
        return self.masks[picked] if variant == REFERENCE_MASK else np.zeros((len(picked), 1, 4, 4), np.uint8)

    def variants(self, name: str) -> Sequence[int]:
        return self.with_masks if name == REFERENCE_MASK else ()


def images(**columns: Sequence[object]) -> Images:
    table = pd.DataFrame({"id": ["a", "b", "c"], "patient": ["p", "p", "q"], **columns})
    return Images(table, np.eye(4, dtype=np.uint8)[None].repeat(3, axis=0))


def described(dataset: Images, task: str, **spec: Any):
    written = DatasetSpec.model_validate(
        {"kind": "loader", "role": "testing", "sample_id": "id", "cluster": "patient", **spec}
    )
    return describe("test", written, DecodedDataset(dataset, "test", MemoryBudget()), task=task)


def test_several_labels_become_a_column_each_and_the_classes_in_their_order() -> None:
    info = described(
        images(oedema=[0, 1, 1], effusion=["no", "yes", "no"]), "multilabel", targets=["oedema", "effusion"]
    )
    assert info.classes == ("oedema", "effusion")
    assert info.frame["target:oedema"].tolist() == [0, 1, 1]
    assert info.frame["target:effusion"].tolist() == [0, 1, 0]
    assert "target" not in info.frame


def test_a_number_is_a_target_as_it_is() -> None:
    info = described(images(weight=[-1.5, 0, 3e5]), "regression", target="weight")
    assert info.frame["target"].tolist() == [-1.5, 0, 3e5]
    assert info.classes == ()


@pytest.mark.parametrize(
    ("task", "columns", "spec", "message"),
    [
        ("regression", {"y": [1, "tall", 2]}, {"target": "y"}, r"the target 'y' is 'tall' in row 2 \(sample 'b'\)"),
        ("regression", {"y": [1, float("inf"), 2]}, {"target": "y"}, "the target 'y' is inf"),
        ("regression", {"y": [1, "yes", 2]}, {"target": "y"}, "expected a finite number"),
        ("regression", {"y": [1, None, 2]}, {"target": "y"}, "the target 'y' is missing in row 2"),
        ("multilabel", {"y": [0, 1, 2]}, {"targets": ["y"]}, r"the target 'y' is 2 in row 3"),
        ("multilabel", {"y": [0, 1, None]}, {"targets": ["y"]}, "the target 'y' is missing in row 3"),
        ("multilabel", {"oedema": [0, 1, 1]}, {"targets": ["edema"]}, "did you mean 'oedema'"),
        ("multilabel", {"y": [0, 1, 1]}, {"target": "y"}, r"needs `targets`, not `target`"),
        ("binary", {"y": [0, 1, 1]}, {"targets": ["y"]}, "`targets` are for a multilabel task"),
        ("segmentation", {"y": [0, 1, 1]}, {"target": "y"}, "reference masks, no target column"),
        ("multiclass", {"y": [0, 1, 5]}, {"target": "y"}, "the target 'y' is 5 in row 3"),
    ],
)
def test_targets_that_the_task_cannot_use_are_refused(task, columns, spec, message) -> None:
    with pytest.raises(InputError, match=message):
        described(images(**columns), task, **spec)


def test_the_digest_of_a_segmentation_covers_its_masks_and_no_other_does() -> None:
    first, second = images(y=[0, 1, 1]), images(y=[0, 1, 1])
    second.masks = second.masks.copy()
    second.masks[1, 0, 3] = 1
    assert described(first, "segmentation").digest != described(second, "segmentation").digest
    assert described(first, "binary", target="y").digest == described(second, "binary", target="y").digest


SPEC = """
version: 1
subject: {name: m, version: "1", kind: recorded, task: multilabel, predictions: p.csv, scores: [a, b]}
datasets:
  test:
    kind: table
    role: testing
    table: test.csv
    targets: [oedema, efusion]
    cluster: patient
evaluate:
  fairness: {on: test}
"""


def test_a_wrong_label_is_shown_where_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "governance.yaml").write_text(SPEC)
    pd.DataFrame({"oedema": [0, 1], "effusion": [1, 0], "patient": [1, 2]}).to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(InputError, match=r"governance\.yaml:9:14: the table has no column 'efusion'") as caught:
        prepare(
            load_spec(tmp_path / "governance.yaml"),
            runs=tmp_path / "runs",
            cache=tmp_path / "cache",
            reporter=SilentReporter(),
        )
    assert "effusion" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("targets: [a, b]\n    target: c", "either `target`, one column, or `targets`"),
        ("targets: [a, a]", "`targets` names a column twice"),
    ],
)
def test_targets_that_contradict_each_other_are_refused_when_the_file_is_read(tmp_path: Path, lines, message) -> None:
    (tmp_path / "governance.yaml").write_text(SPEC.replace("targets: [oedema, efusion]", lines))
    with pytest.raises(InputError, match=message):
        load_spec(tmp_path / "governance.yaml")
