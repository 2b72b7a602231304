"""A lexicon of findings that a person brings: what may stand in its file, and how it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from evaluators.hallucination.recorded.lexicon import CUES, Lexicon, shipped_content
from evaluators.hallucination.recorded.options import OwnLexicon
from governance.errors import InputError
from governance.evidence.canonical import digest_file
from governance.spec import read_yaml, validate
from governance.spec.model import Text, Written
from governance.subjects.identity import file_of

Phrase = Annotated[str, StringConstraints(pattern=r"\w", max_length=200, strip_whitespace=True)]
Phrases = tuple[Phrase, ...]


class LexiconFile(Written):
    """Findings with the words that they go by, and cues; a word that ends with ``*`` stands for all that begin so.

    Attributes
    ----------
    findings
        Phrases by finding.
    denied_before, denied_after, open_before, open_after
        What denies a finding or leaves it open, before or after it in the same clause.
    no_denial
        What looks like a denial and is none.
    ends
        What ends the reach of a cue within a sentence.
    """

    id: Text
    version: int = Field(ge=1)
    language: Text | None = None
    findings: dict[Text, Phrases] = Field(min_length=1)
    denied_before: Phrases = ()
    denied_after: Phrases = ()
    open_before: Phrases = ()
    open_after: Phrases = ()
    no_denial: Phrases = ()
    ends: Phrases = ()


def own_lexicon(written: OwnLexicon, base: Path) -> Lexicon:
    """Read a lexicon; with `extends` its phrases come to those that ship, and a finding of the same name replaces one.

    Raises
    ------
    InputError
        If the file is missing or malformed, is not the one with the digest in the spec, or one phrase means two things.
    """
    path = file_of(base, written.file, "the lexicon")
    digest = digest_file(path)
    if digest != written.digest:
        raise InputError(
            f"the digest of the lexicon {written.file} is {digest}, the spec says {written.digest}",
            hint=f"if it is the lexicon that is meant, write digest: {digest}",
        )
    document = read_yaml(path)
    own = validate(LexiconFile, document)
    content = {"findings": dict(own.findings), **{cue: getattr(own, cue) for cue in CUES}}
    if written.extends:
        shipped = shipped_content()
        content["findings"] = {**shipped["findings"], **content["findings"]}
        content |= {cue: (*shipped[cue], *content[cue]) for cue in CUES}
    seen: dict[str, str] = {}
    for finding, phrases in content["findings"].items():
        for phrase in phrases:
            key = " ".join(phrase.lower().split())
            if seen.setdefault(key, finding) != finding:
                message = f"the phrase '{phrase}' stands for '{seen[key]}' and for '{finding}'"
                place = ("findings", finding) if finding in own.findings else ("findings", seen[key])
                raise document.error(place, message, "leave it out of one of them")
    name = f"{own.id}, with those that ship" if written.extends else own.id
    return Lexicon.of({"id": name, "version": own.version, **content}, digest)
