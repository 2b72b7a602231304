"""The printed JSON Schemas agree with the readers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from spec_cases import SPEC

from governance import api
from governance.errors import InputError
from governance.scaffold import Kind
from governance.spec import parse_yaml, read_yaml


@pytest.fixture(scope="module")
def spec_schema() -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(api.schema("spec"))


@pytest.mark.parametrize("name", ["spec", "policy", "evidence", "decision"])
def test_schemas_are_valid(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(api.schema(name))


def test_unknown_schemas_are_refused() -> None:
    with pytest.raises(InputError, match="no schema 'sepc'") as caught:
        api.schema("sepc")
    assert "'spec'" in str(caught.value.hint)


def test_what_loads_satisfies_the_schema(spec_schema: jsonschema.Draft202012Validator) -> None:
    spec_schema.validate(parse_yaml(SPEC, Path("governance.yaml")).content)


@pytest.mark.parametrize("kind", Kind.__args__)
def test_scaffolds_satisfy_the_schemas(kind: str, tmp_path: Path, spec_schema: jsonschema.Draft202012Validator) -> None:
    api.init(tmp_path, kind=kind)
    spec_schema.validate(read_yaml(tmp_path / "governance.yaml").content)
    jsonschema.validate(read_yaml(tmp_path / "policy.yaml").content, api.schema("policy"))


def test_examples_satisfy_the_schemas(checkout: Path, spec_schema: jsonschema.Draft202012Validator) -> None:
    specs = sorted((checkout / "examples").glob("*/governance.yaml"))
    assert specs
    for path in specs:
        spec_schema.validate(read_yaml(path).content)
        jsonschema.validate(read_yaml(path.parent / "policy.yaml").content, api.schema("policy"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind: recorded", "kind: recoded"),
        ("predictions: pred", "predictons: pred"),
        ("role: testing", "role: tested"),
        ("    groups: [sex", "    grups: [sex"),
        ("  fairness:", "  fariness:"),
        ("version: 1\n", "version: 3\n"),
    ],
)
def test_what_the_reader_refuses_the_schema_refuses(
    old: str, new: str, spec_schema: jsonschema.Draft202012Validator
) -> None:
    content: Any = parse_yaml(SPEC.replace(old, new, 1), Path("governance.yaml")).content
    assert not spec_schema.is_valid(content)
