"""JSON Schemas of the files that others may rely on."""

from __future__ import annotations

from typing import Any, Literal, get_args

from governance.errors import InputError, near_name

SchemaName = Literal["spec", "policy", "evidence", "decision", "generations"]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema of a contract.

    Parameters
    ----------
    name
        ``spec``, ``policy``, ``evidence``, ``decision`` or ``generations`` (one line of recorded answers). The spec's
        schema knows the options of every installed kind.

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

    rule = found["$defs"]["Rule"]["properties"]
    short = {"type": "string", "description": "short form: evaluator / metric on dataset"}
    rule["measure"] = {"anyOf": [rule["measure"], short]}
    schema: dict[str, Any] = numbers_as_text(found)
    return schema


def _found(name: str) -> dict[str, Any]:
    from governance.evidence.model import Evidence
    from governance.policy.model import Decision, Policy
    from governance.spec.schema import spec_schema

    match name:
        case "spec":
            return spec_schema()
        case "policy":
            return _policy_schema(Policy.model_json_schema())
        case "evidence":
            return Evidence.model_json_schema(mode="serialization")
        case "generations":
            from governance.datasets.generations.record import GenerationRecord

            return GenerationRecord.model_json_schema()
        case _:
            return Decision.model_json_schema(mode="serialization")
