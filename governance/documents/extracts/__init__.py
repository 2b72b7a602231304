"""Extracts: documents that go through a part of a catalogue item by item, as views of one technical file."""

from governance.documents.extracts.build import extract, skipped
from governance.documents.extracts.definitions import ALL, Extract, check_extracts, extracts

__all__ = ["ALL", "Extract", "check_extracts", "extract", "extracts", "skipped"]
