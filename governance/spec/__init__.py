"""What people write: reading, checking and resolving `governance.yaml`."""

from governance.spec.document import Document
from governance.spec.loading import LoadedSpec, load_spec
from governance.spec.references import load_reference
from governance.spec.validation import validate
from governance.spec.yaml import parse_yaml, read_yaml

__all__ = [
    "Document",
    "LoadedSpec",
    "load_reference",
    "load_spec",
    "parse_yaml",
    "read_yaml",
    "validate",
]
