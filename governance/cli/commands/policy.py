"""`governance policy lint`, `list`, `show`, `diff`, `test` and `import`."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import click

from governance.errors import ExitCode

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("policy")
def command() -> None:
    """Check, show, compare, test and import policies.

    A POLICY is a file, the name of one that ships, or a run folder with the policy that was recorded before it.

    \b
    Example:
      governance policy list
      governance policy lint policy.yaml --spec governance.yaml
      governance policy diff policy-2026.yaml policy-2027.yaml
    """


@command.command("lint")
@click.argument("policies", nargs=-1, required=True, metavar="POLICY...")
@click.option("--spec", type=click.Path(path_type=Path), metavar="FILE", help="The governance.yaml it is meant for.")
@json_option
def lint(policies: tuple[str, ...], spec: Path | None, as_json: bool) -> ExitCode:
    """Say what is wrong with policies, and what to look at.

    Exit 2: one cannot be read, or names what does not exist; the place is given. Exit 0: all can be used; what a person
    should look at is printed.

    \b
    Example:
      governance policy lint policy.yaml
      governance policy lint policy.yaml --spec governance.yaml
    """
    from dataclasses import replace

    from governance.cli.console import console, plain, shortest
    from governance.policy.linting import lint as linted
    from governance.policy.wording import plural
    from governance.spec import load_spec

    meant_for = load_spec(spec) if spec is not None else None
    today = dt.datetime.now(dt.UTC).date()
    by_name = {name: linted(name, today, meant_for) for name in policies}
    found = [one for findings in by_name.values() for one in findings]
    broken = sum(any(one.level == "error" for one in findings) for findings in by_name.values())
    code = ExitCode.BAD_INPUT if broken else ExitCode.OK
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], indent=1, ensure_ascii=False))
        return code
    for one in found:
        out = console(sys.stderr if one.level == "error" else sys.stdout)
        rule = f"{one.rule}: " if one.rule else ""
        place = replace(one.place, file=shortest(Path(one.place.file)))
        out.print(plain(f"{place}: {one.level}: {rule}{one.message}"), soft_wrap=True)
        for line in (one.hint or "").splitlines():
            out.print(f"  {plain(line.strip())}", soft_wrap=True)
    usable = len(by_name) - broken
    refused = f"{broken} cannot be used; " if broken else ""
    notes = sum(one.level == "note" for one in found)
    console().print(
        f"{usable} {'policy' if usable == 1 else 'policies'} can be used; {refused}{plural(notes, 'thing')} to look at"
    )
    return code


@command.command("list")
@json_option
def list_packs(as_json: bool) -> ExitCode:
    """List the policies that ship with the toolkit.

    \b
    Example:
      governance policy list
    """
    from governance.cli.policies import print_packs
    from governance.policy import load_policy, packs

    policies = [load_policy(path).policy for path in packs().values()]
    if as_json:
        rows = [
            {"policy": one.policy, "version": one.version, "status": one.status or "in use", "rules": len(one.rules),
             "for": one.jurisdiction, "title": one.title}
            for one in policies
        ]  # fmt: skip
        click.echo(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        print_packs(policies)
    return ExitCode.OK


@command.command("show")
@click.argument("policy")
@json_option
@click.option("--yaml", "as_yaml", is_flag=True, help="Print YAML: what the digest is taken of, defaults left out.")
def show(policy: str, as_json: bool, as_yaml: bool) -> ExitCode:
    """Show a policy with all that it takes over from others.

    \b
    Example:
      governance policy show clinical-imaging-baseline
      governance policy show policy.yaml --json
    """
    from governance.cli.policies import print_policy, yaml_text
    from governance.policy.lock import canonical_policy
    from governance.policy.naming import any_policy

    if as_json and as_yaml:
        raise click.UsageError("ask for either --json or --yaml")
    loaded = any_policy(policy)
    content = canonical_policy(loaded.policy)
    if as_json:
        click.echo(json.dumps({"digest": loaded.digest, "policy": content}, indent=1, ensure_ascii=False))
    elif as_yaml:
        click.echo(f"# digest: {loaded.digest}\n{yaml_text(content)}", nl=False)
    else:
        print_policy(loaded)
    return ExitCode.OK


@command.command("diff")
@click.argument("before")
@click.argument("after")
@json_option
def diff(before: str, after: str, as_json: bool) -> ExitCode:
    """Say which bars got stricter or looser, and what else changed.

    BEFORE and AFTER are policies, or decisions (decisions/*.json in a run folder). Where the policy behind a decision
    was not recorded before its run, only severities and bars can be compared.

    \b
    Example:
      governance policy diff policy-2026.yaml policy-2027.yaml
      governance policy diff runs/5f1c09a2b7d4 policy.yaml
    """
    from governance.cli.policies import print_differences
    from governance.policy.differences import differences
    from governance.policy.naming import policy_or_decision

    found = differences(policy_or_decision(before), policy_or_decision(after))
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], indent=1, ensure_ascii=False))
    elif not found:
        click.echo("nothing that decides is different")
    else:
        print_differences(found)
    return ExitCode.OK


@command.command("test")
@click.argument("policy")
@click.argument("trials", type=click.Path(path_type=Path), metavar="TRIALS")
@json_option
def test(policy: str, trials: Path, as_json: bool) -> ExitCode:
    """Try a policy on runs whose verdicts are known.

    TRIALS is a YAML file: `version: 1`, and under `trials` run folders with the verdict of each rule that matters.
    Exit 1: a verdict is another one than expected.

    \b
    Example:
      governance policy test policy.yaml policy-trials.yaml
    """
    from dataclasses import asdict

    from governance.cli.policies import print_trials
    from governance.policy.naming import any_policy
    from governance.policy.trials import tried

    found = list(tried(any_policy(policy), trials, dt.datetime.now(dt.UTC).date()))
    wrong = not all(one.as_expected for one in found)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False))
    else:
        print_trials(found)
    return ExitCode.FAILED if wrong else ExitCode.OK


@command.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--from", "kind", required=True, type=click.Choice(["mlflow-thresholds", "quality-criteria"]),
              help="What it holds: metrics with MetricThreshold's keys, or texts of quality_criteria.")  # fmt: skip
def import_thresholds(file: Path, kind: str) -> ExitCode:
    """Print thresholds that were set in MLflow as the draft of a policy.

    What cannot be carried over stands in its comments.

    \b
    Example:
      governance policy import thresholds.yaml --from mlflow-thresholds > policy.yaml
      governance policy import criteria.txt --from quality-criteria > policy.yaml
    """
    from governance.policy.drafting import draft
    from governance.policy.thresholds import read_thresholds
    from governance.policy.wording import plural

    text, made = draft(read_thresholds(file, kind), kind, file.name)
    click.echo(text, nl=False)
    carried = plural(made.count, "rule")
    click.echo(f"{carried} drafted, {len(made.left_out)} not carried over; see the comments", err=True)
    return ExitCode.OK
