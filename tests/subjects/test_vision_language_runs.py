"""Questions about images go the whole way from files to answers, and a second run asks nothing again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_models import save_llava

from governance import harness
from governance.harness.progress import SilentReporter
from governance.spec import load_spec

SPEC = """
version: 1
subject: {name: small, version: "1", kind: vision-language, task: generate, folder: model}
datasets:
  questions: {kind: questions, file: questions.jsonl, images: images, role: testing, target: present,
              sample_id: item_id, cluster: patient}
evaluate:
  hallucination: {on: questions, samples: 2, sampled_items: 3, choices: ["yes", "no"]}
settings: {batch_size: 3, threads: 1, replicates: 200, minimum_patients: 2, minimum_events: 1}
"""


@pytest.mark.slow
def test_images_reach_the_model_and_what_was_answered_is_kept(tmp_path: Path) -> None:
    save_llava(tmp_path / "model")
    (tmp_path / "images").mkdir()
    generator = np.random.default_rng(0)
    lines = []
    for index in range(8):
        pixels = generator.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "images" / f"{index}.png")
        lines.append(
            {
                "item_id": f"q{index}",
                "question": "is there a mass ?",
                "image": f"{index}.png",
                "present": index % 2,
                "patient": f"p{index // 2}",
            }
        )
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "governance.yaml").write_text(SPEC)

    def run():
        loaded = load_spec(tmp_path / "governance.yaml", {})
        prepared = harness.prepare(
            loaded, (), device="cpu", runs=tmp_path / "runs", cache=tmp_path / "cache", reporter=SilentReporter()
        )
        observations = harness.collect(prepared, SilentReporter())
        return prepared, observations, harness.measure(prepared, observations, SilentReporter())

    prepared, observations, evidence = run()
    greedy = observations.table(prepared.plan.needs[0])
    assert sorted(greedy["sample_id"]) == [f"q{index}" for index in range(8)]
    assert greedy["choice_yes"].nunique() == 8  # the same question about other images
    auroc = next(m for m in evidence.measurements if m.metric == "auroc")
    assert auroc.status == "measured"
    again = run()[1]
    assert again.counts.collected == 0
