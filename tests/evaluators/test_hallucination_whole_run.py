"""Recorded answers from file to evidence and documents, hostile ones among them."""

import json
import re
import shutil
import subprocess
import unicodedata
from functools import partial
from html.parser import HTMLParser

import pytest

from governance import api
from governance.cli.main import main
from governance.documents import render
from governance.documents.html import script
from governance.documents.pdf import RENDERER
from governance.evidence.folder import RunFolder

SPEC = """\
version: 1
subject: {{name: answers, version: "1", kind: recorded, task: generate, predictions: {file}}}
datasets:
  answers:
    {{kind: generations, format: {format}, file: {file}, role: testing, cluster: image_id, sample_id: sample_id{more}}}
evaluate:
  generations: {{on: answers{options}}}
{settings}"""
POLICY = """\
policy: bars
version: "1"
rules:
  - id: readable
    title: The file can be read
    measure: {evaluator: generations, metric: readable_share}
    bar: {at_least: 0.5}
    rationale: a test
"""
HOSTILE = "<script>alert('x')</script>\u202egnp.exe\u0000\u001b[31m{{7*7}}"
BROKEN_OUT = '"><img src=x onerror=alert(1)>\u2067\u200f[a](javascript:alert(2))\x7f\x85'


def evaluated(folder, file, kind="plain", more="", options="", settings=""):
    text = SPEC.format(file=file, format=kind, more=more, options=options, settings=settings)
    (folder / "governance.yaml").write_text(text)
    step = api.evaluate
    if "policy" in settings:
        (folder / "policy.yaml").write_text(POLICY)
        step = partial(api.run, audiences=("engineer",), formats=("html", "markdown", "json"))
    done = step(folder / "governance.yaml", output=folder / "out", no_tracking=True)
    return done.folder.path, json.loads((done.folder.path / "evidence.json").read_text())["measurements"]


def one(measurements, metric, **about):
    wanted = {"estimand": "value", "slice": {}, "curve": {}, "variant": None, **about}
    (found,) = [m for m in measurements if m["metric"] == metric and all(m[k] == v for k, v in wanted.items())]
    return found


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "n", "references", "labels", "answers"),
    [("conventional", 499, 364, 499, 499), ("counterfactual", 111, 111, 111, 111),
     ("confidence_weakening", 140, 140, 0, 0)],
)  # fmt: skip
def test_med_hallmark_is_scored_and_what_it_lacks_is_said(shared_data, tmp_path, name, n, references, labels, answers):
    shutil.copy(shared_data / "med-hallmark" / f"{name}.json", tmp_path)
    _, found = evaluated(tmp_path, f"{name}.json", "med-hallmark")
    for metric, count in (("reference_share", references), ("label_share", labels), ("generation_share", answers)):
        share = one(found, metric)
        assert (share["events"], share["n"]) == (count, n)
        assert share["method"]["parameters"]["without"] == n - count
        assert ("entries_without" in share["method"]["parameters"]) == (count < n)
    score = one(found, "medihall_score", judge="human")
    if name == "conventional":
        assert score["value"] == pytest.approx((0.2 * 76 + 0.4 * 151 + 0.6 * 12 + 0.8 * 42 + 3) / 499)
        assert score["interval"]["low"] < score["value"] < score["interval"]["high"]
        assert score["n_clusters"] == 117
        assert one(found, "reference_share")["method"]["parameters"]["entries_without"].startswith("366, 367, ")
    else:
        reasons = {"counterfactual": "too few patients: 9", "confidence_weakening": "none of 140 entries has a label"}
        assert reasons[name] in score["reason"]


@pytest.fixture(scope="module")
def hostile_run(tmp_path_factory):
    """Malformed, empty, huge and hostile answers, in one file."""
    folder = tmp_path_factory.mktemp("hostile")
    texts = [
        "",
        " ",
        HOSTILE,
        "no " * 350_000 + "effusion",
        "(" * 1_000_000,
        "\u202e\u2066Yes",
        "yes" + "\u0301" * 1000,
    ]
    lines = [
        json.dumps(
            {
                "item_id": f"{HOSTILE} {number}",
                "image_id": f"i{number}",
                "question": HOSTILE,
                "reference": "Yes" if number % 2 else "There is an effusion.",
                "generation": texts[number] if number < len(texts) else HOSTILE,
                "task_type": HOSTILE if number % 2 else "other",
                "options": {"A": HOSTILE, "B": "No"} if number % 5 == 0 else {},
                "samples": [{"text": texts[(number + k) % len(texts)]} for k in range(2)] if number < 5 else [],
                "attributes": {"sex": ("F", HOSTILE, BROKEN_OUT)[number % 3]},
                "judgements": [
                    {"judge": "human", "label": HOSTILE if number % 4 == 0 else 5},
                    {"judge": HOSTILE, "label": 0},
                ],
                HOSTILE: {"deep": "\ud800"},
            }
        )
        for number in range(28)
    ]
    lines[3:3] = ["{" + HOSTILE, '{"item_id": 3, "generation": {}}', "\x00"]
    (folder / "answers.jsonl").write_text("\n".join(lines), encoding="utf-8")
    settings = "policy: policy.yaml\nsettings: {minimum_patients: 2, minimum_events: 1}"
    more = ", attributes: {sex: sex}"
    return evaluated(folder, "answers.jsonl", more=more, options=", groups: [sex]", settings=settings)


def test_hostile_answers_are_scored_and_broken_lines_counted(hostile_run):
    _, found = hostile_run
    readable = one(found, "readable_share")
    assert (readable["events"], readable["n"]) == (28, 31)
    told = readable["method"]["parameters"]["broken"]
    assert [f"line {number}: " in told for number in (4, 5, 6)] == [True] * 3
    assert one(found, "finding_coverage")["status"] == "measured"
    label = one(found, "hallucination_label_share", judge="human", target_class="unparsed")
    assert label["value"] == pytest.approx(7 / 28)
    written = json.dumps(found, ensure_ascii=False)
    # What comes from the file as a name is shown with its marks made visible; groups are the dataset's own words.
    names = [m["judge"] for m in found if m["judge"]] + [
        str(value) for m in found for value in m["method"]["parameters"].values()
    ]
    assert not any(mark in name for name in names for mark in ("\u202e", "\x00", "\x1b"))
    assert "NaN" not in written


def without_own_script(source):
    """Return a page without the one script that it ships with; any other is still there."""
    own = f"<script>{script()}</script>"
    assert source.count(own) == 1
    return source.replace(own, "")


class Elements(HTMLParser):
    """Collects what is markup in a page, and what is text."""

    def __init__(self, source):
        super().__init__()
        self.tags, self.attributes, self.text = set(), set(), []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.text.append(data)


def misleading(text):
    """Return the control and direction marks in a text, however they were written there."""
    return {mark for mark in text if unicodedata.category(mark) in ("Cc", "Cf") and mark not in "\n\u00ad"}


@pytest.fixture(scope="module")
def hostile_documents(hostile_run):
    folder, _ = hostile_run
    render(RunFolder(folder), formats=["html", "markdown", "json"])
    found = {ending: list((folder / "documents").rglob(f"*.{ending}")) for ending in ("html", "md", "json")}
    assert {path.stem for path in found["html"]} == {"public", "clinician", "deployer", "engineer", "auditor"}
    return found


def test_hostile_answers_appear_as_text_in_pages_of_every_audience(hostile_documents):
    for path in hostile_documents["html"]:
        source = without_own_script(path.read_bytes().decode("utf-8"))
        page = Elements(source)
        assert not page.tags & {"script", "img", "iframe", "object", "embed"}, path
        assert not {name for name in page.attributes if name.startswith("on")}, path
        assert "<script" not in source.lower()
        assert not re.search(r"""(?:href|src)\s*=\s*["']?\s*javascript:""", source)
        # Marks are no more there as references to characters than as themselves.
        assert misleading("".join(page.text)) == misleading(source) == set(), path
    engineer = next(path for path in hostile_documents["html"] if path.stem == "engineer")
    text = "".join(Elements(engineer.read_text("utf-8")).text)
    # What was written is shown: as text, with its marks visible, and a template in it not carried out.
    assert "<script>alert('x')</script>\\u202egnp.exe\\u0000\\u001b[31m{{7*7}}" in text
    assert '"><img src=x onerror=alert(1)>\\u2067\\u200f[a](javascript:alert(2))\\u007f' in text


def test_hostile_answers_appear_as_text_in_markdown_of_every_audience(hostile_documents):
    from markdown_it import MarkdownIt

    shown = set()
    for path in hostile_documents["md"]:
        source = path.read_bytes().decode("utf-8")
        assert misleading(source) == set(), path
        kinds = set()
        for token in MarkdownIt("commonmark").enable("table").parse(source):
            for part in (token, *(token.children or ())):
                kinds.add(part.type)
                if part.type == "text" and "alert(" in part.content:
                    shown.add(path.stem)
        assert not kinds & {"html_block", "html_inline", "link_open", "image"}, path
    assert "engineer" in shown


def test_hostile_answers_appear_as_text_in_json_documents(hostile_documents):
    for path in hostile_documents["json"]:
        raw = path.read_bytes().decode("utf-8")
        # Neither as they are nor as escapes of JSON: a reader that decodes them gets the visible form.
        assert misleading(raw) == misleading(json.dumps(json.loads(raw), ensure_ascii=False)) == set(), path


@pytest.mark.slow
@pytest.mark.skipif(RENDERER.missing() is not None, reason="WeasyPrint or Pango is not installed")
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="pdftotext is not installed")
def test_hostile_answers_appear_as_text_in_the_pdf(hostile_run):
    folder, _ = hostile_run
    (path,) = render(RunFolder(folder), audiences=["engineer"], formats=["pdf"])
    raw = path.read_bytes()
    for active in (b"/JavaScript", b"/JS ", b"/Launch", b"/OpenAction", b"javascript:"):
        assert active not in raw
    read = subprocess.run(["pdftotext", "-raw", str(path), "-"], capture_output=True, check=True, timeout=60).stdout
    text = read.decode("utf-8")
    assert misleading(text.replace("\f", "")) == set()
    # Lines may break within a name.
    assert r"</script>\u202egnp.exe\u0000" in re.sub(r"\s", "", text)
    assert r"onerror=alert(1)>\u2067\u200f" in re.sub(r"\s", "", text)


def test_a_file_that_is_not_json_ends_with_2_and_says_where(tmp_path, capsys):
    (tmp_path / "a.json").write_text('[{"item_id": 1,}]')
    (tmp_path / "governance.yaml").write_text(
        SPEC.format(file="a.json", format="plain", more="", options="", settings="")
    )
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(tmp_path / "governance.yaml"), "--no-tracking", "--output", str(tmp_path / "out")])
    assert ended.value.code == 2
    assert "a.json:1:16" in capsys.readouterr().err


def test_another_kind_of_dataset_is_refused_with_what_is_needed(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"item_id": "1", "prompt": "?", "image_id": "x"}\n')
    text = SPEC.format(file="a.jsonl", format="plain", more="", options="", settings="")
    (tmp_path / "governance.yaml").write_text(text.replace("kind: generations, format: plain", "kind: questions"))
    with pytest.raises(Exception, match="holds no recorded answers"):
        api.evaluate(tmp_path / "governance.yaml", output=tmp_path / "out", no_tracking=True)
