"""Whether what a file of answers names exists, and which items nothing answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from governance.catalogues.answers import Answers, Selector, all_answers, fact_keys, read_answers
from governance.catalogues.loading import all_catalogues, catalogue, near
from governance.errors import InputError
from governance.spec.validation import Problem, raise_problems


def check_answers(path: Path) -> Answers:
    """Read a file of answers and refuse what it names that does not exist.

    Raises
    ------
    InputError
        With file, line and column of the first unknown name, and a near one.
    """
    answers, document = read_answers(path)
    raise_problems(document, list(unknown_names(answers)))
    return answers


def unknown_names(answers: Answers) -> Iterator[Problem]:
    """Yield each item id, fact key, evaluator, metric and condition in a file of answers that does not exist."""
    from governance.plugins import EvaluatorDescriptor, installed

    try:
        items = set(catalogue(answers.catalogue).by_id)
    except InputError as error:
        yield Problem(("catalogue",), error.message, error.hint)
        return
    evaluators = {
        name: {metric.name for metric in found.metrics}
        for name, found in installed("evaluators").items()
        if isinstance(found, EvaluatorDescriptor)
    }
    for item, answer in answers.answers.items():
        if item not in items:
            yield Problem(("answers", item), f"{answers.catalogue} has no item '{item}'", near(item, items), "key")
        for index, key in enumerate(answer.facts):
            if key not in fact_keys():
                hint = near(key, fact_keys())
                yield Problem(("answers", item, "facts", index), f"there is no fact key '{key}'", hint)
        for index, selector in enumerate(answer.measured):
            for leaf in selector.leaves():
                yield from _unknown(leaf, evaluators, ("answers", item, "measured", index))


def _unknown(leaf: Selector, evaluators: Mapping[str, set[str]], keys: tuple[str | int, ...]) -> Iterator[Problem]:
    from governance.plugins import installed

    if leaf.evaluator is not None and leaf.evaluator not in evaluators:
        hint = near(leaf.evaluator, evaluators)
        yield Problem(keys, f"there is no evaluator '{leaf.evaluator}'", hint)
        return
    metrics = evaluators[leaf.evaluator] if leaf.evaluator else set().union(*evaluators.values())
    if leaf.metric is not None and leaf.metric not in metrics:
        whose = f"{leaf.evaluator} has" if leaf.evaluator else "there is"
        yield Problem(keys, f"{whose} no metric '{leaf.metric}'", near(leaf.metric, metrics))
    if isinstance(leaf.condition, str) and leaf.condition not in (known := installed("conditions")):
        yield Problem(keys, f"there is no condition '{leaf.condition}'", near(leaf.condition, known))


def unanswered(identity: str) -> tuple[str, ...]:
    """Return the items of a catalogue that nothing answers, in its order."""
    found = all_answers().get(catalogue(identity).id)
    return tuple(item for item in all_catalogues()[catalogue(identity).id].by_id if found and item not in found.answers)
