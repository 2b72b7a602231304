"""JSON Schemas of the files that others may rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from governance.errors import InputError, near_name

if TYPE_CHECKING:
    from pydantic import BaseModel

SchemaName = Literal[
    "spec", "policy", "evidence", "decision", "comparison", "generations", "generated-images", "waivers"
]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a contract.

    Parameters
    ----------
    name
        ``spec``, ``policy``, ``evidence``, ``decision``, ``comparison`` (of a decision held against an earlier run),
        ``generations`` (one line of recorded answers), ``generated-images`` (one line of generated images) or
        ``waivers``. The spec's schema knows the options of every installed kind.

    Raises
    ------
    InputError
        If there is no contract of that name.
    """
    if name not in get_args(SchemaName):
        raise InputError(f"there is no schema '{name}'", hint=near_name(name, get_args(SchemaName)))
    return {"$schema": DIALECT, **_found(name)}


def _policy_schema(found: dict[str, Any]) -> dict[str, Any]:
    """Add what the reader takes beyond the model's own form: the short form of `measure`, and numbers as text."""
    from governance.spec.schema import numbers_as_text

    short = {"type": "string", "description": "short form: evaluator / metric on dataset"}
    rule, inputs = found["$defs"]["Rule"]["properties"], found["$defs"]["ExpressionRule"]["properties"]["inputs"]
    rule["measure"] = {"anyOf": [rule["measure"], short]}
    for pattern, selector in inputs["patternProperties"].items():
        inputs["patternProperties"][pattern] = {"anyOf": [selector, short]}
    schema: dict[str, Any] = numbers_as_text(found)
    return schema


def _found(name: str) -> dict[str, Any]:
    from governance.evidence.comparison import Comparison
    from governance.evidence.model import Evidence
    from governance.policy.model import Decision, Policy

    match name:
        case "spec":
            from governance.spec.schema import spec_schema

            return spec_schema()
        case "policy":
            return _policy_schema(Policy.model_json_schema())
        case "evidence" | "decision" | "comparison":
            models: dict[str, type[BaseModel]] = {"evidence": Evidence, "decision": Decision, "comparison": Comparison}
            return models[name].model_json_schema(mode="serialization")
        case _:
            return _lines_and_waivers(name)


def _lines_and_waivers(name: str) -> dict[str, Any]:
    from governance.datasets.generated_images.record import GeneratedImageRecord
    from governance.datasets.generations.record import GenerationRecord
    from governance.policy.waivers import WaiverFile

    models: dict[str, type[BaseModel]] = {
        "generations": GenerationRecord,
        "generated-images": GeneratedImageRecord,
        "waivers": WaiverFile,
    }
    return models[name].model_json_schema()
