"""Fixtures for all tests, and the rule that a missing capability never hides a test in CI."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable
from pathlib import Path

import pytest

ACCEPTED_SKIPS = ("needs an accelerator", "needs ../shared/data", "outloud is not installed")
"""Reasons for a skip that are accepted where capabilities are required; any other skip fails the run there."""

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED_DATA = CHECKOUT.parent / "shared" / "data"

AGE_ALONE = """
version: 1
subject: {name: age-alone, version: "1.0", kind: recorded, predictions: predictions.csv}
datasets:
  test:
    kind: table
    table: test.csv
    role: testing
    target: died
    sample_id: seqn
    cluster: none
    cluster_reason: one row is one person
    attributes: {sex: sex}
evaluate:
  fairness: {on: test, groups: [sex], operating_point: {threshold: 0.35}}
policy: policy.yaml
"""

_refused: list[str] = []


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("needs ../shared/data")
    return SHARED_DATA


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the source tree."""
    return CHECKOUT


@pytest.fixture(scope="session")
def write_age_alone() -> Callable[[Path], None]:
    """Write a project without its policy into a folder: deaths of real people, predicted from their age alone."""
    import pandas as pd

    def write(folder: Path) -> None:
        spec = importlib.util.find_spec("causaldata")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        people = pd.read_stata(Path(spec.submodule_search_locations[0]) / "nhefs" / "nhefs.dta")
        table = pd.DataFrame({"seqn": people["seqn"].astype(int), "died": people["death"].astype(int)})
        table["sex"] = people["sex"].astype(str)
        table.to_csv(folder / "test.csv", index=False)
        score = ((people["age"].astype(float) - 20) / 100).clip(0, 1)
        pd.DataFrame({"sample_id": table["seqn"], "score": score}).to_csv(folder / "predictions.csv", index=False)
        (folder / "governance.yaml").write_text(AGE_ALONE)

    return write


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip GPU tests where there is no accelerator (asked only if there are any)."""
    marked = [item for item in items if item.get_closest_marker("gpu")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="needs an accelerator"))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Collect skips whose reason is not accepted."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(accepted in reason for accepted in ACCEPTED_SKIPS):
            _refused.append(f"{report.nodeid}: {reason}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the capabilities that this machine lacks."""
    for line in _refused:
        terminalreporter.write_line(f"skipped capability outside the accepted list: {line}")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail where a skip hides a capability that CI must have."""
    if _refused and exitstatus == 0 and os.environ.get("GOVERNANCE_REQUIRE_CAPABILITIES"):
        session.exitstatus = 1
