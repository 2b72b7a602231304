"""A governance.yaml is loaded with all it names, or refused where it is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from spec_cases import FACTS, SPEC, written

from governance.errors import InputError
from governance.plugins import find
from governance.spec import load_spec
from governance.spec.model import Attribute


def refused(folder: Path, old: str, new: str) -> InputError:
    assert old in SPEC
    path = written(folder, SPEC.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_spec(path)
    return caught.value


def place(error: InputError) -> str:
    return str(error.location).rsplit("/", 1)[-1]


def test_a_spec_is_resolved(tmp_path: Path) -> None:
    loaded = load_spec(written(tmp_path))
    spec = loaded.spec
    assert spec.subject.version == "1.10"
    assert spec.subject.options["predictions"] == "predictions.csv"
    assert spec.facts["purpose"].owner == "A. Person"
    assert spec.datasets["test"].attributes["sex"] == Attribute(column="sex")
    assert loaded.base == tmp_path


def test_options_come_complete_and_are_read_back_unchanged(tmp_path: Path) -> None:
    spec = load_spec(written(tmp_path)).spec
    model = find("evaluators", "fairness").options
    again = model.model_validate(spec.evaluate["fairness"])
    assert again.model_dump(mode="json") == spec.evaluate["fairness"]
    assert spec.evaluate["fairness"]["bins"] == 10


def test_like_takes_over_every_key_but_the_title(tmp_path: Path) -> None:
    spec = load_spec(written(tmp_path)).spec
    test, train = spec.datasets["test"], spec.datasets["train"]
    assert train.attributes == test.attributes
    assert (train.options["table"], train.role, train.target) == ("train.csv", "training", "died")
    assert (test.title, train.title) == ("The test", None)


def test_errors_in_inherited_keys_point_at_where_they_were_written(tmp_path: Path) -> None:
    loaded = load_spec(written(tmp_path))
    assert place(loaded.error(("datasets", "train", "target"), "no such column")) == "governance.yaml:13:13"
    assert place(loaded.error(("datasets", "train", "options", "table"), "no file")) == "governance.yaml:19:36"


def test_overrides_change_the_spec_and_are_checked(tmp_path: Path) -> None:
    path = written(tmp_path)
    changes: dict[str, Any] = {"settings.seed": 7, "evaluate.fairness.bins": 5, "datasets.test.table": "other.csv"}
    spec = load_spec(path, changes).spec
    assert (spec.settings.seed, spec.evaluate["fairness"]["bins"]) == (7, 5)
    assert spec.datasets["test"].options["table"] == "other.csv"
    assert load_spec(path).spec.settings.seed == 0
    with pytest.raises(InputError, match="unknown key `sed`"):
        load_spec(path, {"settings.sed": 7})
    with pytest.raises(InputError, match="not a mapping"):
        load_spec(path, {"version.x": 7})


@pytest.mark.parametrize(
    ("old", "new", "at", "said", "advised"),
    [
        ("predictions: pred", "predictons: pred", "6:3", "unknown key `predictons` in `subject`", "'predictions'"),
        ("    target: died", "    traget: died", "13:5", "unknown key `traget` in `test`", "'target'"),
        ("kind: recorded", "kind: recoded", "5:9", "unknown subject 'recoded'", "'recorded'"),
        ("kind: table", "kind: tables", "9:11", "unknown dataset 'tables'", "'table'"),
        ("  fairness:", "  fariness:", "21:3", "unknown evaluator 'fariness'", "'fairness'"),
        ("    on: test", "    on: tset", "22:9", "there is no dataset 'tset'", "'test'"),
        ("choose_on: validation", "choose_on: validtion", "24:34", "there is no dataset 'validtion'", "'validation'"),
        ("sex x age]", "sex x agee]", "23:19", "the dataset 'test' has no attribute 'agee'", "'age'"),
        ("{like: test", "{like: tst", "18:22", "there is no dataset 'tst'", "'test'"),
        ("role: testing", "role: test", "11:11", "must be one of training, validation, testing", "'testing'"),
        ("    cluster: patient", "    cluster: none", "8:3", "cluster: none needs cluster_reason", None),
        ("version: 1\n", "version: 2\n", "1:10", "`version` must be 1", None),
        ("facts: facts.yaml", "facts: fact.yaml", "25:8", "there is no file fact.yaml", None),
        ("facts: facts.yaml", "policy: none.yaml", "25:9", "there is no file none.yaml", "report only"),
        ("facts: facts.yaml", "output: {audiences: [publik]}", "25:22", "unknown audience 'publik'", "'public'"),
        ("facts: facts.yaml", "output: {formats: [word]}", "25:20", "unknown format 'word'", "html"),
    ],
)
def test_each_mistake_is_named_where_it_stands(
    tmp_path: Path, old: str, new: str, at: str, said: str, advised: str | None
) -> None:
    error = refused(tmp_path, old, new)
    assert said in error.message
    assert place(error) == f"governance.yaml:{at}"
    assert advised is None or advised in str(error.hint)


def test_errors_in_a_facts_file_point_into_that_file(tmp_path: Path) -> None:
    path = written(tmp_path, facts=FACTS.replace("owner: A. Person", "ownr: A. Person"))
    with pytest.raises(InputError, match="unknown key `ownr`") as caught:
        load_spec(path)
    assert place(caught.value) == "facts.yaml:3:3"


def test_an_operating_point_is_never_chosen_on_what_it_scores(tmp_path: Path) -> None:
    assert "judged" in refused(tmp_path, "choose_on: validation", "choose_on: test").message


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("validation.csv, role: validation", "validation.csv, role: testing", "'validation', whose role is testing"),
        ("    on: test", "    on: train", "say nothing about new patients"),
    ],
)
def test_a_dataset_is_used_only_as_its_role_allows(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said in refused(tmp_path, old, new).message


ROBUSTNESS = SPEC.replace("    cluster: patient", "    modality: mask\n    cluster: patient").replace(
    "facts: facts.yaml", "  robustness: {on: test, conditions: [CONDITION]}\nfacts: facts.yaml"
)


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("erosoin", "unknown condition 'erosoin'"),
        ("gaussian-noise", "makes no sense for the modality 'mask'"),
    ],
)
def test_conditions_must_exist_and_make_sense(tmp_path: Path, condition: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        load_spec(written(tmp_path, ROBUSTNESS.replace("CONDITION", condition)))


def test_a_condition_that_depends_on_the_modality_points_at_the_dataset_that_says_none(tmp_path: Path) -> None:
    spec = ROBUSTNESS.replace("    modality: mask\n", "").replace("CONDITION", "erosion, dilation")
    with pytest.raises(InputError) as caught:
        load_spec(written(tmp_path, spec))
    line = spec.splitlines().index("  test:") + 1
    assert place(caught.value) == f"governance.yaml:{line}:3"
    assert caught.value.message == (
        "the dataset 'test' does not say its `modality`, which 'erosion' and 'dilation' of robustness must know"
    )
    assert "write `modality` in datasets.test" in str(caught.value.hint)
    assert "mask" in str(caught.value.hint)
    assert "also wrong" not in str(caught.value.hint)


def test_conditions_of_ones_own_are_known(tmp_path: Path) -> None:
    own = "conditions: {shaken: 'own:SHAKEN'}\n"
    load_spec(written(tmp_path, ROBUSTNESS.replace("CONDITION", "erosion, shaken") + own))


def test_datasets_that_are_like_each_other_are_refused(tmp_path: Path) -> None:
    cycle = SPEC.replace("train: {like: validation,", "train: {like: other,") + ""
    cycle = cycle.replace("evaluate:\n", "  other: {like: train}\nevaluate:\n", 1)
    with pytest.raises(InputError, match="each like the other"):
        load_spec(written(tmp_path, cycle))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- a\n", "not a list"),
        ("just text\n", "not a single value"),
        ("42\n", "not a single"),
    ],
)
def test_files_that_are_no_spec_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        load_spec(written(tmp_path, text))
    assert place(caught.value) == "governance.yaml:1:1"


@pytest.mark.parametrize("key", ["subject", "datasets", "evaluate", "facts", "settings", "output", "licence", "track"])
@pytest.mark.parametrize("value", ["[]", "text", "3", "{}", "{a: [b]}", "~", "[{a: 1}]"])
def test_any_key_with_a_value_of_another_kind_is_refused_or_read(tmp_path: Path, key: str, value: str) -> None:
    """No shape of a value may end in another exception than InputError."""
    lines = SPEC.splitlines(keepends=True)
    starts = {line.split(":")[0]: index for index, line in enumerate(lines) if not line.startswith(" ")}
    text = SPEC
    if key in starts:
        after = [index for index in starts.values() if index > starts[key]]
        text = "".join([*lines[: starts[key]], *lines[min(after, default=len(lines)) :]])
    try:
        load_spec(written(tmp_path, f"{text}{key}: {value}\n"))
    except InputError as error:
        assert error.location is not None  # noqa: PT017
