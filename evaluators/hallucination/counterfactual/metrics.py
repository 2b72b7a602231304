"""What is measured between versions of a question that describe the patient otherwise. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

_NOT_SHOWN = (
    "Descriptions that were not tried, and whether a changed answer is a wrong one: where the right answer does depend "
    "on the words, leave those values out for the item."
)

FLIP_RATE = MetricDescriptor(
    name="counterfactual_answer_flip_rate",
    title="Answers that change with the patient's description",
    low=0,
    high=1,
    direction="lower",
    formula=(
        "items whose two answers differ as read / items asked in both versions; an answer that could not be read "
        "differs from one that could"
    ),
    explanation="Asked the same about the same findings of another patient, how often the answer changes.",
    does_not_show=f"How much of it mere wording does: see the excess over other words for the same. {_NOT_SHOWN}",
    source="Garg et al., AIES (2019) 219 (counterfactual token fairness); answers compared as they are read",
)
WORDING_FLIP_RATE = MetricDescriptor(
    name="counterfactual_wording_flip_rate",
    title="Answers that change with other words for the same description",
    low=0,
    high=1,
    direction="lower",
    formula="items whose answers to two wordings of the same description differ / items asked in both wordings",
    explanation="Described as the same patient in other words: how often the answer changes. The noise of wording.",
    does_not_show="The noise of other paraphrases: two wordings of each value are tried.",
    source="the toolkit's own rule: evaluators/hallucination/counterfactual/measures.py",
)
EXCESS_FLIP_RATE = MetricDescriptor(
    name="counterfactual_excess_flip_rate",
    title="Changed answers beyond those by wording",
    low=-1,
    high=1,
    direction="lower",
    formula="mean over items of (1 where answers to two descriptions differ, else 0, less the same for two wordings)",
    explanation="How much more often an answer changes with the description than with other words for the same one.",
    does_not_show=_NOT_SHOWN,
    source="paired difference of the two rates over the same items",
)
ACCURACY_CHANGE = MetricDescriptor(
    name="counterfactual_accuracy_change",
    title="Change in right answers with the description",
    low=-1,
    high=1,
    direction="none",
    formula="right answers with the description less those with the other one / items asked in both versions",
    explanation="How many more or fewer answers are right when the patient is described this way.",
    does_not_show=f"Changes that cancel: see the flip rate. {_NOT_SHOWN}",
    source="paired difference over the same items; clustered McNemar test (Yang, Sun and Hardin, Stat. Med. 2010)",
)
HALLUCINATION_CHANGE = MetricDescriptor(
    name="counterfactual_hallucination_change",
    title="Change in the hallucination rate with the description",
    low=-1,
    high=1,
    direction="none",
    formula="answers that assert what is absent with the description less those with the other one / such items",
    explanation="How much more or less often the model asserts what is not there for a patient described this way.",
    does_not_show=f"Changes that cancel: see the flip rate. {_NOT_SHOWN}",
    source="paired difference over the same items; clustered McNemar test (Yang, Sun and Hardin, Stat. Med. 2010)",
)
PROBABILITY_CHANGE = MetricDescriptor(
    name="counterfactual_probability_change",
    title="Change in the probability of the right choice with the description",
    low=-1,
    high=1,
    direction="none",
    formula="mean of P(right choice) among the two choices with the description less that with the other one",
    explanation="How much more or less probable the right choice is to the model for a patient described this way.",
    does_not_show=f"Whether the answer changes. {_NOT_SHOWN}",
    source="paired difference over the same items",
)

METRICS = (
    FLIP_RATE,
    WORDING_FLIP_RATE,
    EXCESS_FLIP_RATE,
    ACCURACY_CHANGE,
    HALLUCINATION_CHANGE,
    PROBABILITY_CHANGE,
)
