"""A judge in a run: after the answers, once, and again only when the judge, its prompt or the answers are others."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from judge_models import save_classifier, save_language_model

from evaluators.hallucination.judges import ClassifierJudge, LanguageModelJudge, judge_need
from evaluators.hallucination.judges.collector import judge_digest
from governance import harness
from governance.harness.identities import identities
from governance.harness.plan import make_plan
from governance.harness.progress import SilentReporter
from governance.harness.protocols import Need
from governance.spec import load_spec

SPEC = """
version: 1
subject: {name: small, version: "1", kind: generate, task: generate, folder: words}
datasets:
  q: {kind: questions, file: q.jsonl, role: testing, target: present, sample_id: item_id, cluster: item_id}
evaluate: {hallucination: {on: q, samples: 0}}
settings: {batch_size: 8, threads: 1, replicates: 200}
"""


def collected(folder: Path, needs: list[Need]) -> Any:
    prepared = harness.prepare(
        load_spec(folder / "governance.yaml", {}),
        (),
        device="cpu",
        runs=folder / "runs",
        cache=folder / "cache",
        reporter=SilentReporter(),
    )
    infos = {name: info for name, (_, info) in prepared.datasets.items()}
    plan = make_plan({"own": needs}, subject=prepared.spec.subject, datasets=infos, conditions=prepared.conditions)
    found = identities(
        plan.needs,
        base=folder,
        device="cpu",
        datasets={name: dataset for name, (dataset, _) in prepared.datasets.items()},
        conditions=prepared.conditions,
        before=prepared.make_ready,
    )
    return harness.collect(replace(prepared, plan=plan, found=found), SilentReporter())


@pytest.mark.slow
def test_judges_are_asked_once_after_the_answers(tmp_path: Path) -> None:
    save_language_model(tmp_path / "words")
    save_classifier(tmp_path / "nli")
    lines = [
        {"item_id": f"q{index}", "question": "is there a mass ?", "reference": "no mass", "present": index % 2}
        for index in range(40)
    ]
    (tmp_path / "q.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "governance.yaml").write_text(SPEC)
    greedy = Need.of("generate", "q", max_new_tokens=6)
    sampled = Need.of("generate", "q", max_new_tokens=6, samples=3, temperature=1.0)
    about = {"version": "1", "digest": "unknown"}
    inference = ClassifierJudge(
        name="nli", folder="nli", compare="sentence-sample", first="{sample}", second="{sentence}", **about
    )
    asked = LanguageModelJudge(
        name="words", model={"kind": "generate", "folder": "words"}, prompt="{answer} ?", labels=("yes", "no"), **about
    )
    pinned = [judge.model_copy(update={"digest": judge_digest(judge, tmp_path)}) for judge in (inference, asked)]
    needs = [judge_need(judge, "q", (greedy, sampled)) for judge in pinned]
    observations = collected(tmp_path, needs)
    first = observations.counts.collected
    assert first == 2 * 2 + 5 + 5  # two shards of 32 items for each judge, of 8 for each way of answering
    for need, judge in zip(needs, pinned, strict=True):
        table = observations.table(need)
        assert set(table["sample_id"]) == {f"q{index}" for index in range(40)}
        assert set(table["judge"]) == {judge.name}
    assert collected(tmp_path, needs).counts.collected == 0
    other = judge_need(pinned[1].model_copy(update={"prompt": "answer : {answer} ?"}), "q", (greedy, sampled))
    assert collected(tmp_path, [needs[0], other]).counts.collected == 2
