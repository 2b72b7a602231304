"""What is known of a dataset: groups, ids, targets, digests, and the errors for people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from governance.datasets.decoded import DecodedDataset, MemoryBudget
from governance.datasets.describe import class_names, describe
from governance.datasets.groups import GroupingError, band_names, group_names
from governance.errors import InputError
from governance.spec.model import Attribute, DatasetSpec


@dataclass
class Features:
    table: pd.DataFrame
    values: np.ndarray
    fingerprint: str | None = None
    decoded: list[int] = field(default_factory=list)

    def decode(self, indices: Sequence[int], variant: str | None = None) -> np.ndarray:
        self.decoded.extend(indices)
        return self.values[np.asarray(indices, dtype=int)] + (0 if variant is None else 1)

    def variants(self, name: str) -> Sequence[int]:
        return [2, 0] if name == "other" else []


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "patient": [7, 7, 8, 9],
            "died": [0, 1, 1, 0],
            "sex": ["F", "M", None, "F"],
            "age": [39.5, 40, 60, np.nan],
            "smoker": [True, False, True, True],
        }
    )


def features() -> Features:
    return Features(table(), np.arange(8, dtype=np.float32).reshape(4, 2))


SPEC = DatasetSpec.model_validate(
    {
        "kind": "table",
        "role": "testing",
        "target": "died",
        "sample_id": "id",
        "cluster": "patient",
        "attributes": {
            "sex": {"column": "sex", "labels": {"M": "men", "F": "women"}},
            "age": {"column": "age", "bands": [40, 60]},
            "smoker": {"column": "smoker"},
        },
    }
)


def described(dataset: Features, spec: DatasetSpec = SPEC, task: str = "binary", classes: tuple[str, ...] = ()):
    return describe("test", spec, DecodedDataset(dataset, "test", MemoryBudget()), task=task, classes=classes)


def test_attributes_become_named_groups_in_a_fixed_order_with_missing_values_last() -> None:
    info = described(features())
    assert info.frame["age"].tolist() == ["<40", "40-60", ">=60", "not recorded"]
    assert info.attributes["age"].groups == ("<40", "40-60", ">=60", "not recorded")
    assert info.frame["sex"].tolist() == ["women", "men", "not recorded", "women"]
    assert info.attributes["sex"].groups == ("men", "women", "not recorded")
    assert info.frame["smoker"].tolist() == ["true", "false", "true", "true"]
    assert info.frame["cluster"].tolist() == ["7", "7", "8", "9"]
    assert info.frame["target"].tolist() == [0, 1, 1, 0]


def test_a_band_without_samples_is_still_a_group() -> None:
    names, order = group_names(pd.Series([10.0, 20.0]), Attribute(column="age", bands=(40, 60)))
    assert names == ["<40", "<40"]
    assert order == ("<40", "40-60", ">=60")


def test_bands_below_zero_stay_readable() -> None:
    assert band_names([-5, 0, 2.5]) == ("<-5", "-5 to 0", "0 to 2.5", ">=2.5")


def test_whole_numbers_and_truth_values_are_sorted_as_numbers_and_renamed_by_either_spelling() -> None:
    names, order = group_names(pd.Series([10.0, 9.0, 2.0]), Attribute(column="site"))
    assert (names, order) == (["10", "9", "2"], ("2", "9", "10"))
    names, order = group_names(pd.Series([True, False]), Attribute(column="x", labels={"1": "with", "0": "without"}))
    assert (names, order) == (["with", "without"], ("with", "without"))


def test_a_continuous_column_without_bands_is_refused_with_the_way_out() -> None:
    with pytest.raises(GroupingError, match="bands"):
        group_names(pd.Series(np.linspace(0, 1, 200)), Attribute(column="age"))
    with pytest.raises(GroupingError, match="row 2 holds 'old'"):
        group_names(pd.Series([1, "old"]), Attribute(column="age", bands=(40,)))


def test_the_digest_follows_content_and_nothing_else() -> None:
    base = described(features()).digest
    assert described(features()).digest == base
    changed = features()
    changed.values[3, 1] += 1
    assert described(changed).digest != base
    relabelled = features()
    relabelled.table.loc[0, "died"] = 1
    assert described(relabelled).digest != base
    other_type = features()
    other_type.values = other_type.values.astype(np.uint8)
    assert described(other_type).digest != base


def test_the_digest_does_not_depend_on_the_memory_budget() -> None:
    large = DecodedDataset(features(), "test", MemoryBudget())
    none = DecodedDataset(features(), "test", MemoryBudget(0))
    assert large.content_digest() == none.content_digest()
    assert np.array_equal(large.decode([2, 1]), none.decode([2, 1]))


def test_each_sample_is_decoded_once_while_it_fits_in_memory() -> None:
    source = features()
    dataset = DecodedDataset(source, "test", MemoryBudget())
    assert dataset.content_digest() == dataset.content_digest()
    dataset.decode([0, 3])
    dataset.decode([1])
    assert source.decoded == [0, 1, 2, 3]


def test_a_known_fingerprint_spares_decoding_and_a_damaged_index_entry_costs_one(tmp_path: Path) -> None:
    first = features()
    first.fingerprint = "size and time"
    digest = DecodedDataset(first, "test", MemoryBudget(), tmp_path).content_digest()
    again = features()
    again.fingerprint = "size and time"
    assert DecodedDataset(again, "test", MemoryBudget(), tmp_path).content_digest() == digest
    assert again.decoded == []
    next(tmp_path.iterdir()).write_bytes(b"{")
    assert DecodedDataset(again, "test", MemoryBudget(), tmp_path).content_digest() == digest
    assert again.decoded == [0, 1, 2, 3]


def test_a_reference_that_is_sometimes_missing_stays_none() -> None:
    info = described(with_column("reference", ["yes", None, np.nan, "no"]))
    assert info.frame["reference"].tolist() == ["yes", None, None, "no"]
    other = described(with_column("reference", ["yes", None, "no", "no"]))
    assert info.digest != other.digest


def test_a_variant_is_decoded_for_the_samples_that_have_it() -> None:
    dataset = DecodedDataset(features(), "test", MemoryBudget())
    assert dataset.variants("other") == (0, 2)
    assert dataset.content_digest("other") != dataset.content_digest()
    assert dataset.decode([2], "other").tolist() == [[5, 6]]


def with_column(name: str, values: list[object]) -> Features:
    changed = features()
    changed.table[name] = values
    return changed


@pytest.mark.parametrize(
    ("dataset", "spec", "words"),
    [
        (features(), {"target": "dead"}, ["no column 'dead'", "did you mean 'died'?"]),
        (features(), {"attributes": {"sex": {"column": "sexx"}}}, ["no column 'sexx'", "did you mean 'sex'?"]),
        (with_column("died", [0, None, 1, 0]), {}, ["target 'died' is missing in row 2 (sample 'b')"]),
        (with_column("died", [0, float("nan"), 1, 0]), {}, ["is missing in row 2 (sample 'b')"]),
        (with_column("died", [0, 1, 2, 0]), {}, ["is 2.0 in row 3", "expected 0 or 1"]),
        (with_column("died", [0, 1, 0.5, 0]), {}, ["is 0.5 in row 3 (sample 'c')"]),
        (with_column("died", [0, 1, "maybe", 0]), {}, ["is 'maybe' in row 3"]),
        (with_column("id", ["a", "b", "a", "d"]), {}, ["sample id 'a' occurs twice: in rows 1 and 3"]),
        (with_column("id", ["a", None, "c", "d"]), {}, ["column 'id' is empty in row 2"]),
        (with_column("patient", [1, 2, None, 4]), {}, ["column 'patient' is empty in row 3 (sample 'c')"]),
    ],
)
def test_bad_tables_are_refused_with_the_row_and_the_way_out(dataset, spec, words) -> None:
    with pytest.raises(InputError) as raised:
        described(dataset, SPEC.model_copy(update=DatasetSpec.model_validate({**SPEC.model_dump(), **spec}).__dict__))
    text = str(raised.value)
    for word in words:
        # Pandas shows whole numbers beside a missing one as floats; either spelling names the value.
        assert word in text or word.replace(".0", "") in text


def test_words_are_targets_of_a_binary_task_and_free_text_is_none_for_generation() -> None:
    info = described(with_column("died", ["no", "Yes", "present", "absent"]))
    assert info.frame["target"].tolist() == [0, 1, 1, 0]
    answers = with_column("died", ["no", "a fracture", "yes", "yes"])
    assert "target" not in described(answers, task="generate").frame.columns


def test_multiclass_targets_are_indices_of_sorted_names() -> None:
    dataset = with_column("died", ["nodule", "mass", "effusion", "mass"])
    classes = class_names([(dataset.table, "died")])
    assert classes == ("effusion", "mass", "nodule")
    assert described(dataset, task="multiclass", classes=classes).frame["target"].tolist() == [2, 1, 0, 1]


def test_samples_without_clusters_are_their_own_cluster() -> None:
    spec = SPEC.model_copy(update={"cluster": "none", "cluster_reason": "one image a patient"})
    info = described(features(), spec)
    assert info.frame["cluster"].tolist() == ["a", "b", "c", "d"]
    assert not info.clustered
