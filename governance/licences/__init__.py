"""Licences: RAIL notices, the restrictions in force and where they come from, what a model is built on, references."""

from governance.licences.lineage import Duty, Lineage, Permission
from governance.licences.references import (
    cyclonedx_licences,
    huggingface_fields,
    spdx_expression,
    spdx_extracted_licence,
)
from governance.licences.restrictions import RestrictionInForce
from governance.licences.statement import LicenceStatement, check_licence, describe_licence, to_settle
from governance.licences.training_sets import TrainingSet, training_set, training_sets
from governance.licences.writing import write_licence

__all__ = [
    "Duty",
    "LicenceStatement",
    "Lineage",
    "Permission",
    "RestrictionInForce",
    "TrainingSet",
    "check_licence",
    "cyclonedx_licences",
    "describe_licence",
    "huggingface_fields",
    "spdx_expression",
    "spdx_extracted_licence",
    "to_settle",
    "training_set",
    "training_sets",
    "write_licence",
]
