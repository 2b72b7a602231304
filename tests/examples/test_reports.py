"""Questions about reports: when an answer is known, how they are drawn, and that report texts stay inside prompts."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest


def report(reports: Any, text: str, *codes: str) -> Any:
    return reports.Report("CXR1", text, frozenset(codes), 50.0)


@pytest.fixture
def effusion(reports: Any) -> Any:
    return reports.FINDINGS[0]


@pytest.mark.parametrize(
    ("text", "codes", "expected"),
    [
        ("There is a small left pleural effusion.", ["Pleural Effusion"], (True, "coded")),
        ("Blunted left costophrenic angle.", ["Pleural Effusion"], (True, "coded")),
        ("No pleural effusion. Left effusion on the lateral view.", ["Pleural Effusion"], None),
        ("No pneumothorax or pleural effusion.", ["Opacity"], (False, "denied")),
        ("The lungs are clear without effusions; heart normal.", ["Opacity"], (False, "denied")),
        ("No pneumothorax. Right pleural effusion.", ["Opacity"], None),
        ("No change in the pleural effusion.", ["Opacity"], None),
        ("No large pleural effusion.", ["Opacity"], None),
        ("No pneumothorax but a small effusion.", ["Opacity"], None),
        ("Heart and lungs are unremarkable.", ["normal"], (False, "normal")),
        ("Heart and lungs are unremarkable.", ["Opacity"], None),
        ("No pleural effusion.", ["No Indexing"], None),
        ("No pleural effusion.", [], None),
    ],
)
def test_answer_is_known_only_where_the_report_gives_it(
    reports: Any, effusion: Any, text: str, codes: list[str], expected: tuple[bool, str] | None
) -> None:
    found = reports.answer(report(reports, text, *codes), effusion)
    assert (None if found is None else (found.present, found.basis)) == expected


def test_yes_and_no_are_asked_equally_often_for_every_finding(reports: Any) -> None:
    table = reports.questions(8).table
    assert len(table) == 96
    assert (table.groupby(["finding", "present"]).size() == 8).all()
    assert (table["reference"] == table["present"].map({1: "yes", 0: "no"})).all()
    assert table["sample_id"].is_unique


def test_questions_are_the_same_again_and_others_with_another_seed(reports: Any) -> None:
    first, again, other = reports.questions(4), reports.questions(4), reports.questions(4, seed=1)
    assert first.table.equals(again.table)
    assert first.decode(range(8)) == again.decode(range(8))
    assert set(first.table["sample_id"]) != set(other.table["sample_id"])


def test_the_same_question_is_asked_otherwise_with_the_same_report(reports: Any) -> None:
    asked = reports.questions(4)
    plain, negated = (asked.decode([0], variant)[0]["prompt"] for variant in (None, "negation"))
    assert list(asked.variants("negation")) == list(range(len(asked.table)))
    assert not list(asked.variants("unknown"))
    assert plain.split("\n")[0] == negated.split("\n")[0]
    assert plain.endswith("According to the report, is there a pleural effusion? Answer yes or no.")
    assert negated.endswith("According to the report, is the patient free of a pleural effusion? Answer yes or no.")


def test_report_is_asked_about_twice_only_when_others_run_out(reports: Any) -> None:
    assert reports.questions(8).table["report_id"].is_unique


def test_noes_are_polled_of_frequent_findings_and_of_others_with_and_without_another_finding(reports: Any) -> None:
    table = reports.questions(8).table
    assert (table.groupby(["split", "present"]).size() == 16).all()
    codes = {known.id: known.codes for known in reports._reports()}
    heads = {finding.name: finding.code for finding in reports.FINDINGS}
    for row in table[table["present"] == 0].itertuples():
        others = {head for name, head in heads.items() if name != row.finding} & codes[row.report_id]
        frequent = row.finding in ("cardiomegaly", "atelectasis")
        assert row.split == ("frequent" if frequent else "beside another" if others else "without any")
        if row.split == "beside another":
            assert row.basis == "denied"


def test_text_of_reports_is_in_prompts_and_nowhere_else(reports: Any) -> None:
    """The licence forbids copies; tables are what documents and observations are made from."""
    asked = reports.questions(4)
    columns = {"sample_id", "report_id", "finding", "present", "reference", "basis", "split", "age"}
    assert set(asked.table.columns) == columns
    texts = {known.id: known.text for known in reports._reports()}
    for row, item in zip(asked.table.itertuples(), asked.decode(range(len(asked.table))), strict=True):
        assert texts[row.report_id] in item["prompt"]
        assert set(item) == {"prompt", "record"}
        assert all(len(str(value)) < 80 for value in item["record"].values())
        for value in row:
            assert len(str(value)) < 50


def test_ages_are_plausible_and_known_for_most_reports(reports: Any) -> None:
    ages = [known.age for known in reports._reports()]
    assert sum(age is not None for age in ages) > 3800
    assert all(0 <= age <= 110 for age in ages if age is not None)


def test_documents_with_entities_links_and_foreign_files_in_the_archive_are_passed_over(reports: Any) -> None:
    good = (
        b'<eCitation><uId id="CXR7"/><AbstractText Label="FINDINGS">Clear.</AbstractText>'
        b"<MeSH><major>normal</major></MeSH></eCitation>"
    )
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + good.replace(b"CXR7", b"CXR8")
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, data in (("a/7.xml", good), ("a/8.xml", bomb), ("../9.txt", b"no report")):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("a/10.xml")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(link)
    content.seek(0)
    with tarfile.open(fileobj=content) as archive:
        found = list(reports._parsed(archive, {"CXR7": 40.0}))
    assert [(known.id, known.text, known.age) for known in found] == [("CXR7", "Clear.", 40.0)]
