"""Quality control of generated images: rates of given verdicts, and nothing that nobody judged counted as a pass."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from test_hallucination_whole_run import BROKEN_OUT, HOSTILE, Elements, misleading, without_own_script

from governance import api
from governance.documents import render
from governance.errors import InputError
from governance.evidence.folder import RunFolder

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "measure-generated-images.md").read_text()
(SPEC,) = re.findall(r"^```yaml\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
(LINE,) = (json.loads(text) for text in re.findall(r"^```json\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE))


def image(number, of="F", **verdicts):
    """An image of request number // 2; a verdict is violated, not, unknown, or a list of several."""
    said = [
        {"check": check, "violated": one, "by": f"reader {place}"}
        for check, given in verdicts.items()
        for place, one in enumerate(given if isinstance(given, list) else [given])
    ]
    requested = {"sex": of, "finding": "none" if number % 4 < 2 else "effusion"}
    return {"image_id": f"i{number}", "prompt_id": f"p{number // 2}", "requested": requested, "verdicts": said}


def evaluated(folder, lines, spec=SPEC, settings="{minimum_patients: 2, minimum_events: 1, replicates: 400}"):
    written = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    (folder / "images.jsonl").write_text("\n".join(written))
    (folder / "governance.yaml").write_text(f"{spec}settings: {settings}\n")
    done = api.evaluate(folder / "governance.yaml", output=folder / "out", no_tracking=True)
    return json.loads((done.folder.path / "evidence.json").read_text())["measurements"]


def one(found, metric, variant=None, group=None, estimand="value"):
    (only,) = [
        m
        for m in found
        if (m["metric"], m["variant"], m["slice"], m["estimand"]) == (metric, variant, group or {}, estimand)
    ]
    return only


def test_rates_count_what_was_judged_and_say_what_was_not(tmp_path):
    stream = np.random.default_rng(0)
    bad = stream.random(80) < 0.3
    lines = [
        image(n, "F" if n % 4 < 2 else "M", sex=bool(bad[n]), view=None if n % 5 == 0 else False) for n in range(80)
    ]
    found = evaluated(tmp_path, [*lines, "{broken", image(99)])
    rate = one(found, "violation_rate", "sex")
    assert (rate["value"], rate["n"], rate["events"], rate["n_clusters"]) == (
        pytest.approx(bad.mean()), 80, int(bad.sum()), 40,
    )  # fmt: skip
    assert rate["interval"]["low"] < bad.mean() < rate["interval"]["high"]
    checked = one(found, "verdict_share", "view")
    assert (checked["value"], checked["n"]) == (pytest.approx(64 / 82), 82)
    assert "line 81: not JSON" in checked["method"]["parameters"]["entries_that_could_not_be_read"]
    assert "i99" in checked["method"]["parameters"]["without"]
    any_one = one(found, "any_violation_rate")
    decided = bad | (np.arange(80) % 5 != 0)
    assert (any_one["value"], any_one["n"]) == (pytest.approx(bad[decided].mean()), int(decided.sum()))
    women = bad[np.arange(80) % 4 < 2]
    assert one(found, "violation_rate", "sex", {"sex": "F"})["value"] == pytest.approx(women.mean())
    gaps = [
        m for m in found if m["metric"] == "violation_rate" and m["estimand"] == "difference" and m["over"] == "sex"
    ]
    assert {m["variant"] for m in gaps} == {"sex", "view"}
    assert {tuple(sorted(m["slice"])) for m in found} >= {("finding", "sex"), ("sex",), ()}


def test_a_tie_is_a_violation_and_raters_are_compared(tmp_path):
    lines = [image(0, sex=[True, False]), image(2, sex=[False, False, True]), image(4, sex=[True, True]),
             image(6, sex=[False, False]), image(8, sex=[None, False])]  # fmt: skip
    found = evaluated(tmp_path, lines, SPEC.replace("    checks: [sex, view]", "    checks: [sex]"))
    rate = one(found, "violation_rate", "sex")
    assert (rate["value"], rate["method"]["parameters"]["ties_counted_as_violations"]) == (pytest.approx(2 / 5), 1)
    pairs = np.zeros((2, 2))
    for said in ([1, 0], [0, 0, 1], [1, 1], [0, 0]):
        for a in range(len(said)):
            for b in range(len(said)):
                if a != b:
                    pairs[said[a], said[b]] += 1 / (len(said) - 1)
    n = pairs.sum()
    alpha = 1 - (pairs[0, 1] + pairs[1, 0]) / ((n**2 - (pairs.sum(1) ** 2).sum()) / (n - 1))
    assert one(found, "rater_alpha", "sex")["value"] == pytest.approx(alpha)


def test_a_check_that_nobody_judged_is_not_measured(tmp_path):
    found = evaluated(tmp_path, [image(n, sex=False) for n in range(8)])
    missing = one(found, "violation_rate", "view")
    assert (missing["status"], missing["reason"]) == ("not_measured", "nobody judged the check 'view'")
    assert one(found, "any_violation_rate")["status"] == "not_measured"
    assert one(found, "verdict_share", "view")["value"] == 0.0


def test_the_shown_line_is_a_record(tmp_path):
    Draft202012Validator(api.schema("generated-images")).validate(LINE)
    found = evaluated(tmp_path, [{**LINE, "image_id": f"i{n}", "prompt_id": f"p{n}", "camera": "x"} for n in range(4)])
    assert one(found, "violation_rate", "view")["value"] == 1.0


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["{}"], "image_id"),
        ([image(0, sex="yes")], "violated"),
        ([{**image(0), "sha256": "x"}], "sha256"),
        (["[1]"], "not a JSON object"),
    ],
)
def test_a_file_without_a_record_is_refused_with_the_reason(tmp_path, lines, message):
    with pytest.raises(InputError, match=message):
        evaluated(tmp_path, lines)


def test_a_second_record_of_an_image_is_rejected_and_named(tmp_path):
    found = evaluated(tmp_path, [image(0, sex=False), image(0, sex=True), image(2, sex=False)])
    share = one(found, "verdict_share", "sex")
    assert share["n"] == 3
    assert "a second record of 'i0'" in share["method"]["parameters"]["entries_that_could_not_be_read"]
    assert one(found, "violation_rate", "sex")["value"] == 0.0


def test_hostile_records_are_counted_and_shown_as_text(tmp_path):
    lines = [
        {
            "image_id": f"{BROKEN_OUT} {n}",
            "prompt": HOSTILE * 20_000 if n == 1 else f"{HOSTILE} {n}",
            "requested": {"sex": HOSTILE if n % 2 else "F", "finding": BROKEN_OUT, HOSTILE: "x"},
            "verdicts": [{"check": HOSTILE, "violated": n % 3 == 0, "by": BROKEN_OUT, "note": HOSTILE}]
            if n > 3
            else [],
            HOSTILE: {"deep": "\ud800"},
        }
        for n in range(24)
    ]
    found = evaluated(tmp_path, [*lines, "{" + HOSTILE, "\x00"], SPEC.replace("    checks: [sex, view]", ""))
    (rate,) = [m for m in found if m["metric"] == "violation_rate" and m["slice"] == {} and m["estimand"] == "value"]
    assert (rate["events"], rate["n"]) == (6, 20)
    (share,) = [m for m in found if m["metric"] == "verdict_share" and m["slice"] == {} and m["estimand"] == "value"]
    assert (share["events"], share["n"]) == (20, 26)
    said = [v for m in found for v in (m["variant"], *m["slice"].values(), *m["method"]["parameters"].values())]
    assert not misleading("".join(str(value) for value in said))
    (folder,) = (path.parent for path in (tmp_path / "out").glob("*/evidence.json"))
    written = render(RunFolder(folder), audiences=["engineer"], formats=["html", "markdown", "json"])
    page = Elements(without_own_script(next(path for path in written if path.suffix == ".html").read_text("utf-8")))
    assert not page.tags & {"script", "img"}
    assert "<script>alert('x')</script>\\u202egnp.exe" in "".join(page.text)
    assert all(not misleading(path.read_text("utf-8")) for path in written)
