"""The JSON Schema of `governance.yaml`, with the options of every installed kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter

from governance.plugins import Group, installed
from governance.spec.model import DatasetSpec, Spec, SubjectSpec


def spec_schema() -> dict[str, Any]:
    """Return the schema of the spec, with the options of all installed kinds merged into it."""
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
    column = {"type": "string", "description": "the column alone"}
    definitions["Attribute"] = {"anyOf": [column, definitions["Attribute"]]}
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
    for key in ("facts", "hazards", "regulatory"):
        properties[key] = {
            "anyOf": [{"type": "string", "description": "a YAML file"}, properties[key], {"type": "null"}]
        }
    schema: dict[str, Any] = numbers_as_text(found)
    return schema


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


def numbers_as_text(node: Any) -> Any:
    """Let text also be written as a number, as the reader does (`version: 1.10`)."""
    if isinstance(node, Mapping):
        changed = {key: numbers_as_text(value) for key, value in node.items()}
        is_text = changed.get("type") == "string" and "format" not in changed and "enum" not in changed
        if is_text and "const" not in changed:
            changed["type"] = ["string", "number"]
        return changed
    return [numbers_as_text(item) for item in node] if isinstance(node, list) else node
