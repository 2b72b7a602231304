"""Markdown, read back with a parser: every block as what it is, and text that stays text."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from markdown_it import MarkdownIt

from governance.documents import markdown
from governance.documents.blocks import (
    AnyBlock,
    Audience,
    Axis,
    Chart,
    Column,
    Command,
    DataTable,
    FactItem,
    Facts,
    Figure,
    GroupRow,
    GroupTable,
    KeyFigure,
    KeyFigures,
    Panel,
    Point,
    Series,
    Span,
    Statement,
)
from governance.documents.content import Document, figures
from governance.documents.markdown import escape, inline, write

PARSER = MarkdownIt("commonmark").enable("table")
AXIS = Axis(title="AUROC", low=0, high=1, ticks=())


def figure(text: str) -> Figure:
    return Figure(measurements=("0" * 16,), text=text)


def table_of(text: str) -> list[list[str]]:
    """The cells of the one table in a text, its header first."""
    tokens = PARSER.parse(text)
    rows: list[list[str]] = []
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type in ("td_open", "th_open"):
            rows[-1].append(tokens[at + 1].content)
    return rows


def test_every_kind_of_block_can_be_printed() -> None:
    for kind in get_args(get_args(AnyBlock)[0]):
        assert kind in markdown.write.registry, kind.__name__


def test_every_number_of_a_document_is_in_its_text(documents: dict[Audience, Document]) -> None:
    for document in documents.values():
        text = markdown.render(document).decode()
        for one in figures((document.headline, document.least, document.sections)):
            assert inline((one,)) in text, one


def test_a_group_table_says_of_every_group_its_number_or_why_there_is_none() -> None:
    rows = (
        GroupRow(label="All", n=figure("100"), value=figure("0.86"), interval=figure("0.78 to 0.91")),
        GroupRow(label="Sex", heading="Sex"),
        GroupRow(
            label="F | x", n=figure("43"), value=figure("0.84"), interval=figure("0.70 to 0.93"), mark="lowest",
            verdict=figure("0.66 to 0.94"),
        ),
        GroupRow(label="M", n=figure("12"), reason="fewer than 30 patients"),
    )  # fmt: skip
    block = GroupTable(id="g", title=("By sex",), metric="Sensitivity", axis=AXIS, bar_label="bar 0.75", rows=rows)
    text = write(block)
    assert table_of(text) == [
        ["Group", "n", "Sensitivity", "interval", "note"],
        ["All", "100", "0.86", "0.78 to 0.91", ""],
        ["*Sex*", "", "", "", ""],
        ["F | x", "43", "0.84", "0.70 to 0.93", "lowest; verdict on 0.66 to 0.94"],
        ["M", "", "not measured", "", "12 cases; fewer than 30 patients"],
    ]
    assert text.startswith("### By sex\n\n| Group")
    assert text.endswith("The provider's bar 0.75.")
    assert write(block.model_copy(update={"bar_label": "no difference"})).endswith(
        "To be compared with: no difference."
    )


def test_a_chart_is_the_table_of_its_points_without_columns_that_say_nothing() -> None:
    points = (
        Point(x=0, span=Span(value=0.9), figure=figure("0.90"), n=figure("50")),
        Point(x=2, span=Span(value=0.8), figure=figure("0.80"), interval=figure("0.7 to 0.9"), n=figure("50")),
    )
    panel = Panel(title="Noise", series=(Series(title="", points=points),))
    block = Chart(id="c", form="conditions", title=("Worse",), x=Axis(title="severity", low=0, high=5, ticks=()), y=AXIS, panels=(panel,))  # fmt: skip # noqa: E501
    assert table_of(write(block)) == [
        ["Panel", "severity", "AUROC", "interval", "n"],
        ["Noise", "none", "0.90", "", "50"],
        ["Noise", "2", "0.80", "0.7 to 0.9", "50"],
    ]


def test_key_figures_have_their_interval_beside_them() -> None:
    block = KeyFigures(
        items=(KeyFigure(label="AUROC", value=figure("0.83"), interval=figure("0.78 to 0.87"), note=("n = 9",)),)
    )
    assert table_of(write(block))[1] == ["AUROC", "0.83", "0.78 to 0.87", "n = 9"]


def test_a_long_table_says_how_much_of_it_is_shown() -> None:
    rows = tuple(((str(number),),) for number in range(201))
    block = DataTable(id="t", caption=("Many",), columns=(Column(title="n"),), rows=rows)
    assert len(table_of(write(block))) == 201
    assert "The first 200 of 201 rows" in write(block)


def test_a_detailed_statement_names_owner_dates_and_source() -> None:
    item = FactItem(
        label="Training data", statement=Statement(fact="training_data", text="Outlines."), owner="A. Body",
        date="1 Sep 2026", review_by="1 Sep 2027", source="Armato et al. 2011", detailed=True,
    )  # fmt: skip
    assert write(Facts(items=(item,))) == (
        "- **Training data**: Outlines. (A. Body, 1 Sep 2026; review by 1 Sep 2027; source: Armato et al. 2011)"
    )


def test_lines_to_type_stay_code_even_where_one_holds_a_line_break() -> None:
    tokens = PARSER.parse(write(Command(lines=("pip install x\n# heading", "run"))))
    assert [token.type for token in tokens] == ["code_block"]


@pytest.mark.parametrize(
    "address", ["https://evil.example/x", "www.evil.example", "HTTP://evil.example", "ftp://x.example"]
)
def test_an_address_in_a_text_does_not_become_a_link(address: str) -> None:
    text = f"see {escape(address)}, please"
    assert re.search(r"[a-z]://|www\.", text, re.IGNORECASE) is None  # what makers of links look for
    assert PARSER.render(text) == f"<p>see {address}, please</p>\n"


@pytest.mark.parametrize("letter", ["\x00", "\x07", "\x1b", "\u202e", "\u2066", "\u200b", "\x85", "\u2028"])
def test_characters_that_steer_or_reorder_are_left_out(letter: str) -> None:
    assert escape(f"a{letter}b") == "a b"
