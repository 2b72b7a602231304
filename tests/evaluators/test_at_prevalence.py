"""Predictive values and flags per 100 where the condition is as common as somebody says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from governance import api
from governance.evidence.folder import RunFolder
from governance.evidence.model import Measurement

STATED = 0.05


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, write_age_alone: Callable[[Path], None]) -> RunFolder:
    here = tmp_path_factory.mktemp("prevalence")
    write_age_alone(here)
    (here / "policy.yaml").write_text('policy: none\nversion: "1"\n')
    spec = (
        (here / "governance.yaml")
        .read_text()
        .replace("groups: [sex],", f"groups: [sex], prevalences: [{STATED}, 0.5],")
    )
    (here / "governance.yaml").write_text(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        found = api.run("governance.yaml", formats=("markdown",), no_tracking=True).folder
        return RunFolder(found.path.resolve())


def one(folder: RunFolder, metric: str, **about: object) -> Measurement:
    asked = {"metric": metric, "estimand": "value", "slice": {}, **about}
    (found,) = [m for m in folder.read_evidence().measurements if all(getattr(m, k) == v for k, v in asked.items())]
    return found


@pytest.mark.parametrize("cell", [{}, {"sex": "0"}, {"sex": "1"}])
@pytest.mark.parametrize("prevalence", [STATED, 0.5])
def test_numbers_follow_from_the_rates_by_bayes(folder: RunFolder, prevalence: float, cell: dict[str, str]) -> None:
    sensitivity, specificity = (one(folder, name, slice=cell).value or 0.0 for name in ("sensitivity", "specificity"))
    flagged = prevalence * sensitivity + (1 - prevalence) * (1 - specificity)
    about = {"slice": cell, "curve": {"prevalence": prevalence}}
    assert one(folder, "alerts_per_100", **about).value == pytest.approx(100 * flagged)
    right = one(folder, "positive_predictive_value_at", **about)
    assert right.value == pytest.approx(prevalence * sensitivity / flagged)
    alone = one(folder, "negative_predictive_value_at", **about)
    assert alone.value == pytest.approx((1 - prevalence) * specificity / (1 - flagged))
    for m in (right, alone):
        assert m.interval is not None
        assert m.interval.low < (m.value or 0.0) < m.interval.high


def test_clinicians_read_them_as_natural_frequencies(folder: RunFolder) -> None:
    text = (folder.documents / "public" / "clinician.md").read_text()
    flags = one(folder, "alerts_per_100", curve={"prevalence": STATED}).value or 0.0
    assert f"Where 5 of 100 cases are positive for “died”: of 100 cases the model flags {round(flags)} (" in text
