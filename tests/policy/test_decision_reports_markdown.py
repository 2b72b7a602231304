"""The Markdown of a decision, read back by a parser of GitHub's Markdown: order, size, changes and hostile text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markdown_it import MarkdownIt
from report_cases import EVERY, HOSTILE, decision, reported, verdict

from governance.exchange.reports import Changes, changes_since, markdown
from governance.exchange.reports.plain_text import markdown as escaped
from governance.policy import Outcome, Severity

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


class Page(HTMLParser):
    """Tags and visible text of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def page(text: bytes) -> Page:
    return Page(READER.render(text.decode()))


def test_outcome_first_then_what_stops_then_warnings_and_the_rest_is_folded() -> None:
    text = markdown.render(reported()).decode()
    order = ["Not released", "Stops the release (3)", "Warnings (3)", "Waived (3)", "For information (3)", "Met (3)"]
    assert [text.index(part) for part in order] == sorted(text.index(part) for part in order)
    assert text.splitlines()[0].startswith("<!-- governance: imaging")
    assert text.count("<details>") == text.count("</details>") == 2
    assert text.index("<details>") > text.index("Waived (3)")


def test_a_policy_without_rules_shows_no_tick() -> None:
    assert "## – No bar is set" in markdown.render(reported([])).decode()


def test_every_rule_is_a_row_of_a_table() -> None:
    read = page(markdown.render(reported()))
    assert read.tags.count("tr") == len(EVERY) + 5
    for one in EVERY:
        assert one.sentence in read.text


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_shows_as_it_is_and_adds_no_markup(text: str) -> None:
    clean = [verdict("a", Outcome.FAIL, sentence="x", title="x", overridden={"reason": "x"}, origin="y")]
    hostile = [verdict("a", Outcome.FAIL, sentence=text, title=text, overridden={"reason": text}, origin="y")]
    first, second = page(markdown.render(reported(clean))), page(markdown.render(reported(hostile, subject=text)))
    assert first.tags == second.tags
    letters = re.sub(r"[^A-Za-z]", "", text)
    assert re.sub(r"[^A-Za-z]", "", second.text).count(letters) >= 3


def test_people_and_issues_are_not_called_and_addresses_are_no_links() -> None:
    text = escaped("@team #12 https://x.example www.x.example a@b.example")
    for sign in ("@team", "#12", "://", "www.", "@b"):
        assert sign not in text


@pytest.mark.parametrize("sentence", ["fine", "|@x" * 400, "ä" * 3000])
def test_a_long_decision_fits_a_comment_and_says_how_much_is_left_out(sentence: str) -> None:
    verdicts = [verdict(f"rule-{i:04}", Outcome.FAIL, sentence=f"{i} {sentence}") for i in range(900)]
    verdicts += [verdict(f"met-{i:04}", Outcome.PASS, sentence=sentence) for i in range(900)]
    before = decision(verdict(f"gone-{i:04}", Outcome.PASS) for i in range(2000))
    text = markdown.render(reported(verdicts, changes=changes_since(before, decision(verdicts)))).decode()
    assert len(text.encode()) <= 65_536
    assert "Stops the release (900)" in text
    assert "Met (900)" in text
    assert re.search(r"and [\d,]+ more: too long", text)
    assert "a person decides" in text


def changed() -> Changes:
    before = [
        verdict("worse", Outcome.PASS),
        verdict("better", Outcome.FAIL),
        verdict("other", Outcome.INCONCLUSIVE),
        verdict("bar", Outcome.PASS),
        verdict("softer", Outcome.PASS),
        verdict("gone", Outcome.PASS),
        verdict("same", Outcome.PASS),
    ]
    now = [
        verdict("worse", Outcome.FAIL),
        verdict("better", Outcome.PASS),
        verdict("other", Outcome.NOT_MEASURED),
        verdict("bar", Outcome.PASS, bar={"at_least": 0.85}),
        verdict("softer", Outcome.PASS, Severity.WARN),
        verdict("new", Outcome.PASS),
        verdict("same", Outcome.PASS),
    ]
    return changes_since(decision(before, run_id="earlier"), decision(now))


def test_changes_name_flips_bars_severities_and_rules_that_came_and_went() -> None:
    found = changed()
    assert [flip.rule for flip in (*found.worse, *found.better, *found.other)] == ["worse", "better", "other"]
    assert {change.rule for change in found.rewritten} == {"bar", "softer"}
    assert (found.added, found.removed) == (("new",), ("gone",))
    text = page(markdown.render(reported(changes=found))).text
    for line in (
        "Since run earlier",
        "now fails to pass: worse, from pass to fail",
        "now passes: better, from fail to pass",
        "changed: other, from inconclusive to not measured",
        "bar changed: bar, from at least 0.8 to at least 0.85",
        "severity changed: softer, from block to warn",
        "rule added: new",
        "rule gone: gone",
    ):
        assert line in text
    assert "same" not in text


def test_no_change_is_said() -> None:
    same = changes_since(decision(EVERY), decision(EVERY))
    assert same.nothing
    assert "Every rule and every verdict is as it was." in markdown.render(reported(changes=same)).decode()


def test_a_policy_from_after_the_run_is_named_as_such() -> None:
    assert "not recorded before the run" in markdown.render(reported(recorded_before_run=False)).decode()
    assert "not recorded before the run" not in markdown.render(reported()).decode()
