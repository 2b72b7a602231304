"""Needs become one plan; collectors that build on each other, extractors, variants and one's own collectors."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.datasets.protocol import DatasetInfo
from governance.errors import InputError
from governance.evidence.model import CLEAN, Condition
from governance.harness.cache import ShardCache, table_bytes
from governance.harness.generation import Generate
from governance.harness.journal import Journal
from governance.harness.plan import levels, make_plan
from governance.harness.protocols import CollectionContext, Need, Shard
from governance.harness.rows import joined, rows_of
from governance.harness.seeds import sample_seed, sample_seeds
from governance.plugins import ConditionDescriptor, installed
from governance.spec.model import Settings, SubjectSpec

SUBJECT = SubjectSpec(name="m", version="1", kind="torch")
NOISE = ConditionDescriptor(name="noise", title="Noise", modalities=("radiograph",), severities=(1, 2))
FLIP = ConditionDescriptor(name="flip", title="Flip", severities=())


def info(modality: str | None = "radiograph") -> DatasetInfo:
    frame = pd.DataFrame({"sample_id": ["a"], "cluster": ["a"]})
    return DatasetInfo("test", "testing", "test", modality, "0" * 64, frame, {}, True, None)


def plan(*needs: Need, subject: SubjectSpec = SUBJECT, modality: str | None = "radiograph"):
    return make_plan(
        {"e": needs},
        subject=subject,
        datasets={"test": info(modality)},
        conditions={"noise": NOISE, "flip": FLIP},
    )


def test_equal_needs_of_several_evaluators_are_collected_once_after_what_they_build_on() -> None:
    embed = Need.of("embed", "test", extractor="own:features")
    fit = Need.of("fit", "test", builds_on=[embed])
    predict = Need.of("predict", "test")
    merged = make_plan({"b": [fit, predict], "a": [predict]}, subject=SUBJECT, datasets={"test": info()}, conditions={})
    assert merged.needs == (predict, embed, fit)
    assert levels(merged.needs) == [[predict, embed], [fit]]
    assert list(merged.by_evaluator) == ["a", "b"]


@pytest.mark.parametrize(
    ("need", "words"),
    [
        (Need.of("predict", "tset"), ["unknown dataset 'tset'", "did you mean 'test'?"]),
        (Need.of("predikt", "test"), ["unknown collector 'predikt'", "did you mean 'predict'?"]),
        (Need.of("generate", "test"), ["needs 'generate' of the subject", "'torch' can only embed, logits, predict"]),
        (Need.of("generate", "test", temperature=-1.0), ["refuses temperature"]),
        (Need.of("predict", "test", condition=Condition(name="niose", severity=1)), ["did you mean 'noise'?"]),
        (Need.of("predict", "test", condition=Condition(name="noise", severity=3)), ["no severity 3", "1, 2"]),
        (Need.of("predict", "test", condition=Condition(name="noise")), ["no severity None"]),
        (Need.of("predict", "test", condition=Condition(name="flip", severity=1)), ["no severity 1"]),
    ],
)
def test_needs_that_cannot_be_met_are_refused_before_anything_is_collected(need: Need, words: list[str]) -> None:
    with pytest.raises(InputError) as raised:
        plan(need)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("modality", ["contour-stack", None])
def test_a_condition_is_for_the_modalities_that_it_names(modality: str | None) -> None:
    need = Need.of("predict", "test", condition=Condition(name="noise", severity=1))
    plan(need)
    plan(Need.of("predict", "test", condition=Condition(name="flip")), modality=modality)
    with pytest.raises(InputError, match="makes no sense"):
        plan(need, modality=modality)


def test_seeds_differ_by_sample_condition_and_severity_and_by_nothing_else() -> None:
    seeds = {
        sample_seed(seed, sample, condition, severity)
        for seed in (0, 1)
        for sample in ("a", "b")
        for condition in ("noise", "blur")
        for severity in (None, 1, 2)
    }
    assert len(seeds) == 24
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert sample_seed(0, "a", "noise", 1) == sample_seed(0, "a", "noise", 1)


@given(st.integers(0, 2**40), st.lists(st.text()), st.lists(st.text() | st.integers() | st.none(), max_size=3))
def test_seeds_of_many_samples_are_those_of_each(seed: int, samples: list[str], what: list[str | int | None]) -> None:
    try:
        expected = [sample_seed(seed, sample, *what) for sample in samples]
    except UnicodeEncodeError:  # lone surrogates
        return
    assert sample_seeds(seed, samples, *what) == expected


def test_columns_of_batches_are_joined_and_what_was_not_said_is_well() -> None:
    whole = joined(
        [{"score": np.array([0.1, 0.2])}, {"score": np.array([np.nan]), "status": ["rejected"], "reason": ["x"]}]
    )
    rows = rows_of(whole, ["a", "b", "c"])
    assert rows["status"].tolist() == ["ok", "ok", "rejected"]
    assert rows["reason"].tolist() == ["", "", "x"]
    np.testing.assert_array_equal(rows["score"], [0.1, 0.2, np.nan])
    with pytest.raises(InputError, match="'value' for some batches"):
        joined([{"score": np.zeros(1)}, {"score": np.zeros(1), "value": np.zeros(1)}])


def test_a_cut_off_line_of_the_journal_is_skipped_and_the_next_starts_a_new_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j" / "journal.jsonl")
    journal.write("planned", n=1)
    with (tmp_path / "j" / "journal.jsonl").open("a") as stream:
        stream.write('{"event": "collec')
    journal.write("collected", n=2)
    assert [event["event"] for event in journal.events()] == ["planned", "collected"]
    assert [event["n"] for event in journal.events("collected")] == [2]


def test_a_shard_counts_only_with_its_digest_and_whole(tmp_path: Path) -> None:
    cache = ShardCache(tmp_path)
    frame = pd.DataFrame({"sample_id": ["a", "b"], "score": [0.5, np.nan], "embedding": [np.zeros(2), np.ones(2)]})
    cache.write("ab" + "0" * 62, "0", frame)
    table = cache.read("ab" + "0" * 62, "0")
    assert table is not None
    assert table.column("score").to_pylist() == [0.5, None]
    assert table_bytes(frame) == table_bytes(frame.copy())
    path = next(tmp_path.rglob("*.parquet"))
    path.write_bytes(path.read_bytes()[:-3])
    assert cache.read("ab" + "0" * 62, "0") is None
    assert cache.read("cd" + "0" * 62, "0") is None


def test_rows_beyond_the_samples_are_padding_and_wrong_numbers_are_rejected_or_refused() -> None:
    rows = rows_of({"score": np.array([0.25, np.inf, 1 + 1e-9, 9.0])}, ["a", "b", "c"])
    assert rows["status"].tolist() == ["ok", "rejected", "ok"]
    assert rows["score"].tolist()[0] == 0.25
    assert rows["score"].tolist()[2] == 1.0
    with pytest.raises(InputError, match=r"sample 'b' is -0\.5"):
        rows_of({"score": np.array([0.25, -0.5])}, ["a", "b"])
    several = rows_of({"scores": np.array([[0.2, 0.8], [np.nan, 1.0]])}, ["a", "b"])
    assert several["status"].tolist() == ["ok", "rejected"]
    assert several["scores"][0].tolist() == [0.2, 0.8]


class Echo:
    """A session that answers with the prompt; counts how it is asked."""

    digest, takes = "echo", "items"

    def generate(self, items, *, options, seeds):
        repeats = len(seeds[0])
        return [
            {
                "item": item,
                "repeat": repeat,
                "text": f"{items[item]['prompt']} {seeds[item][repeat]}",
                "choice_yes": -1.0,
            }
            for item in range(len(items))
            for repeat in range(repeats)
        ]


class Questions:
    def __init__(self, n: int) -> None:
        self.table = pd.DataFrame({"sample_id": [f"q{index}" for index in range(n)]})

    def decode(self, indices, variant=None):
        return [{"prompt": f"{variant or ''}q{index}"} for index in indices]

    def variants(self, name):
        return (1, 3) if name == "negation" else ()


def generated(n: int, condition: Condition = CLEAN, **options: object) -> pd.DataFrame:
    questions = Questions(n)
    frame = questions.table.assign(cluster=questions.table["sample_id"])
    described = DatasetInfo("q", "testing", "q", None, "0" * 64, frame, {}, True, None)
    context = CollectionContext(
        dataset=questions,
        info=described,
        datasets={},
        subject=SUBJECT,
        base=Path(__file__).parent,
        device="cpu",
        settings=Settings(batch_size=4),
        tables={},
        open_subject=Echo,
        conditions=installed("conditions"),
    )
    need = Need.of("generate", "q", condition=condition, **options)
    collector = Generate()
    shards = collector.shards(need, context)
    assert all(len(shard.indices) <= 4 for shard in shards)
    longest = [max(len(questions.decode([index])[0]["prompt"]) for index in shard.indices) for shard in shards]
    assert longest == sorted(longest)
    rows = pd.concat([collector.collect(need, shard, context) for shard in shards], ignore_index=True)
    place = {name: index for index, name in enumerate(questions.table["sample_id"])}
    return rows.sort_values("sample_id", key=lambda names: names.map(place), kind="stable", ignore_index=True)


def test_greedy_answers_are_given_once_and_sampled_ones_as_often_as_asked() -> None:
    greedy = generated(6)
    assert greedy["sample_id"].tolist() == [f"q{index}" for index in range(6)]
    assert greedy["repeat"].tolist() == [0] * 6
    sampled = generated(6, samples=3, temperature=1.0)
    assert len(sampled) == 18
    assert sampled["text"].nunique() == 18  # every answer has a seed of its own


def test_questions_are_asked_under_conditions() -> None:
    negated = generated(6, Condition(name="negation"))
    assert negated["sample_id"].tolist() == ["q1", "q3"]  # only these have that wording
    assert [text.split()[0] for text in negated["text"]] == ["negationq1", "negationq3"]
    changed = generated(6, Condition(name="option-order"))
    assert changed["sample_id"].tolist() == [f"q{index}" for index in range(6)]


def test_a_few_questions_are_a_part_of_more_of_them() -> None:
    few = generated(40, items=5)["sample_id"].tolist()
    more = generated(40, items=12)["sample_id"].tolist()
    assert len(few) == 5
    assert set(few) <= set(more)
    assert more != [f"q{index}" for index in range(12)]


OWN = """
import pandas as pd
import numpy as np
from governance.plugins import ConditionDescriptor, installed

OTHER = ConditionDescriptor(name="other", title="Another reading", severities=(), kind="variant")
SHIFT = ConditionDescriptor(name="shift", title="Shifted", implementation="own:shift")


def shift(batch, severity, seeds):
    return (batch.float() + severity).to(batch.dtype)


class Data:
    def __init__(self, n):
        generator = np.random.default_rng(5)
        self.images = generator.integers(0, 200, (n, 1, 6, 6), dtype=np.uint8)
        self.table = pd.DataFrame({
            "id": [f"s{i}" for i in range(n)], "patient": [f"p{i}" for i in range(n)], "y": generator.integers(0, 2, n),
            "sex": generator.choice(["F", "M"], n)})

    def decode(self, indices, variant=None):
        images = self.images[np.asarray(indices)]
        return images if variant is None else 255 - images

    def variants(self, name):
        return list(range(0, len(self.images), 3)) if name == "other" else []


def data(n):
    return Data(n)
"""

OWN_SPEC = """
version: 1
subject: {name: small, version: "1", kind: torch, loader: small_network:network, weights: weights.safetensors}
datasets:
  test:
    kind: loader
    loader: own:data
    options: {n: 60}
    role: testing
    target: y
    sample_id: id
    cluster: patient
    modality: anything
    attributes: {sex: {column: sex}}
conditions: {other: own:OTHER, shift: own:SHIFT}
evaluate:
  robustness: {on: test, conditions: [other, shift], severities: [2], operating_point: {threshold: 0.5}}
settings: {batch_size: 32, threads: 1, replicates: 200}
"""


def test_ones_own_loader_and_conditions_are_found_beside_the_spec(image_project) -> None:
    import torch

    (image_project.folder / "own.py").write_text(OWN)
    image_project.spec.write_text(textwrap.dedent(OWN_SPEC))
    prepared, observations, _ = image_project.run()
    tables = {need.condition.name: observations.table(need) for need in prepared.plan.needs}
    assert tables["other"]["sample_id"].tolist() == [f"s{index}" for index in range(0, 60, 3)]
    session = prepared.subject.open()
    images = torch.from_numpy(prepared.datasets["test"][0].decode(range(60)))
    np.testing.assert_allclose(tables["other"]["score"], session.predict(255 - images[::3]), atol=1e-6)
    np.testing.assert_allclose(tables["shift"]["score"], session.predict(images + 2), atol=1e-6)
    # A changed condition of one's own is applied again; what it does not touch is kept.
    (image_project.folder / "own.py").write_text(OWN.replace("+ severity", "- severity"))
    assert image_project.run()[1].counts.collected == 1


def test_an_extractor_embeds_in_the_place_of_the_subject_and_feeds_what_builds_on_it(image_project) -> None:
    import torch

    from governance import harness
    from governance.harness.collection import _Work
    from governance.harness.executor import LocalExecutor
    from governance.harness.progress import SilentReporter

    del harness
    prepared = image_project.prepare()
    embed = Need.of("embed", "test", extractor="small_network:extractor")
    own = Need.of("embed", "test")
    fit = Need.of("predict", "test", builds_on=[embed])

    class Mean:
        """A plain collector: one row a sample with the mean of its embedding."""

        uses_subject = False

        def shards(self, need, context):
            return [Shard("all", tuple(range(context.info.n)))]

        def collect(self, need, shard, context):
            table = context.tables[embed.id]
            return table[["sample_id", "status", "reason"]].assign(mean=[row.mean() for row in table["embedding"]])

    work = _planned(prepared, (embed, own, fit))
    done = _Work(work, SilentReporter(), LocalExecutor())
    done.do([embed, own])
    done.collectors["predict"] = Mean()
    done.do([fit])
    images = np.load(image_project.folder / "test.npz")["images"].astype(np.float32)
    quadrants = images.reshape(90, 2, 6, 2, 6).mean((2, 4)).reshape(90, 4)
    found = np.stack(done.observations.table(embed)["embedding"].to_numpy())
    np.testing.assert_allclose(found, quadrants, rtol=1e-5)
    np.testing.assert_allclose(done.observations.table(fit)["mean"], quadrants.mean(1), rtol=1e-5)
    session = prepared.subject.open()
    expected = session.embed(torch.from_numpy(images.astype(np.uint8))[:, None])
    np.testing.assert_allclose(np.stack(done.observations.table(own)["embedding"].to_numpy()), expected, atol=1e-6)
    again = _Work(work, SilentReporter(), LocalExecutor())
    again.do([embed, own])
    again.collectors["predict"] = Mean()
    again.do([fit])
    assert (again.counts.collected, again.counts.cached) == (0, 3)


def _planned(prepared, needs):
    """Return the prepared run with other needs."""
    from dataclasses import replace

    from governance.harness.identities import identities
    from governance.harness.plan import make_plan as planned

    infos = {name: found for name, (_, found) in prepared.datasets.items()}
    merged = planned({"x": needs}, subject=prepared.spec.subject, datasets=infos, conditions=prepared.conditions)
    found = identities(
        merged.needs,
        base=prepared.loaded.base,
        device="cpu",
        datasets={name: dataset for name, (dataset, _) in prepared.datasets.items()},
        conditions=prepared.conditions,
        before=prepared.make_ready,
    )
    return replace(prepared, plan=merged, found=found)
