"""What docs/first-own-model.md tells a reader to do works as it says, with the columns and the rule that it shows."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from governance import api

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "first-own-model.md"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(nhefs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from `governance init`, with predictions for real people in the columns that the guide shows."""
    from governance.cli.main import cli

    predictions_header, test_header = (block.splitlines()[0].split(",") for block in blocks("csv"))
    people = nhefs.testing()
    scores = nhefs.fit(nhefs.training()).predict_proba(people.decode(range(len(people.table))))[:, 1]
    ids = [f"S-{number:05d}" for number in people.table["seqn"]]
    table = pd.DataFrame(
        {
            "sample_id": ids,
            "score": np.round(scores, 6),
            "target": people.table["died"],
            "patient_id": [f"P-{number}" for number in people.table["seqn"]],
            "sex": people.table["sex"].map({"0": "M", "1": "F"}),
            "age": people.table["age"],
        }
    )
    monkeypatch.chdir(tmp_path)
    made = CliRunner().invoke(cli, ["init", "my-model"])
    assert made.exit_code == 0, made.output
    table[predictions_header].to_csv("my-model/predictions.csv", index=False)
    table[test_header].to_csv("my-model/test.csv", index=False)
    return tmp_path / "my-model"


def test_folder_runs_as_it_is_and_again_with_the_rule_of_the_guide(folder: Path) -> None:
    first = api.run(folder / "governance.yaml", no_tracking=True, formats=["html"])
    assert first.decision is not None
    assert first.exit_code == 0
    assert first.documents
    rule = next(block for block in blocks("yaml") if "sensitivity-overall" in block)
    policy = folder / "policy.yaml"
    policy.write_text(policy.read_text().rstrip() + "\n\n" + rule)
    second = api.run(folder / "governance.yaml", no_tracking=True, formats=["html"])
    assert second.decision is not None
    verdicts = {verdict.rule: verdict.outcome for verdict in second.decision.verdicts}
    assert verdicts["sensitivity-overall"] in ("fail", "inconclusive")
    assert second.exit_code in (1, 3)


def test_columns_that_the_guide_shows_are_those_of_the_scaffold(folder: Path) -> None:
    written = (folder / "governance.yaml").read_text()
    shown = next(block for block in blocks("yaml") if "attributes:" in block)
    for line in shown.splitlines():
        key = line.split("#")[0].strip()
        assert key in written, key


def test_commands_of_the_guide_exist() -> None:
    from governance.cli.main import cli

    for block in blocks("sh"):
        for line in block.splitlines():
            if line.startswith("governance "):
                assert CliRunner().invoke(cli, [line.split()[1], "--help"]).exit_code == 0, line
    assert shutil.which("cp")
