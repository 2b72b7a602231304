"""Samples in batches give what they give at once."""

import numpy as np
import pytest

from governance.statistics.proportions import clustered_wilson
from governance.statistics.ranking import auroc_interval, clustered_auroc
from governance.statistics.streaming import Batch, by_group


def table(n: int = 1000) -> dict[str, np.ndarray]:
    stream = np.random.default_rng(0)
    label = stream.random(n) < 0.3
    score = np.round(label + stream.normal(size=n), 1).astype(np.float32)
    return {
        "clusters": stream.integers(0, n // 4, n),
        "groups": stream.choice(["west", "north", "east"], n),
        "labels": label,
        "flagged": score > 0.7,
        "scores": score,
    }


def batches(columns: dict[str, np.ndarray], rows: int):
    n = columns["labels"].size
    return (
        Batch(**{name: column[start : start + rows] for name, column in columns.items()}) for start in range(0, n, rows)
    )


@pytest.mark.parametrize("rows", [1, 37, 1000])
@pytest.mark.parametrize("named", [False, True])
def test_groups_hold_the_samples_and_give_the_estimates_of_the_whole_table(rows, named):
    columns = table()
    if named:
        columns["clusters"] = np.char.add("P", columns["clusters"].astype(str))
    found = list(by_group(batches(columns, rows)))
    assert [group.name for group in found] == ["east", "north", "west"]
    for group in found:
        inside = columns["groups"] == group.name
        whole = clustered_auroc(columns["scores"][inside], columns["labels"][inside], columns["clusters"][inside])
        streamed = clustered_auroc(group.scores, group.labels, group.clusters)
        assert (streamed.value, streamed.variance) == pytest.approx((whole.value, whole.variance), rel=1e-12)
        assert auroc_interval(streamed).low == pytest.approx(auroc_interval(whole).low, rel=1e-12)
        positive = group.labels
        ends = clustered_wilson(group.flagged[positive], group.clusters[positive])
        of_table = inside & columns["labels"]
        expected = clustered_wilson(columns["flagged"][of_table], columns["clusters"][of_table])
        assert (ends.low, ends.high) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_patients_of_several_groups_keep_their_identity():
    columns = table()
    columns["clusters"] = columns["clusters"].astype(str).astype(object)
    numbers = {}
    for group in by_group(batches(columns, 100)):
        names = columns["clusters"][columns["groups"] == group.name]
        for number, name in zip(group.clusters, names, strict=True):
            assert numbers.setdefault(name, number) == number
    assert len(set(numbers.values())) == len(numbers) == np.unique(columns["clusters"].astype(str)).size


def test_scores_may_be_absent():
    columns = table()
    columns.pop("scores")
    assert all(group.scores is None for group in by_group(batches(columns, 300)))


def test_what_does_not_fit_is_refused():
    columns = table(10)
    whole = next(batches(columns, 10))
    with pytest.raises(ValueError, match="no sample"):
        list(by_group([]))
    with pytest.raises(ValueError, match="batch 1 differ in length"):
        list(by_group([whole, Batch(**{**columns, "labels": columns["labels"][1:]})]))
    with pytest.raises(ValueError, match="whole numbers in some"):
        list(by_group([whole, Batch(**{**columns, "clusters": columns["clusters"].astype(str)})]))
    with pytest.raises(ValueError, match="score in batch 0"):
        list(by_group([Batch(**{**columns, "scores": np.full(10, np.inf)})]))
    with pytest.raises(ValueError, match="missing in some batches"):
        list(by_group([whole, Batch(**{**columns, "scores": None})]))
    with pytest.raises(ValueError, match="no name"):
        list(by_group([Batch(**{**columns, "groups": np.array(["a"] * 9 + [None], dtype=object)})]))
