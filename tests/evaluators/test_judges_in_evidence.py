"""Judges named in a spec: what they say becomes evidence with who said it, and nothing is judged twice."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from judge_models import save_classifier, save_language_model
from nhefs_predictions import Tables, dataset_info
from recorded_answers import EVALUATOR, context, only

from evaluators.hallucination.judges import ClassifierJudge, HumanJudge, LanguageModelJudge, judge_need
from evaluators.hallucination.judges.collector import JudgeCollector, judge_digest
from evaluators.hallucination.recorded import GenerationsEvaluationOptions
from governance import api
from governance.cli.main import execute
from governance.errors import InputError
from governance.evidence.canonical import canonical_json
from governance.harness.protocols import Need

ABOUT = {"version": "3", "digest": "0" * 64}
NLI = ClassifierJudge(name="nli", folder="n", compare="sentence-sample", first="{sample}", second="{sentence}", **ABOUT)
PAIRS = ClassifierJudge(name="pairs", folder="n", compare="sample-pair", first="{first}", second="{second}", **ABOUT)
PEOPLE = HumanJudge(name="readers", file="labels.csv", **ABOUT)


def asked(**more):
    return LanguageModelJudge(
        name="asked",
        model={"kind": "generate", "folder": "w"},
        prompt="{sentence}|{sample}",
        labels=("yes", "no"),
        compare="sentence-sample",
        **{**ABOUT, **more},
    )


def measured(items, judges, rows, measures=()):
    """Return measurements of records and of what judges said, given as rows."""
    frame = pd.DataFrame([{"sample_id": str(n), "cluster": f"patient {n}"} for n in range(len(items))])
    table = pd.DataFrame(
        [
            {
                "sample_id": str(n),
                "status": "ok",
                "reason": "",
                "record": canonical_json({"item_id": str(n), **item}).decode(),
            }
            for n, item in enumerate(items)
        ]
    )
    need = Need.of("recorded-generations", "answers")
    tables = {need.id: table}
    for judge in judges:
        blank = {"status": "ok", "reason": "", "sentence": -1, "sample": -1, "other": -1, "label": "", "score": np.nan}
        made = pd.DataFrame([{**blank, **row} for row in rows[judge.name]])
        made["judge"], made["judge_version"], made["prompt_digest"] = judge.name, judge.version, judge.prompt_digest
        builds_on = () if isinstance(judge, HumanJudge) else (need,)
        tables[judge_need(judge, "answers", builds_on).id] = made
    info = dataset_info(frame, "answers")
    options = GenerationsEvaluationOptions(on="answers", judges=tuple(judges), measures=measures)
    return list(EVALUATOR.measure(Tables(tables), context(info, options)))


def answers(count, right=lambda n: n % 2 == 0):
    return [
        {
            "question": "Is there an effusion?",
            "reference": "Yes",
            "generation": "Yes" if right(n) else "No",
            "samples": [{"text": "Yes", "log_probability": -1.0}, {"text": "No", "log_probability": -2.0}],
        }
        for n in range(count)
    ]


def test_contradictions_become_a_mean_and_tell_wrong_answers_from_right_ones():
    said = {
        "nli": [
            {"sample_id": str(n), "sentence": 0, "sample": k, "p_entailment": 1 - against, "p_neutral": 0.0,
             "p_contradiction": against}
            for n in range(20) for k, against in enumerate((0.1, 0.3) if n % 2 == 0 else (0.6, 0.8))
        ]
    }  # fmt: skip
    found = measured(answers(20), [NLI], said)
    one = only(found, "selfcheck_nli", judge="nli")
    assert (one.value, one.n, one.n_clusters) == (pytest.approx(0.45), 20, 20)
    assert one.interval.low < 0.45 < one.interval.high
    assert one.method.parameters["judge_digest"] == "0" * 64
    assert one.method.parameters["judge_version"] == "3"
    assert one.method.parameters["judge_prompt_digest"] == NLI.prompt_digest
    detection = {m.variant: m.value for m in found if m.metric == "hallucination_detection_auroc" and not m.slice}
    assert detection["selfcheck_nli by nli"] == 1.0
    for name in ("hallucination_detection_auroc", "hallucination_detection_average_precision"):
        said = [m for m in found if m.metric == name and m.variant == "selfcheck_nli by nli" and not m.slice]
        assert [m.method.parameters["judge_digest"] for m in said] == ["0" * 64]


def test_a_language_model_counts_what_it_cannot_read_half():
    rows = [
        {"sample_id": "0", "sentence": 0, "sample": 0, "label": "yes"},
        {"sample_id": "0", "sentence": 0, "sample": 1, "label": "no"},
        {"sample_id": "1", "sentence": 0, "sample": 0, "status": "unparsed"},
        {"sample_id": "1", "sentence": 0, "sample": 1, "label": "no"},
        {"sample_id": "2", "status": "rejected", "reason": "there is no answer to judge"},
    ]
    one = only(measured(answers(3), [asked()], {"asked": rows}), "selfcheck_prompt", judge="asked")
    assert (one.value, one.n) == (pytest.approx((0.5 + 0.75) / 2), 2)
    assert one.method.parameters["unreadable_counted_half"] == 1


def test_equal_meanings_give_both_entropies():
    same, apart = (0.9, 0.05, 0.05), (0.05, 0.05, 0.9)
    rows = [
        {
            "sample_id": str(n),
            "sample": a,
            "other": b,
            **dict(zip(("p_entailment", "p_neutral", "p_contradiction"), same if n else apart, strict=True)),
        }
        for n in range(2)
        for a, b in ((0, 1), (1, 0))
    ]
    found = measured(answers(2), [PAIRS], {"pairs": rows})
    likely = np.exp([-1.0, -2.0]) / np.exp([-1.0, -2.0]).sum()
    assert only(found, "semantic_entropy_by_meaning", judge="pairs").value == pytest.approx(np.log(2) / 2)
    weighted = only(found, "semantic_entropy_by_meaning_weighted", judge="pairs")
    assert weighted.value == pytest.approx(-(likely * np.log(likely)).sum() / 2)
    assert only(found, "distinct_meanings", judge="pairs").value == 1.5


def test_labels_of_a_judge_and_of_people_from_a_file_give_agreement_and_a_corrected_score():
    judge = ClassifierJudge(name="hall", folder="n", first="{answer}", **ABOUT)
    stream = np.random.default_rng(3)
    truth = np.where(stream.random(400) < 0.3, "catastrophic", "correct")
    flips = stream.random(400) < 0.1
    seen = np.where(flips, np.where(truth == "correct", "catastrophic", "correct"), truth)
    rows = {
        "hall": [{"sample_id": str(n), "label": label} for n, label in enumerate(seen)],
        "readers": [{"sample_id": str(n), "label": label, "rater": "a"} for n, label in enumerate(truth[:100])],
    }
    people = PEOPLE.model_copy(update={"name": "human"})
    found = measured(answers(400), [judge, people], {"hall": rows["hall"], "human": rows["readers"]})
    assert only(found, "medihall_score", judge="hall").value == pytest.approx((seen == "correct").mean())
    assert only(found, "medihall_score", judge="human").n == 100
    both = (truth[:100] == "correct").astype(float) - (seen[:100] == "correct")
    assert only(found, "corrected_medihall_score", judge="hall").value == pytest.approx(
        (seen == "correct").mean() + both.mean(), abs=1e-9
    )
    assert only(found, "judge_agreement", judge="hall").n == 100
    about = only(found, "medihall_score", judge="hall").method.parameters
    assert about["judge_agreement_with_people"].endswith("both judged: 100")
    assert (about["judge_digest"], about["judge_version"]) == ("0" * 64, "3")
    assert about["judge_prompt_digest"] == judge.prompt_digest
    people = only(found, "medihall_score", judge="human").method.parameters
    assert people["judge_kind"] == "human"
    assert "judge_agreement_with_people" not in people


def test_a_score_by_a_judge_that_nobody_checked_says_so():
    judge = ClassifierJudge(name="hall", folder="n", first="{answer}", **ABOUT)
    rows = [{"sample_id": str(n), "label": "correct"} for n in range(4)]
    found = measured(answers(4), [judge], {"hall": rows})
    said = only(found, "medihall_score", judge="hall").method.parameters["judge_agreement_with_people"]
    assert said == "not known: people have judged none of these answers"


def test_labels_that_are_none_of_the_six_are_not_scored_as_one():
    judge = ClassifierJudge(name="hall", folder="n", first="{answer}", **ABOUT)
    rows = [{"sample_id": str(n), "label": "good" if n else "correct"} for n in range(4)]
    one = only(measured(answers(4), [judge], {"hall": rows}), "medihall_score", judge="hall")
    assert (one.value, one.n, one.method.parameters["unparsed_in_denominator"]) == (0.25, 4, 3)


@pytest.mark.slow
def test_a_score_without_the_judges_errors_holds_the_truth_as_often_as_it_says():
    """Over many data sets the 95 % interval of prediction-powered inference covers the score that people would give."""
    stream = np.random.default_rng(5)
    judge = ClassifierJudge(name="hall", folder="n", first="{answer}", **ABOUT)
    people = PEOPLE.model_copy(update={"name": "human"})
    held, raw_held, values, errors = 0, 0, [], []
    for _ in range(40):
        right = stream.random(240) < 0.7
        seen = np.where(right, stream.random(240) < 0.95, stream.random(240) < 0.4)
        rows = {
            "hall": [
                {"sample_id": str(n), "label": "correct" if one else "catastrophic"} for n, one in enumerate(seen)
            ],
            "human": [
                {"sample_id": str(n), "label": "correct" if one else "catastrophic", "rater": "a"}
                for n, one in enumerate(right[:120])
            ],
        }
        found = measured(answers(240), [judge, people], rows, measures=("labels", "judges"))
        one = only(found, "corrected_medihall_score", judge="hall")
        raw = only(found, "medihall_score", judge="hall")
        held += one.interval.low <= 0.7 <= one.interval.high
        raw_held += raw.interval.low <= 0.7 <= raw.interval.high
        values.append(one.value)
        errors.append(one.value - (seen.mean() + (right[:120].astype(float) - seen[:120]).mean()))
    assert np.abs(errors).max() < 1e-9
    assert held >= 34
    assert raw_held < 20
    assert np.mean(values) == pytest.approx(0.7, abs=0.03)


def test_only_people_are_called_human():
    with pytest.raises(ValueError, match="stands for people"):
        GenerationsEvaluationOptions(on="a", judges=(NLI.model_copy(update={"name": "human"}),))


def test_a_classifier_of_other_labels_gives_no_contradiction_and_says_why():
    rows = [{"sample_id": "0", "sentence": 0, "sample": 0, "label": "good", "p_good": 1.0}]
    one = only(measured(answers(1), [NLI], {"nli": rows}), "selfcheck_nli", judge="nli")
    assert one.status == "not_measured"
    assert "rename its labels" in one.reason


def test_judges_have_names_of_their_own():
    with pytest.raises(ValueError, match="name of its own"):
        GenerationsEvaluationOptions(on="a", judges=(NLI, PAIRS.model_copy(update={"name": "nli"})))


SPEC = """
version: 1
subject: {name: recorded, version: "1", kind: recorded, task: generate, predictions: a.jsonl}
datasets:
  answers: {kind: generations, format: plain, file: a.jsonl, role: testing, sample_id: sample_id, cluster: sample_id}
evaluate:
  generations:
    on: answers
    judges:
      - kind: classifier
        name: nli
        version: "1"
        digest: DIGEST
        folder: nli
        compare: sentence-sample
        first: "{sample}"
        second: "{sentence}"
      - {kind: classifier, name: pairs, version: "1", digest: DIGEST, folder: nli, compare: sample-pair,
         first: "{first}", second: "{second}"}
      - {kind: classifier, name: labels, version: "1", digest: DIGEST, folder: nli, first: "{answer}",
         labels: [correct, minor, catastrophic]}
      - kind: language-model
        name: asked
        version: "1"
        digest: WORDS
        model: {kind: generate, folder: words}
        compare: sentence-sample
        prompt: "{sentence} {sample} ?"
        labels: [yes, no]
settings: {batch_size: 8, threads: 1, replicates: 200, minimum_patients: 2, minimum_events: 1}
"""


@pytest.mark.slow
def test_a_spec_with_judges_gives_evidence_and_a_second_run_judges_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    save_language_model(tmp_path / "words")
    save_classifier(tmp_path / "nli")
    lines = [
        {"item_id": f"q{n}", "question": "is there a mass ?", "reference": "no", "generation": "there is a mass",
         "samples": [{"text": "no mass", "log_probability": -1.0}, {"text": "a mass is seen", "log_probability": -2.0}]}
        for n in range(12)
    ]  # fmt: skip
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    spec = tmp_path / "governance.yaml"
    spec.write_text(SPEC.replace("DIGEST", "unknown").replace("WORDS", "unknown"))
    with pytest.raises(InputError, match=r"the digest of the judge 'nli' is ([0-9a-f]{64}), the spec says unknown"):
        api.evaluate(spec, output=tmp_path / "runs", no_tracking=True)
    models = {"kind": "generate", "folder": "words"}
    judges = (NLI.model_copy(update={"folder": "nli"}), asked().model_copy(update={"model": models}))
    digests = [judge_digest(judge, tmp_path) for judge in judges]
    spec.write_text(SPEC.replace("DIGEST", digests[0]).replace("WORDS", digests[1]))
    done = api.evaluate(spec, output=tmp_path / "runs", no_tracking=True)
    found = json.loads((done.folder.path / "evidence.json").read_text())["measurements"]
    nli = [m for m in found if m["metric"] == "selfcheck_nli" and m["status"] == "measured" and not m["slice"]]
    assert (nli[0]["n"], nli[0]["judge"], nli[0]["method"]["parameters"]["judge_digest"]) == (12, "nli", digests[0])
    said = [m for m in found if m["metric"] == "selfcheck_prompt" and not m["slice"]]
    assert said[0]["method"]["parameters"]["unreadable_counted_half"] == 24
    for name in ("semantic_entropy_by_meaning", "semantic_entropy_by_meaning_weighted", "distinct_meanings"):
        one = next(m for m in found if m["metric"] == name and not m["slice"])
        assert (one["n"], one["judge"], one["method"]["parameters"]["judge_digest"]) == (12, "pairs", digests[0])
        assert one["interval"] or one["interval_reason"]
    score = next(m for m in found if m["metric"] == "medihall_score" and not m["slice"] and not m["curve"])
    assert (score["n"], score["judge"]) == (12, "labels")
    assert score["method"]["parameters"]["judge_agreement_with_people"].startswith("not known")
    before = (done.folder.path / "evidence.json").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(JudgeCollector, "collect", lambda *_: pytest.fail("judged twice"))
        again = api.evaluate(spec, output=tmp_path / "runs", no_tracking=True)
    assert (again.folder.path / "evidence.json").read_bytes() == before
    (tmp_path / "nli" / "model.safetensors").rename(tmp_path / "elsewhere")
    assert execute(["evaluate", str(spec), "--output", str(tmp_path / "other"), "--no-tracking"]) == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    assert "nli" in said.err
