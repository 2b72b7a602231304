"""What the page's controls do, in a browser: find, sort, save, link, change the theme, print."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from governance.documents.blocks import Audience, Column, DataTable, Figure
from governance.documents.content import Document, Section
from governance.documents.html import render

from .browser import LOOKS, PHONE, Visit, chromium, needs_chromium, visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, needs_chromium]

ROWS = (
    ("=1+1", "0.84 (0.75 to 0.90)", "12345"),
    ("+49 sites", "−0.50", "9"),
    ("-0.2", "not measured", ""),
    ("@home", "12 %", "1\N{NARROW NO-BREAK SPACE}234"),
    ('says "a, b"', "at least 0.9", "1,000,000"),
    ("−0.05 to 0.1", "−0.7", "−3"),
    ("−12.5", "none", "7"),
    ("\tx", "1.5e-3", "0"),
)
"""A text, a value and a count, as cells may hold them."""
TABLE = DataTable(
    id="made",
    caption=("Made for this test.",),
    columns=(Column(title="Text"), Column(title="Value"), Column(title="Count", numeric=True)),
    rows=tuple(
        ((text,), (Figure(measurements=(f"{index:016x}",), text=value),), (count,))
        for index, (text, value, count) in enumerate(ROWS)
    ),
    folded="A table made for this test",
)
FIRST_ROW = "m-0000000000000000"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, documents: dict[Audience, Document]) -> Path:
    document = documents["engineer"]
    made = Section(id="made-section", title="A made table", blocks=(TABLE,))
    file = tmp_path_factory.mktemp("page") / "engineer.html"
    file.write_bytes(render(document.model_copy(update={"sections": (*document.sections, made)})))
    return file


@pytest.fixture
def opened(browser: Browser, path: Path) -> Iterator[Visit]:
    with visit(browser, path, accept_downloads=True) as made:
        yield made
        assert made.said == []


def column(visited: Visit, index: int) -> list[str]:
    return visited.page.locator(f"#made tbody tr td:nth-child({index})").all_inner_texts()


def sort_by(visited: Visit, title: str) -> str | None:
    head = visited.page.locator("#made th", has_text=title)
    head.locator("button").click()
    return head.get_attribute("aria-sort")


def saved(visited: Visit, table: str) -> list[list[str]]:
    with visited.page.expect_download() as download:
        visited.page.locator(f"{table} ~ .tools button, .scroll:has(> {table}) + .tools button").first.click()
    data = Path(download.value.path()).read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_without_scripts_the_page_is_whole_and_has_no_controls(browser: Browser, path: Path) -> None:
    with visit(browser, path, java_script_enabled=False) as read, visit(browser, path) as helped:
        assert not read.page.locator(".controls").is_visible()
        assert helped.page.locator(".controls").is_visible()
        assert read.page.locator(".unmatched, .tools, .sort").count() == 0
        assert read.page.locator("main tr").count() == helped.page.locator("main tr").count()
        assert not read.page.locator(".anchor").count()


def test_a_link_into_a_closed_part_opens_it(browser: Browser, path: Path) -> None:
    with visit(browser, path, at=f"#{FIRST_ROW}") as there, visit(browser, path) as elsewhere:
        assert there.page.locator(f"#{FIRST_ROW}").is_visible()
        assert not elsewhere.page.locator(f"#{FIRST_ROW}").is_visible()
        elsewhere.page.evaluate(f"location.hash = '{FIRST_ROW}'")
        elsewhere.page.wait_for_timeout(200)
        assert elsewhere.page.locator(f"#{FIRST_ROW}").is_visible()


def test_a_link_to_what_a_search_hides_clears_the_search(opened: Visit) -> None:
    opened.search("calibration")
    assert not opened.page.locator(f"#{FIRST_ROW}").is_visible()
    opened.page.evaluate(f"location.hash = '{FIRST_ROW}'")
    opened.page.wait_for_timeout(200)
    assert opened.page.input_value("#page-search") == ""
    assert opened.page.locator(f"#{FIRST_ROW}").is_visible()


@pytest.mark.parametrize("place", ["#%", "#%E0%A4%A", "#<img src=x onerror=alert(1)>", "#constructor", "#"])
def test_a_link_to_nowhere_does_nothing(browser: Browser, path: Path, place: str) -> None:
    with visit(browser, path, at=place) as made:
        assert made.page.locator(".controls").is_visible()
        assert made.said == []


def test_titles_link_to_their_parts_and_show_it_when_focused(opened: Visit) -> None:
    link = opened.page.locator("#made-section-title a")
    link.focus()
    assert "#" in opened.page.evaluate("getComputedStyle(document.activeElement, '::after').content")
    opened.page.keyboard.press("Enter")
    assert opened.page.url.endswith("#made-section")


def test_a_search_shows_the_rows_that_hold_all_words_and_says_how_many(opened: Visit) -> None:
    assert opened.search("made −0.50") == "1 row found"
    assert opened.page.locator("#made tbody tr:visible td").all_inner_texts() == ["+49 sites", "−0.50", "9"]
    assert opened.page.locator(".matching:visible").all_inner_texts() == [f"1 of {len(ROWS)} rows shown"]
    assert opened.page.locator("main > section:visible").count() == 1
    assert opened.page.evaluate("CSS.highlights.get('found').size") == 1


def test_a_minus_is_found_by_the_key_that_people_have(opened: Visit) -> None:
    assert opened.search("made -0.50") == "1 row found"


def test_a_search_finds_a_measurement_by_its_id(opened: Visit) -> None:
    assert opened.search(FIRST_ROW.removeprefix("m-")) == "1 row found"
    assert opened.page.locator(f"#{FIRST_ROW}").is_visible()


def test_a_search_without_hits_says_so_and_escape_clears_it(opened: Visit) -> None:
    assert "Nothing on this page has “zebra <b>”" in opened.search("zebra <b>")
    assert opened.page.locator("main > section:visible").count() == 0
    opened.page.keyboard.press("Escape")
    assert opened.page.input_value("#page-search") == ""
    assert opened.page.inner_text("#page-status") == ""
    assert opened.page.locator(".unmatched").count() == 0


def test_parts_that_a_search_opened_are_closed_again(opened: Visit) -> None:
    closed = opened.page.locator("details:not([open])").count()
    opened.search("sensitivity")
    assert opened.page.locator("details:not([open])").count() < closed
    opened.page.click(".clear")
    assert opened.page.locator("details:not([open])").count() == closed


def test_a_search_finds_what_stands_in_a_closed_part_of_a_closed_part(opened: Visit) -> None:
    """A chart in a folded block has its table in a part of its own; here one part is moved into another."""
    opened.page.evaluate(
        "(() => { const [outer, inner] = document.querySelectorAll('main details'); outer.append(inner);"
        "inner.querySelector('tbody tr').cells[0].textContent = 'needle'; })()"
    )
    assert opened.search("needle") == "1 row found"
    assert opened.page.locator("main tbody tr:visible").count() == 1


def test_a_search_finds_the_title_of_the_model_and_the_word_of_a_verdict(opened: Visit, documents) -> None:
    assert "found" in opened.search(documents["engineer"].identity.subject)
    assert "found" in opened.search("inconclusive")
    assert opened.page.locator(".verdict:visible").count() > 0


def test_the_key_goes_to_the_search_and_can_be_switched_off(opened: Visit) -> None:
    focused = "document.activeElement.id"
    opened.page.keyboard.press("/")
    assert opened.page.evaluate(focused) == "page-search"
    opened.page.keyboard.press("/")
    assert opened.page.input_value("#page-search") == "/"
    opened.page.fill("#page-search", "")
    opened.page.click(".shortcut")
    opened.page.keyboard.press("/")
    assert opened.page.evaluate(focused) != "page-search"


def test_numbers_are_sorted_by_value_and_what_is_missing_stands_last(opened: Visit) -> None:
    opened.open_all()
    assert sort_by(opened, "Value") == "ascending"
    up = ["−0.7", "−0.50", "none", "1.5e-3", "12 %", "0.84 (0.75 to 0.90)", "at least 0.9", "not measured"]
    assert column(opened, 2) == up
    assert sort_by(opened, "Value") == "descending"
    assert column(opened, 2) == [*up[-2::-1], "not measured"]
    assert sort_by(opened, "Count") == "ascending"
    assert column(opened, 3) == ["−3", "0", "7", "9", "1\u202f234", "12345", "1,000,000", ""]
    assert opened.page.locator("#made th", has_text="Value").get_attribute("aria-sort") == "none"


def test_the_third_time_the_order_is_that_of_the_document(opened: Visit) -> None:
    opened.open_all()
    before = column(opened, 2)
    assert [sort_by(opened, "Text") for _ in range(3)] == ["ascending", "descending", "none"]
    assert column(opened, 2) == before


def test_groups_keep_their_order(opened: Visit) -> None:
    assert opened.page.locator("table.groups").count() > 0
    assert opened.page.locator("table.groups button").count() == 0


def test_a_saved_table_holds_all_rows_and_computes_nothing_in_a_spreadsheet(opened: Visit) -> None:
    opened.search("made −0.50")
    lines = saved(opened, "#made")
    assert lines[0] == ["Text", "Value", "Count", "Measurements"]
    assert lines[1:] == [
        ["'=1+1", "0.84 (0.75 to 0.90)", "12345", f"{0:016x}"],
        ["'+49 sites", "-0.50", "9", f"{1:016x}"],
        ["-0.2", "not measured", "", f"{2:016x}"],
        ["'@home", "12 %", "1234", f"{3:016x}"],
        ['says "a, b"', "at least 0.9", "1000000", f"{4:016x}"],
        ["−0.05 to 0.1", "-0.7", "-3", f"{5:016x}"],
        ["-12.5", "none", "7", f"{6:016x}"],
        ["x", "1.5e-3", "0", f"{7:016x}"],
    ]


def test_a_saved_group_table_has_value_and_interval_in_columns_of_their_own(opened: Visit, documents) -> None:
    blocks = [block for section in documents["engineer"].sections for block in section.blocks]
    table = next(block for block in blocks if block.kind == "group_table")
    lines = saved(opened, f'table[aria-labelledby="{table.id}"]')
    records = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    heading, expected = "", []
    for row in table.rows:
        if row.heading is not None:
            heading = row.heading
            continue
        value = row.value.text.replace("−", "-") if row.value else "not measured"
        expected.append((heading, row.label, value, row.interval.text if row.interval else "", row.mark or ""))
    kept = ("Groups by", table.head, table.metric, "Interval", "Mark")
    assert [tuple(record[name] for name in kept) for record in records] == expected
    named = [row.value.measurements[0] in record["Measurements"] for row, record in _measured(table, records)]
    assert len(named) > 1
    assert all(named)


def _measured(table, records):
    rows = [row for row in table.rows if row.heading is None]
    return [(row, record) for row, record in zip(rows, records, strict=True) if row.value]


def test_links_of_rows_are_one_stop_for_tab_and_arrow_keys_go_on(opened: Visit) -> None:
    opened.open_all()
    assert opened.page.locator('#made .anchor[tabindex="0"]').count() == 1
    opened.page.locator("#made .anchor").first.focus()
    where = "document.activeElement.closest('tr').id"
    opened.page.keyboard.press("ArrowDown")
    assert opened.page.evaluate(where) == "m-0000000000000001"
    opened.page.keyboard.press("End")
    assert opened.page.evaluate(where) == f"m-{len(ROWS) - 1:016x}"
    assert opened.page.evaluate("getComputedStyle(document.activeElement).opacity") == "1"
    opened.page.keyboard.press("Enter")
    assert opened.page.url.endswith(f"#m-{len(ROWS) - 1:016x}")


@pytest.mark.parametrize(("theme", "first", "second"), [("light", "dark", "light"), ("dark", "light", "dark")])
def test_the_theme_is_changed_by_a_button_for_this_visit(browser: Browser, path: Path, theme, first, second) -> None:
    scheme = "getComputedStyle(document.documentElement).colorScheme"
    with visit(browser, path, theme=theme) as made:
        assert made.page.evaluate(scheme) == theme
        for expected in (first, second):
            made.page.click(".theme")
            assert made.page.evaluate(scheme) == expected
            assert made.page.get_attribute(".theme", "aria-pressed") == str(expected == "dark").lower()
        made.page.click(".theme")
        made.page.reload()
        assert made.page.evaluate(scheme) == theme
        assert made.said == []


def test_on_paper_there_are_no_controls_and_nothing_is_closed_hidden_or_dark(browser: Browser, path: Path) -> None:
    with visit(browser, path, theme="dark") as made:
        made.page.click(".theme")
        made.page.click(".theme")
        made.search("made −0.50")
        made.page.emulate_media(media="print", color_scheme="dark")
        assert made.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        for hidden in (".controls", ".tools", ".anchor", ".skip"):
            assert not made.page.locator(hidden).first.is_visible()
        made.page.keyboard.press("Escape")
        assert made.page.locator("details:not([open])").count() > 0
        heights = (
            "Array.from(document.querySelectorAll('main tr, main section'), e => e.getBoundingClientRect().height)"
        )
        assert min(made.page.evaluate(heights)) > 0
        assert made.said == []


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_the_page_never_scrolls_sideways(browser: Browser, path: Path, width: int, theme) -> None:
    with visit(browser, path, width=width, theme=theme) as made:
        assert made.width() <= width
        made.open_all()
        assert made.width() <= width
        made.search("sensitivity")
        assert made.width() <= width


def test_wide_tables_are_scrolled_in_their_box_by_keys(browser: Browser, path: Path) -> None:
    with visit(browser, path, width=PHONE) as made:
        made.open_all()
        wide = made.page.evaluate(
            "Array.from(document.querySelectorAll('.scroll'), b => [b.scrollWidth > b.clientWidth, b.tabIndex])"
        )
        assert any(is_wide for is_wide, _ in wide)
        assert all(stop == 0 for is_wide, stop in wide if is_wide)
