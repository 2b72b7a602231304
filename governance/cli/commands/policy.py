"""`governance policy lint`, `list`, `show`, `diff` and `test`."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from governance.errors import ExitCode

if TYPE_CHECKING:
    from governance.policy import LoadedPolicy
    from governance.policy.differences import Difference

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("policy")
def command() -> None:
    """Check, show, compare and test policies.

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
    from governance.cli.console import console, plain
    from governance.errors import Location
    from governance.policy.review import review
    from governance.spec import load_spec

    meant_for = load_spec(spec).spec if spec is not None else None
    today, found = dt.datetime.now(dt.UTC).date(), []
    for name in policies:
        loaded = _load(name)
        for note in review(loaded.policy, today, meant_for):
            line = loaded.lines.get(note.rule or "") if note.rule else None
            place = Location(str(loaded.path or name), line)
            found.append(
                {"policy": name, "rule": note.rule, "place": str(place), "message": note.message, "hint": note.hint}
            )
    if as_json:
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return ExitCode.OK
    out = console()
    for note_found in found:
        rule = f"{note_found['rule']}: " if note_found["rule"] else ""
        out.print(plain(f"{note_found['place']}: {rule}{note_found['message']}"), soft_wrap=True)
        if note_found["hint"]:
            out.print(f"  {plain(str(note_found['hint']))}", soft_wrap=True)
    count = len(policies)
    out.print(f"{count} {'policy' if count == 1 else 'policies'} can be used; {len(found)} to look at")
    return ExitCode.OK


@command.command("list")
@json_option
def list_packs(as_json: bool) -> ExitCode:
    """List the policies that ship with the toolkit.

    \b
    Example:
      governance policy list
    """
    from rich.padding import Padding

    from governance.cli.console import console, plain
    from governance.policy import load_policy, packs
    from governance.policy.wording import plural

    columns = ("policy", "version", "status", "rules", "for", "title")
    rows = []
    for path in packs().values():
        policy = load_policy(path).policy
        rows.append((policy.policy, policy.version, policy.status or "in use", str(len(policy.rules)),
                     policy.jurisdiction or "anywhere", policy.title or ""))  # fmt: skip
    if as_json:
        click.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], indent=1, ensure_ascii=False))
        return ExitCode.OK
    out = console()
    for name, version, status, count, jurisdiction, title in rows:
        out.print(f"{name} {version} ({status}, {plural(int(count), 'rule')}, {plain(jurisdiction)})", style="bold")
        out.print(Padding(plain(title), (0, 0, 0, 2)))
    return ExitCode.OK


@command.command("show")
@click.argument("policy")
@json_option
def show(policy: str, as_json: bool) -> ExitCode:
    """Show a policy with all that it takes over from others.

    \b
    Example:
      governance policy show clinical-imaging-baseline
      governance policy show policy.yaml --json
    """
    from governance.policy.lock import canonical_policy

    loaded = _load(policy)
    if as_json:
        content = {"digest": loaded.digest, "policy": canonical_policy(loaded.policy)}
        click.echo(json.dumps(content, indent=1, ensure_ascii=False))
        return ExitCode.OK
    _print_policy(loaded)
    return ExitCode.OK


@command.command("diff")
@click.argument("before")
@click.argument("after")
@json_option
def diff(before: str, after: str, as_json: bool) -> ExitCode:
    """Say what changed from one policy to another: rules that came or went, bars that got stricter or looser.

    \b
    Example:
      governance policy diff policy-2026.yaml policy-2027.yaml
      governance policy diff runs/5f1c09a2b7d4 policy.yaml
    """
    from governance.cli.console import print_table
    from governance.policy.differences import differences

    found = differences(_load(before).policy, _load(after).policy)
    if as_json:
        click.echo(json.dumps([one.to_json() for one in found], indent=1, ensure_ascii=False))
    elif not found:
        click.echo("nothing that decides is different")
    else:
        print_table(("", "rule", "what", "from", "to"), [_row(one) for one in found])
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

    from governance.cli.console import print_table
    from governance.policy.trials import tried

    found = list(tried(_load(policy), trials, dt.datetime.now(dt.UTC).date()))
    wrong = [one for one in found if not one.as_expected]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False))
    else:
        if wrong:
            rows = [(one.trial, one.rule, one.expected, one.found, one.sentence) for one in wrong]
            print_table(("run", "rule", "expected", "found", "sentence"), rows)
        click.echo(f"{len(found) - len(wrong)} of {len(found)} verdicts are as expected")
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


def _load(name: str) -> LoadedPolicy:
    """Return a policy from a file, from those that ship, or as it was recorded before a run."""
    from governance.evidence.folder import RunFolder
    from governance.policy import load_policy, locked_policy, named_policy

    if Path(name).is_dir():
        return locked_policy(RunFolder(Path(name)))
    return load_policy(named_policy(name))


def _row(one: Difference) -> tuple[str, ...]:
    return (one.direction, one.rule or "(policy)", one.what, _brief(one.before), _brief(one.after))


def _brief(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _print_policy(loaded: LoadedPolicy) -> None:
    from rich.padding import Padding
    from rich.table import Table

    from governance.cli.console import console, plain
    from governance.documents.build.bars import bar_text
    from governance.policy.decide import bar_of

    policy, out = loaded.policy, console()
    about = [
        ("policy", f"{policy.policy} {policy.version}"),
        ("title", policy.title or ""),
        ("about", " ".join((policy.summary or "").split())),
        ("status", policy.status or ""),
        ("for", policy.jurisdiction or ""),
        ("effective", f"from {policy.effective.from_}" if policy.effective else ""),
        ("owner", f"{policy.owner.name}, {policy.owner.role}" if policy.owner else ""),
        ("digest", loaded.digest),
    ]
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1)
    about += [("source", f"{one.title} ({one.reference}; retrieved {one.retrieved_on})") for one in policy.sources]
    about += [("extends", f"{one.policy} {one.version}, digest {one.digest[:16]}") for one in policy.inherited]
    for name, text in about:
        if text:
            table.add_row(f"{name}:", plain(text))
    for name, one in policy.parameters.items():
        was = f", was {one.before:g}" if one.before is not None else ""
        table.add_row("parameter:", plain(f"{name} = {one.value:g}{was} ({one.source})"))
    for dropped in policy.dropped:
        setting = f"{dropped.set.by}, {dropped.set.on}"
        table.add_row("dropped:", plain(f"{dropped.rule} of {dropped.origin}: {dropped.reason} ({setting})"))
    out.print(table)
    for rule in policy.rules:
        out.print()
        out.print(f"{rule.severity.value:<6}{plain(rule.id)}: {plain(rule.title)}", style="bold")
        lines = [f"{_measured(rule)}: {bar_text(bar_of(rule))}" if rule.selectors else bar_text(bar_of(rule))]
        if rule.origin:
            lines.append(f"from {rule.origin}")
        if rule.overridden:
            lines.append(f"changed here: {rule.overridden.reason} ({rule.overridden.set.by}, {rule.overridden.set.on})")
        for line in lines:
            out.print(Padding(plain(line), (0, 0, 0, 6)))


def _measured(rule: Any) -> str:
    """Return what a rule measures, briefly."""
    texts = []
    for selector in rule.selectors:
        written = selector.model_dump(mode="json", exclude_defaults=True)
        head = f"{written.pop('evaluator')} / {written.pop('metric')}"
        texts.append(" ".join([head, *(f"{key}: {value}" for key, value in written.items())]))
    return "; ".join(texts)
