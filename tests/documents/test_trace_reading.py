"""What readers take from a file, and when a number counts as printed from a measurement."""

from __future__ import annotations

import io

import docx
import pytest

from governance.documents.trace.phrases import Phrases
from governance.documents.trace.printed import problem
from governance.documents.trace.reading import docx as word
from governance.documents.trace.reading import html, markdown
from governance.documents.trace.tokens import words
from governance.errors import InputError
from governance.evidence.model import Interval, Measurement, Method


def measurement(value: float = 0.8351, low: float = 0.7487, high: float = 0.8958) -> Measurement:
    return Measurement(
        evaluator="fairness",
        metric="sensitivity",
        dataset="test",
        dataset_digest="d" * 64,
        status="measured",
        value=value,
        interval=Interval(low=low, high=high, level=0.95, method="Wilson"),
        n=97,
        events=81,
        method=Method(name="share"),
    )


@pytest.mark.parametrize("text", ["0.84", "0.75 to 0.90", "97", "81", "84", "84 %", "at least 0.75"])
def test_what_a_measurement_says_is_printed_right(text: str) -> None:
    assert problem(text, [measurement()]) is None


@pytest.mark.parametrize("text", ["0.83", "0.90 to 0.75", "0.75 to 0.84", "98", "−0.84", "0.840"])
def test_what_it_does_not_say_is_a_problem(text: str) -> None:
    said = problem(text, [measurement()])
    assert said is not None
    assert "0.8351" in said


def test_a_figure_without_a_measurement_is_a_problem() -> None:
    assert problem("0.84", []) is not None


def test_signs_thousands_and_percent_are_part_of_a_number() -> None:
    assert words("−0.05 to +0.10, n = 12\u202f345, 95 %") == (
        "−0.05", "to", "+0.10", "n", "=", "12345", "95", "%",
    )  # fmt: skip
    assert words("40-60") == ("40", "60")


def test_a_phrase_explains_a_number_only_in_its_own_words() -> None:
    found = Phrases()
    found.add("Hanley and McNeil, Radiology 143 (1982) 29", "definition")
    assert found.find(words("Source: Hanley and McNeil, Radiology 143 (1982) 29"), 5) == "definition"
    assert found.find(words("it is right in 143 cases"), 4) is None
    assert found.find(words("143"), 0) is None


def test_a_page_gives_rows_drawings_and_what_is_said_of_them() -> None:
    page = (
        "<style>p{width:12px}</style><script>var a = 13</script><section><h2>By group</h2><table><tr><th>F</th>"
        '<td><b>0.84</b><span>0.75 to 0.90</span></td></tr></table><svg aria-label="F: 0.84"><text>0.5</text></svg>'
        "</section>"
    )
    fragments = html.read(page.encode()).fragments
    assert [(one.role, words(one.text)) for one in fragments] == [
        ("text", ("by", "group")),
        ("row", ("f", "0.84", "0.75", "to", "0.90")),
        ("said", ("f", "0.84")),
        ("drawn", ("0.5",)),
    ]
    assert {one.section for one in fragments} == {"By group"}


def test_markdown_gives_rows_without_escapes() -> None:
    text = "## By group\n\n| Group | n |\n| --- | ---: |\n| a \\| b | 97 |\n\n- **bar**: at least 0.70\n"
    said = [(one.role, words(one.text)) for one in markdown.read(text.encode()).fragments]
    assert said == [
        ("text", ("by", "group")),
        ("row", ("group", "n")),
        ("row", ("a", "b", "97")),
        ("text", ("bar", "at", "least", "0.70")),
    ]


def test_a_word_file_gives_headings_rows_and_footers() -> None:
    made = docx.Document()
    made.add_heading("By group", level=1)
    row = made.add_table(rows=1, cols=2).rows[0]
    row.cells[0].text, row.cells[1].text = "F", "0.84"
    made.sections[0].footer.paragraphs[0].text = "run 7048"
    data = io.BytesIO()
    made.save(data)
    said = [(one.role, one.section, words(one.text)) for one in word.read(data.getvalue()).fragments]
    assert said == [
        ("text", "By group", ("by", "group")),
        ("row", "By group", ("f", "0.84")),
        ("margin", "", ("run", "7048")),
    ]


def test_a_word_file_with_a_document_type_is_refused() -> None:
    import zipfile

    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as parts:
        parts.writestr("word/document.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>')
    with pytest.raises(InputError, match="document type"):
        word.read(data.getvalue())
