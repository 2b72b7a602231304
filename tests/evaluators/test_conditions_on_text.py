"""Conditions on texts: what they change, and what they must not."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.robustness.conditions.text import MISSPELT, option_order, other_units, typing_errors

REPORT = (
    "The heart is normal in size. There is a 12 mm nodule in the right upper lobe, no pleural effusion or"
    " pneumothorax. PICC line in place. Question: is there a pneumothorax? Answer yes or no."
)


def prompts(items):
    return [item["prompt"] for item in items]


def one(condition, text, severity=None, seed=5, **item):
    return condition([{"prompt": text, **item}], severity, [seed])[0]["prompt"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a 12 mm nodule", "a 1.2 cm nodule"),
        ("a 3 x 4.5 cm mass", "a 30 x 45 mm mass"),
        ("2-3 cm", "20-30 mm"),
        ("an 8-mm nodule", "an 0.8-cm nodule"),
        ("5mg daily", "0.005g daily"),
        ("0.5 g twice", "500 mg twice"),
        ("temperature 38.5 °C", "temperature 101.3 °F"),
        ("70 kg", "70000 g"),
        ("glucose 110 mg/dL", "glucose 110 mg/dL"),
        ("1,000 mg", "1,000 mg"),
        ("at L1-2 mm", "at L1-2 mm"),
        ("body mass 22 kg/m²", "body mass 22 kg/m²"),
        ("10 months", "10 months"),
    ],
)
def test_quantities_change_their_unit_and_never_their_size(written, expected):
    assert one(other_units, written) == expected


@given(st.decimals(min_value=0, max_value=10**6, places=3), st.sampled_from(["mm", "mg", "mL"]))
def test_converting_there_and_back_gives_the_same_quantity(number, unit):
    back = one(other_units, one(other_units, f"size {number} {unit}."))
    assert float(re.search(r"size (\S+) ", back)[1]) == float(number)
    assert back.endswith(f"{unit}.")


@pytest.mark.parametrize("severity", range(1, 6))
def test_typing_errors_hit_the_share_of_words_and_spare_numbers_and_short_words(severity):
    text = " ".join([REPORT] * 5)
    changed = one(typing_errors, text, severity)
    before, after = text.split(), changed.split()
    assert len(before) == len(after)
    differ = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    long_words = [word for word in before if re.fullmatch(r"[A-Za-z]{4,}[.,?:]?", word) and not word[:4].isupper()]
    assert len(differ) == round(MISSPELT[severity - 1] * len(long_words))
    for old, new in differ:
        assert old in long_words
        assert old[0] == new[0]
        assert abs(len(old) - len(new)) <= 1
    for kept in ("12", "mm", "no", "PICC", "yes"):
        assert before.count(kept) == after.count(kept)


def test_typing_errors_depend_on_the_item_alone():
    items = [{"prompt": REPORT, "item_id": str(number)} for number in range(7)]
    seeds = [number * 31 for number in range(7)]
    together = prompts(typing_errors(items, 4, seeds))
    alone = [prompts(typing_errors([item], 4, [seed]))[0] for item, seed in zip(items, seeds, strict=True)]
    assert together == alone
    assert len(set(together)) == 7
    assert items[0]["prompt"] == REPORT


@given(st.text(alphabet=string.printable + "é°–\u200f", max_size=300), st.integers(-(2**62), 2**62))
def test_no_text_breaks_a_condition(text, seed):
    for condition, severity in ((typing_errors, 5), (other_units, None), (option_order, None)):
        assert isinstance(one(condition, text, severity, seed), str)


@given(st.text(alphabet=string.ascii_letters, min_size=4, max_size=12).filter(lambda word: not word.isupper()))
def test_a_word_of_four_letters_or_more_is_always_misspelt(word):
    assert one(typing_errors, word, 1) != word


def test_the_two_answers_change_places():
    assert one(option_order, "Answer yes or no.") == "Answer no or yes."
    assert one(option_order, "Answer (Yes/No):") == "Answer (No/Yes):"
    assert one(option_order, "benign or malignant?", choices=["benign", "malignant"]) == "malignant or benign?"
    assert one(option_order, "eyes or nose") == "eyes or nose"
