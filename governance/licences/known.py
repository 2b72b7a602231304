"""The table of known licences of models, data and code (`policies/catalogues/licences.yaml`), and how one is found.

A licence that is not in the table has unknown terms: unknown is never taken as permission.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, Literal

from pydantic import Field

from governance.data_files import data_folder
from governance.errors import InputError, near_name
from governance.licences.catalogue import Answer, Known
from governance.licences.rail import looks_like_rail, rail_kind
from governance.spec import read_yaml, validate
from governance.spec.model import Name, Text, Written

UNKNOWN = "unknown"
"""What people write who do not know a licence."""
ASKED = ("commercial_use", "derivatives", "redistribution")
"""What is asked of every licence."""
_ORDER: Mapping[Answer, int] = {"no": 0, "unknown": 1, "conditions": 2, "yes": 3}
_REFERENCE = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_LONGEST = 200
"""Characters of a licence expression; longer ones name nothing that a person reads."""
_MISSPELT = 0.85
"""How alike two names are, from 0 to 1, to be taken for a slip of the pen."""


class TableSource(Written):
    """Where an entry of the table was looked up."""

    title: Text
    reference: Text


class KnownLicence(Written):
    """What a licence allows and asks for, as far as it was read; `doubt` says what is not certain."""

    title: Text
    rail: bool = False
    spdx: Text | None = None
    huggingface: Text | None = None
    aliases: tuple[Text, ...] = ()
    commercial_use: Answer
    derivatives: Answer
    redistribution: Answer
    share_alike: Known
    attribution: Known
    use_restrictions: Known
    data_use_agreement: Known
    research_only: Known
    compatible: tuple[Text, ...] = ()
    """Other licences that share-alike is content with."""
    restrictions_from: Name | None = None
    restrictions: dict[Name, Text] = Field(default_factory=dict)
    """Use restrictions by id, with the clause where each stands."""
    not_on: tuple[Literal["model", "dataset", "code"], ...] = ()
    """Kinds of things on which its restrictions do not flow down."""
    own_duties: dict[Name, Text] = Field(default_factory=dict)
    verified: bool
    source: Name
    doubt: Text | None = None


class LicenceTable(Written):
    """`policies/catalogues/licences.yaml`."""

    catalogue: Name
    version: Text
    retrieved: dt.date
    sources: dict[Name, TableSource]
    duties: dict[Name, Text]
    licences: dict[Text, KnownLicence] = Field(min_length=1)

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Ids by every name that a licence goes by."""
        return {name: key for key, known in self.licences.items() for name in (key, *known.aliases)}


@cache
def licence_table() -> LicenceTable:
    """Read the table that ships with the toolkit."""
    return validate(LicenceTable, read_yaml(data_folder("policies") / "catalogues" / "licences.yaml"))


@dataclass(frozen=True)
class Found:
    """A licence as it was written, and what of it is in the table.

    Attributes
    ----------
    written
        The words of the spec.
    ids
        Entries of the table that the words name; several for an expression such as ``MIT AND CC-BY-4.0``.
    unknown
        Parts of the words that the table does not hold.
    """

    written: str
    ids: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def entries(self) -> tuple[KnownLicence, ...]:
        """The entries of the table."""
        return tuple(licence_table().licences[key] for key in self.ids)

    def answer(self, asked: str) -> Answer:
        """Return whether something is allowed: the least that any part allows, unknown where a part is."""
        answers: list[Answer] = [getattr(entry, asked) for entry in self.entries]
        if self.unknown or not self.ids:
            answers.append("unknown")
        return least(answers)

    def known(self, asked: str) -> Known:
        """Return whether a duty arises: yes where any part says so."""
        answers = {getattr(entry, asked) for entry in self.entries}
        if "yes" in answers:
            return "yes"
        return "unknown" if self.unknown or "unknown" in answers or not answers else "no"


def least(answers: list[Answer]) -> Answer:
    """Return the least of several answers: no, unknown, conditions, yes, in this order."""
    return min(answers, key=_ORDER.__getitem__, default="yes")


def find_licence(written: str) -> Found:
    """Find what a person wrote in the table: an id, another name of one, an SPDX expression, or ``unknown``.

    Where an expression offers a choice (OR), all parts count: which one was chosen is not known here.

    Raises
    ------
    InputError
        If it is none of these, with a near name.
    """
    table = licence_table()
    if written == UNKNOWN:
        return Found(written)
    if written in table.names:
        return Found(written, (table.names[written],))
    if looks_like_rail(written) and (unspecified := _unspecified_rail(written)) is not None:
        return Found(written, (unspecified,))
    parts = spdx_parts(written)
    if parts is None:
        hint = f"{near_name(written, table.names)}\n  or an SPDX expression, LicenseRef-name, or `unknown`"
        raise InputError(f"'{written[:_LONGEST]}' is not known as a licence", hint=hint)
    ids = tuple(dict.fromkeys(table.names[part] for part in parts if part in table.names))
    return Found(written, ids, tuple(part for part in parts if part not in table.names))


def _unspecified_rail(written: str) -> str | None:
    """Return the entry for a RAIL kind whose text is not known: that it restricts use is known, which uses is not."""
    try:
        kind = rail_kind(written, ("model",), artifacts_written=False)
    except InputError:
        return None
    return f"{kind.prefix.lower()}rail-unspecified"


@cache
def _spdx() -> Any:
    """Return the reader of SPDX expressions with the library's copy of the list."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def spdx_parts(expression: str) -> tuple[str, ...] | None:
    """Return the licences that an SPDX expression names, None if it is no expression of listed ids and LicenseRefs.

    Exceptions after ``WITH`` are left out: none of them takes a permission away.
    Source: SPDX 3.0.1, annex B, as read by the license-expression library with its copy of the SPDX list.
    """
    from license_expression import LicenseSymbol, LicenseWithExceptionSymbol

    if len(expression) > _LONGEST or not expression.isprintable():
        return None
    licensing = _spdx()
    try:
        parsed = licensing.parse(expression, strict=True)
        symbols = licensing.license_symbols(parsed, decompose=False)
    except Exception:  # the library raises many kinds for what is no expression
        return None
    listed = licensing.known_symbols
    parts: list[str] = []
    for symbol in symbols:
        bare = symbol.license_symbol if isinstance(symbol, LicenseWithExceptionSymbol) else symbol
        if not isinstance(bare, LicenseSymbol) or bare.is_exception:
            return None
        if _REFERENCE.fullmatch(bare.key) is None and bare.key not in listed:
            return None
        parts.append(bare.key)
    return tuple(dict.fromkeys(parts)) or None


def spdx_spelling(expression: str) -> str:
    """Return an SPDX expression in the list's own spelling; what is none stays as it is."""
    return str(_spdx().parse(expression)) if spdx_parts(expression) is not None else expression


def is_listed(expression: str) -> bool:
    """Whether all licences of an expression are on the SPDX list."""
    parts = spdx_parts(expression)
    return parts is not None and not any(_REFERENCE.fullmatch(part) for part in parts)


def misspelt(wrong: str, known: Mapping[str, object]) -> bool:
    """Whether a name looks like a slip of the pen for a known one."""
    return bool(difflib.get_close_matches(wrong.lower(), [name.lower() for name in known], n=1, cutoff=_MISSPELT))
