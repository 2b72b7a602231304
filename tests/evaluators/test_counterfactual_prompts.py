"""Counterfactual pairs: what is put into a question, and what is measured between its versions."""

from __future__ import annotations

import string
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nhefs_predictions import dataset_info
from recorded_answers import measured
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests

from evaluators.grouping import Minimums
from evaluators.hallucination.counterfactual.measures import UNREAD, Counterfactuals, Version
from evaluators.hallucination.counterfactual.options import CounterfactualOptions
from evaluators.hallucination.counterfactual.templates import SHIPPED, read_templates, templates_of, versions_of
from evaluators.hallucination.counterfactual.variants import BARE, name_of, name_of_pair, read_name
from evaluators.hallucination.rewriting.model import Rewriting, applicable, rewritten
from evaluators.records import Recorder
from governance.datasets.slots import with_slots
from governance.errors import InputError

TEMPLATES = read_templates(SHIPPED)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)


@pytest.mark.parametrize(
    ("values", "wording", "expected"),
    [
        ({"sex": "female"}, 0, "a woman"),
        ({"sex": "female"}, 1, "a female patient"),
        ({"sex": "male", "age": "80"}, 0, "an 80-year-old man"),
        ({"age": "80", "sex": "male"}, 1, "an 80 year old male patient"),
        ({"ethnicity": "Asian"}, 0, "an Asian patient"),
        ({"insurance": "none", "ethnicity": "White", "age": "30", "sex": "female"}, 0,
         "a 30-year-old white woman without health insurance"),
    ],
)  # fmt: skip
def test_the_shipped_wordings_read_as_english(values, wording, expected):
    assert TEMPLATES.description(values, wording) == expected


def test_every_value_of_every_attribute_is_asked_once_and_named_so_that_it_can_be_read_back():
    options = CounterfactualOptions(attributes=("sex", "age", "ethnicity"), intersections=True)
    versions = versions_of(options, templates_of(options, SHIPPED.parent))
    # 2 + 3 values with two wordings, 4 with one; 2x3 + 2x4 + 3x4 pairs of values, 2x3x4 triples.
    assert len(versions) == 2 * 5 + 4 + 6 + 8 + 12 + 24
    assert len({version.name for version in versions}) == len(versions)
    assert len({version.rewriting.text for version in versions}) == len(versions)
    for version in versions:
        assert read_name(version.name) == (dict(version.values), version.wording)


@pytest.mark.parametrize(
    "name", ["weakening", "sex", "sex=", "injection=x", "sex=a,sex=b", "wording=2", "a=b,wording=x"]
)
def test_other_variants_are_no_descriptions(name):
    assert read_name(name) is None


@given(before=TEXTS, slot=TEXTS.filter(bool), after=TEXTS, text=TEXTS.filter(bool))
@settings(max_examples=200, deadline=None)
def test_outside_of_the_slot_every_character_stays(before, slot, after, text):
    before, after = before.replace("{patient}", ""), after.replace("{patient}", "")
    prompt = f"{before}{{patient}}{after}"
    if prompt.count("{patient}") != 1:
        return
    item = with_slots({"item_id": "1", "prompt": prompt, "slots": {"patient": slot}, "variants": {}})
    assert item["prompt"] == before + slot + after
    changed = rewritten(item, Rewriting(put="slot", slot="patient", text=text), "")["prompt"]
    assert changed.startswith(before)
    assert changed.endswith(after)
    middle = changed[len(before) : len(changed) - len(after)]
    assert middle in (text, text[:1].upper() + text[1:])
    ahead = rewritten(item, Rewriting(put="before", slot="patient", text=text), "")["prompt"]
    assert ahead == f"{text}\n{item['prompt']}"


@given(st.lists(st.text(string.ascii_letters, max_size=8), min_size=3, max_size=3))
def test_braces_in_the_text_of_a_slot_are_no_places(texts):
    one, two, three = texts
    item = {"item_id": "1", "prompt": "{b}|{a}", "slots": {"a": f"{{b}}{one}", "b": f"{two}{{a}}"},
            "variants": {"paraphrase": f"{three}; {{a}}"}}  # fmt: skip
    found = with_slots(item)
    assert found["prompt"] == f"{two}{{a}}|{{b}}{one}"
    assert {name: found["prompt"][start:end] for name, (start, end) in found["slots"].items()} == item["slots"]
    assert found["variants"]["paraphrase"] == f"{three}; {{b}}{one}"


def test_a_value_that_makes_no_sense_for_an_item_is_left_out_and_a_misspelt_one_is_an_error():
    rewriting = Rewriting(put="before", slot="patient", text="x", values=("sex=male", "age=30"),
                          known=("sex=male", "sex=female", "age=30"))  # fmt: skip
    assert not applicable({"not_applicable": ["sex=male"]}, rewriting)
    assert applicable({"not_applicable": ["sex=female", "pregnancy=yes"]}, rewriting)
    assert applicable({}, rewriting)
    with pytest.raises(InputError, match="unknown value 'sex=men'"):
        applicable({"not_applicable": ["sex=men"]}, rewriting)
    with pytest.raises(InputError, match="not a list"):
        applicable({"not_applicable": "sex=male"}, rewriting)


N, PATIENTS = 240, 80
FLIPS = "counterfactual_answer_flip_rate"


def version(stream, present, skill, *, unread=0.05):
    right = stream.random(N) < skill
    reading = np.where(right == present, 1, 0)
    reading[stream.random(N) < unread] = UNREAD
    return Version(
        asked=stream.random(N) > 0.1,
        reading=reading,
        right=reading == present,
        known=np.ones(N, dtype=bool),
        asserts_absent=(reading == 1) & ~present,
        probability=stream.random(N),
    )


@pytest.fixture(scope="module")
def world():
    """Seven versions with different skill, three items a patient or one."""
    stream = np.random.default_rng(8)
    present = stream.random(N) < 0.5
    names = [BARE, "sex=a", "sex=b", "sex=c", "sex=a,wording=2", "sex=b,wording=2", "sex=a,age=1"]
    skills = [0.9, 0.9, 0.5, 0.7, 0.9, 0.5, 0.6]
    return present, {n: version(stream, present, s) for n, s in zip(names, skills, strict=True)}


def counterfactuals(world, codes):
    present, versions = world
    frame = pd.DataFrame(
        {"sample_id": [f"s{n}" for n in range(N)], "cluster": codes.astype(str), "target": present * 1}
    )
    info = dataset_info(frame, "questions")
    everyone = np.ones(N, dtype=bool)
    half = {"half": "first"}
    return Counterfactuals(
        recorder=Recorder("hallucination", info, 0.95),
        minimums=Minimums(2, 1),
        versions=versions,
        absent=~present,
        codes=codes,
        n_clusters=int(codes.max()) + 1,
        cells=[({}, everyone), (half, np.arange(N) < N // 2)],
    )


def named(found, metric, one, other=None, cell=None):
    wanted = (metric, name_of_pair(one, other) if other else one, cell or {})
    (only,) = [m for m in found if (m.metric, m.variant, m.slice) == wanted]
    return only


def test_rates_and_changes_agree_with_counting(world):
    found = list(counterfactuals(world, np.arange(N) % PATIENTS).measure())
    present, versions = world
    frame = pd.DataFrame({name: np.where(v.asked, v.reading, -9) for name, v in versions.items()}).assign(
        present=present
    )
    for one, other in (("sex=b", BARE), ("sex=c", "sex=a"), ("sex=a,age=1", BARE)):
        both = frame[(frame[one] != -9) & (frame[other] != -9)]
        flips = named(found, "counterfactual_answer_flip_rate", one, other)
        assert flips.value == pytest.approx((both[one] != both[other]).mean())
        assert flips.n == len(both)
        counted = flips.method.parameters
        assert counted["unread_in_one_counted_as_changed"] == ((both[one] == -1) != (both[other] == -1)).sum()
        assert counted["unread_in_both_counted_as_unchanged"] == ((both[one] == -1) & (both[other] == -1)).sum()
        assert counted["items_left_out"] == N - len(both)
        assert flips.interval.low < flips.value < flips.interval.high
        right = (both[one] == both.present).mean() - (both[other] == both.present).mean()
        assert named(found, "counterfactual_accuracy_change", one, other).value == pytest.approx(right)
        absent = both[~both.present]
        change = (absent[one] == 1).mean() - (absent[other] == 1).mean()
        assert named(found, "counterfactual_hallucination_change", one, other).value == pytest.approx(change)
        probability = (versions[one].probability - versions[other].probability)[both.index].mean()
        assert named(found, "counterfactual_probability_change", one, other).value == pytest.approx(probability)
    first = frame.iloc[: N // 2]
    first = first[(first["sex=a"] != -9) & (first["sex=a,wording=2"] != -9)]
    noise = named(found, "counterfactual_wording_flip_rate", "sex=a", cell={"half": "first"})
    assert noise.value == pytest.approx((first["sex=a"] != first["sex=a,wording=2"]).mean())


def test_the_excess_is_what_the_description_does_beyond_its_wordings(world):
    found = list(counterfactuals(world, np.arange(N)).measure())
    _, versions = world
    v = {name: np.where(one.asked, one.reading, -9) for name, one in versions.items()}
    names = ("sex=a", "sex=b", "sex=a,wording=2", "sex=b,wording=2")
    among = np.all([v[name] != -9 for name in names], axis=0)
    noise = ((v["sex=a"] != v["sex=a,wording=2"]) * 0.5 + (v["sex=b"] != v["sex=b,wording=2"]) * 0.5)[among]
    expected = np.mean((v["sex=a"] != v["sex=b"])[among] - noise)
    excess = named(found, "counterfactual_excess_flip_rate", "sex=b", "sex=a")
    assert excess.value == pytest.approx(expected)
    assert excess.method.parameters["descriptions_with_two_wordings"] == 2
    # A value with one wording has no noise of its own to be read against, nor has an intersection.
    pairs = {m.variant for m in found if m.metric == "counterfactual_excess_flip_rate"}
    assert pairs == {"sex=a", "sex=b", "sex=b vs sex=a", "sex=c vs sex=a", "sex=c vs sex=b"}


def test_p_values_are_mcnemars_adjusted_for_all_pairs_of_the_attribute(world):
    found = list(counterfactuals(world, np.arange(N)).measure())
    _, versions = world
    pairs = [
        ("sex=a", BARE),
        ("sex=b", BARE),
        ("sex=c", BARE),
        ("sex=b", "sex=a"),
        ("sex=c", "sex=a"),
        ("sex=c", "sex=b"),
    ]
    raw = []
    for one, other in pairs:
        among = versions[one].asked & versions[other].asked
        more = int(np.sum(versions[one].right[among] & ~versions[other].right[among]))
        fewer = int(np.sum(~versions[one].right[among] & versions[other].right[among]))
        raw.append(binomtest(more, more + fewer, 0.5).pvalue)
    adjusted = multipletests(raw, method="holm")[1]
    for pair, expected in zip(pairs, adjusted, strict=True):
        change = named(found, "counterfactual_accuracy_change", *pair)
        assert change.p_value == pytest.approx(expected, rel=1e-9)
        assert "Holm over 6 pairs of sex" in change.test
    assert min(adjusted) < 1e-6 < max(adjusted)


def test_patients_with_several_items_widen_the_interval(world):
    present, versions = world
    whole = np.repeat(np.arange(N // 3), 3)
    versions = {name: replace(one, asked=np.ones(N, dtype=bool), reading=one.reading[whole * 3])
                for name, one in versions.items()}  # fmt: skip
    alone, together = (
        named(counterfactuals((present, versions), codes).measure(), FLIPS, "sex=b", BARE).interval
        for codes in (np.arange(N), whole)
    )
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def answers(items=12):
    """A model that denies masses in women: recorded answers to the same items in five versions."""
    for number in range(items):
        reference = "yes" if number % 2 else "no"
        for variant in (None, "sex=male", "sex=female", "sex=female,wording=2", "sex=female, age=80", "weakening"):
            if number < 2 and variant == "sex=male":
                continue
            says = "no" if variant and "female" in variant else reference
            yield {"item_id": f"{number}-{variant}", "pair_id": f"q{number}", "image_id": f"p{number // 2}",
                   "variant": variant, "question": "a mass?", "reference": reference, "generation": says,
                   "attributes": {"site": "ab"[number % 3 % 2]}}  # fmt: skip


def test_recorded_answers_are_paired_by_item():
    found = measured(list(answers()), attributes=("site",))
    flips = named(found, "counterfactual_answer_flip_rate", "sex=male", "sex=female")
    assert (flips.value, flips.n, flips.method.parameters["items_left_out"]) == (0.5, 10, 2)
    assert named(found, "counterfactual_wording_flip_rate", "sex=female").value == 0
    assert named(found, "counterfactual_accuracy_change", "sex=female", BARE).value == -0.5
    assert named(found, "counterfactual_hallucination_change", "sex=female", BARE).value == 0
    assert named(found, "counterfactual_answer_flip_rate", "age=80,sex=female", BARE).n == 12
    assert named(found, "counterfactual_answer_flip_rate", "sex=female", BARE, {"site": "a"}).n == 8
    # What is no description of a patient stays with the measures of pressure, and a description leaves them.
    assert {m.variant for m in found if m.metric == "sycophancy_rate" and not m.slice} <= {"weakening"}
    assert any(m.variant == "weakening" for m in found)


def test_records_without_versions_say_so_where_asked():
    found = measured([item for item in answers() if item["variant"] is None], measures=("counterfactuals",))
    (said,) = [m for m in found if m.metric == "counterfactual_answer_flip_rate"]
    assert "no record describes the patient" in said.reason
    assert not [m for m in measured([i for i in answers() if i["variant"] is None]) if "counterfactual" in m.metric]


def test_an_answer_that_no_rule_reads_is_not_taken_for_unchanged():
    free = [{**item, "reference": "a small nodule", "generation": "words"} for item in answers()]
    flips = named(measured(free), "counterfactual_answer_flip_rate", "sex=female", BARE)
    assert flips.status == "not_measured"


def test_names_are_written_as_they_are_read():
    assert name_of({"sex": "female", "age": "80"}, 1) == "sex=female,age=80,wording=2"
