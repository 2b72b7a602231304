"""What docs/write-a-policy.md shows is read as it says."""

import re
from pathlib import Path

import click
import pytest

from governance.policy import load_policy, load_waivers, named_policy
from governance.policy.drafting import draft
from governance.policy.rules import Check
from governance.policy.selecting import Bar, Selector
from governance.policy.thresholds import read_thresholds
from governance.policy.trials import TrialFile
from governance.spec.yaml import parse_yaml

PATH = Path(__file__).resolve().parents[2] / "docs" / "write-a-policy.md"
GUIDE = PATH.read_text()
WHOLE, LEAK, TRADE_OFF, CHILD, WAIVERS, TRIALS, IMPORTED = re.findall(
    r"^```yaml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE
)


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


def test_the_whole_policy_and_its_further_rules_are_read(tmp_path: Path) -> None:
    pytest.importorskip("cel_expr_python")
    rules = "".join(f"  {line}\n" for line in (LEAK + TRADE_OFF).splitlines())
    policy = load_policy(written(tmp_path, WHOLE + rules)).policy
    assert [rule.id for rule in policy.rules] == ["sensitivity-overall", "no-leak", "trade-off"]


def test_the_policy_that_builds_on_another_is_read(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, CHILD)).policy
    base = load_policy(named_policy("clinical-imaging-baseline")).policy
    assert len(policy.rules) == len(base.rules) - 1
    by_id = {rule.id: rule for rule in policy.rules}
    assert by_id["sensitivity"].bar.at_least == 0.85
    assert by_id["sensitivity-worst-age"].severity == "block"


def test_the_waiver_is_one_for_the_whole_policy(tmp_path: Path) -> None:
    import datetime as dt

    policy = load_policy(written(tmp_path, WHOLE)).policy
    (tmp_path / "waivers.yaml").write_text(WAIVERS)
    found = load_waivers(
        tmp_path / "waivers.yaml", policy, model="nodule-suspicion", version="1.0", today=dt.date(2026, 11, 1)
    )
    assert list(found.in_force) == ["sensitivity-overall"]


def test_the_trials_are_read() -> None:
    content = parse_yaml(TRIALS, PATH).content
    assert len(TrialFile.model_validate(content).trials[0].expect) == 2


def test_the_thresholds_are_imported_as_the_guide_says(tmp_path: Path) -> None:
    (tmp_path / "thresholds.yaml").write_text(IMPORTED)
    kind = "mlflow-thresholds"
    text, made = draft(read_thresholds(tmp_path / "thresholds.yaml", kind), kind, "thresholds.yaml")
    policy = load_policy(written(tmp_path, text)).policy
    assert [rule.bar.kinds for rule in policy.rules] == [("at_least",), ("not_worse_than",)]
    assert len(made.left_out) == 2


def test_the_options_and_commands_that_are_named_exist() -> None:
    from governance.cli.main import cli

    group = cli.get_command(click.Context(cli), "policy")
    assert isinstance(group, click.Group)
    named = set(re.findall(r"governance policy (\w+)", GUIDE))
    assert named == set(group.commands)
    options = {option for one in group.commands.values() for parameter in one.params for option in parameter.opts}
    assert set(re.findall(r"`(--(?:spec|json|yaml|from))\b", GUIDE)) <= options


def test_every_key_that_is_named_exists() -> None:
    def column(title: str) -> str:
        table = GUIDE.split(title)[1].split("\n\n")[0]
        return " ".join(line.split("|")[1] for line in table.splitlines() if line.startswith("|"))

    measured = set(re.findall(r"`\{?([a-z_]+)[:,]", column("| write | it is about |")))
    assert measured <= set(Selector.model_fields)
    assert set(re.findall(r"`([a-z_]+):", column("| bar | pass | fail |"))) <= set(Bar.model_fields)
    asked = set(re.findall(r"`([a-z_]+):", column("| `provenance:` | asks |"))) - {"provenance"}
    assert asked == set(Check.model_fields)
