"""Fixtures for all tests, and the rule that a missing capability never hides a test in CI."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ACCEPTED_SKIPS = ("needs an accelerator", "needs ../shared/data")
"""Reasons for a skip that are accepted where capabilities are required; any other skip fails the run there."""

CHECKOUT = Path(__file__).resolve().parent.parent
SHARED_DATA = CHECKOUT.parent / "shared" / "data"

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
