"""JSON Schemas of the files that others may rely on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, TypeAdapter

from governance.errors import InputError, near_name
from governance.plugins import Group, installed
from governance.spec.model import DatasetSpec, Spec, SubjectSpec

SchemaName = Literal["spec", "policy", "evidence", "decision"]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a contract.

    Parameters
    ----------
    name
        ``spec``, ``policy``, ``evidence`` or ``decision``. The spec's schema knows the options of every installed kind.

    Raises
    ------
    InputError
        If there is no contract of that name.
    """
    match name:
        case "spec":
            found = _spec_schema()
        case "evidence":
            from governance.evidence.model import Evidence

            found = Evidence.model_json_schema(mode="serialization")
        case "policy" | "decision":
            found = _policy_schema(name)
        case _:
            raise InputError(f"there is no schema '{name}'", hint=near_name(name, get_args(SchemaName)))
    return {"$schema": DIALECT, **found}


def _policy_schema(name: str) -> dict[str, Any]:
    """Ask the policy room, which lies above this one and so is found by name."""
    import importlib

    models = importlib.import_module("governance.policy.model")
    if name == "decision":
        found: dict[str, Any] = models.Decision.model_json_schema(mode="serialization")
        return found
    found = models.Policy.model_json_schema()
    measure = found["$defs"]["Rule"]["properties"]["measure"]
    text = {"type": "string", "description": "short form: evaluator / metric on dataset"}
    found["$defs"]["Rule"]["properties"]["measure"] = {"anyOf": [measure, text]}
    return _numbers_as_text(found)


def _spec_schema() -> dict[str, Any]:
    """Merge the options of all installed kinds into the spec's own schema."""
    found = Spec.model_json_schema()
    definitions: dict[str, Any] = found["$defs"]
    subject = _kinds(SubjectSpec, "subjects", definitions)
    dataset = _kinds(DatasetSpec, "datasets", definitions)
    like = {
        "type": "object",
        "title": "like another dataset",
        "properties": {"like": {"type": "string", "description": "a dataset whose keys are taken over"}},
        "required": ["like"],
    }
    definitions["SubjectSpec"] = {"oneOf": subject}
    definitions["DatasetSpec"] = {"anyOf": [*dataset, like]}
    properties = found["properties"]
    properties["evaluate"] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            name: {"anyOf": [_options(descriptor.options, definitions), {"type": "null"}]}
            for name, descriptor in installed("evaluators").items()
        },
    }
    for key in ("facts", "hazards"):
        properties[key] = {
            "anyOf": [{"type": "string", "description": "a YAML file"}, properties[key], {"type": "null"}]
        }
    return _numbers_as_text(found)


def _kinds(model: type[BaseModel], group: Group, definitions: dict[str, Any]) -> list[dict[str, Any]]:
    """Return one closed schema for each installed kind: the shared keys and the kind's own."""
    shared = definitions[model.__name__]
    kinds = []
    for name, descriptor in installed(group).items():
        own = _options(descriptor.options, definitions)
        properties = {key: value for key, value in shared["properties"].items() if key != "options"}
        properties |= {**own.get("properties", {}), "kind": {"const": name, "description": descriptor.title}}
        required = [*shared.get("required", []), *own.get("required", [])]
        kinds.append(
            {
                "title": name,
                "type": "object",
                "properties": properties,
                "required": list(dict.fromkeys(required)),
                "additionalProperties": False,
            }
        )
    return kinds


def _options(model: type[BaseModel], definitions: dict[str, Any]) -> dict[str, Any]:
    """Return a model's schema and put what it refers to among the definitions, under a name of its own."""
    prefix = f"{model.__module__}.{model.__name__}".replace("governance.", "", 1)
    found = TypeAdapter(model).json_schema(ref_template=f"#/$defs/{prefix}.{{model}}")
    for name, definition in found.pop("$defs", {}).items():
        definitions[f"{prefix}.{name}"] = definition
    return found


def _numbers_as_text(node: Any) -> Any:
    """Let text also be written as a number, as the reader does (`version: 1.10`)."""
    if isinstance(node, Mapping):
        changed = {key: _numbers_as_text(value) for key, value in node.items()}
        is_text = changed.get("type") == "string" and "format" not in changed and "enum" not in changed
        if is_text and "const" not in changed:
            changed["type"] = ["string", "number"]
        return changed
    return [_numbers_as_text(item) for item in node] if isinstance(node, list) else node
