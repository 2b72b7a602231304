"""What counts as an answer: the first word as a whole, and nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.hallucination.parsing import equivalence_key, read_choice

CHOICES = ("yes", "no")


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("yes", "yes"),
        ("No.", "no"),
        ("  YES, there is a nodule.", "yes"),
        ("**No** effusion", "no"),
        ("\n- yes", "yes"),
        ('"No," said the report', "no"),
        ("Yes\x00\x07", "yes"),
        ("\u200fYes\u200e", "yes"),
        ("\u202eno\u202c", "no"),
        ("ｙｅｓ", None),
        ("unsure", None),
        ("not sure", None),
        ("note: yes", None),
        ("Nothing", None),
        ("yesterday", None),
        ("nodule", None),
        ("yes-like", None),
        ("no-one", None),
        ("yes'd", None),
        ("no\u0301", None),
        ("I think yes", None),
        ("The answer is no", None),
        ("yes/no", None),
        ("yes or no", None),
        ("No and yes", None),
        ("yes yes", "yes"),
        ("No pleural effusion; yes, a nodule", "no"),
        ("<b>Yes</b>", None),
        ("<p>no</p>", None),
        ("", None),
        (" \t\n", None),
        ("?!…", None),
        ("1. yes", None),
        ("oui", None),
    ],
)
def test_the_first_word_decides_and_must_be_the_whole_choice(text, choice):
    assert read_choice(text, CHOICES) == choice


@given(st.text(max_size=200))
@settings(deadline=None)
def test_any_text_is_read_as_a_choice_or_not_at_all(text):
    assert read_choice(text, CHOICES) in {"yes", "no", None}


@given(st.sampled_from(["yes", "no"]), st.text(alphabet=" .,;:!?*\"'()\n\t-", max_size=20), st.text(max_size=50))
@settings(deadline=None)
def test_punctuation_before_and_a_sentence_after_do_not_matter(choice, before, after):
    text = before + choice + ". Then " + after
    assert read_choice(text, CHOICES) == choice


@given(st.sampled_from(["yes", "no"]), st.characters(categories=["L", "N"]))
@settings(deadline=None)
def test_a_letter_or_digit_attached_to_a_choice_makes_it_another_word(choice, letter):
    assert read_choice(choice + letter, CHOICES) is None


@given(st.text(alphabet=st.characters(categories=["L"]), min_size=1, max_size=12), st.sampled_from(["yes", "no"]))
@settings(deadline=None)
def test_a_choice_inside_of_a_word_is_no_answer(word, choice):
    assert read_choice("x" + choice + word, CHOICES) is None


def test_a_megabyte_is_read():
    assert read_choice("yes " + "no " * 350_000, CHOICES) is None
    assert read_choice("yes. " + "a" * 1_000_000, CHOICES) == "yes"
    assert read_choice(" " * 1_000_000 + "yes", CHOICES) is None


def test_choices_in_other_languages_and_of_several_letters():
    assert read_choice("Ja, rechts.", ("ja", "nein")) == "ja"
    assert read_choice("PRÉSENT", ("présent", "absent")) == "présent"
    assert read_choice("pre\u0301sent", ("présent", "absent")) == "présent"


def test_answers_are_equal_by_choice_or_else_by_their_text():
    assert equivalence_key("Yes.", CHOICES) == equivalence_key("yes, clearly", CHOICES)
    assert equivalence_key("Maybe  so", CHOICES) == equivalence_key("maybe so", CHOICES)
    assert equivalence_key("maybe", CHOICES) != equivalence_key("perhaps", CHOICES)
    assert equivalence_key("choice: yes", CHOICES) != equivalence_key("yes", CHOICES)
