"""Requirement catalogues and how evidence and facts answer them."""

from governance.catalogues.answer_checks import check_answers, unanswered, unknown_names
from governance.catalogues.answering import STATUSES, ItemStatus, Status
from governance.catalogues.answers import (
    Answer,
    Answers,
    FactKey,
    Selector,
    all_answers,
    fact_keys,
)
from governance.catalogues.applicability import Applicability, applicability, provisional
from governance.catalogues.coverage import CatalogueCoverage, Coverage, GapEntry, cover, coverage, coverage_json
from governance.catalogues.loading import all_catalogues, catalogue, item_of, read_catalogue
from governance.catalogues.model import Catalogue, Item, Note, WantedEvidence
from governance.catalogues.parts import FactUse, Gap, Measured, Parts, RecordUse
from governance.catalogues.run_record import RunRecord, read_run

__all__ = [
    "STATUSES",
    "Answer",
    "Answers",
    "Applicability",
    "Catalogue",
    "CatalogueCoverage",
    "Coverage",
    "FactKey",
    "FactUse",
    "Gap",
    "GapEntry",
    "Item",
    "ItemStatus",
    "Measured",
    "Note",
    "Parts",
    "RecordUse",
    "RunRecord",
    "Selector",
    "Status",
    "WantedEvidence",
    "all_answers",
    "all_catalogues",
    "applicability",
    "catalogue",
    "check_answers",
    "cover",
    "coverage",
    "coverage_json",
    "fact_keys",
    "item_of",
    "provisional",
    "read_catalogue",
    "read_run",
    "unanswered",
    "unknown_names",
]
