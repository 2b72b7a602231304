"""Check that what a spec names exists and may be used in that way: datasets, conditions, groupings, roles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from governance.errors import near_name
from governance.plugins import ConditionDescriptor, installed
from governance.spec.document import Keys
from governance.spec.model import Output, Refers, Spec
from governance.spec.model_keys import references
from governance.spec.validation import Problem

PURPOSE = "intended_purpose"
"""The fact that says what a model is for."""
SCORED = ("on", "test_on")
"""Options that name the dataset whose measurements are reported."""
TUNED = ("choose_on",)
"""Options that name a dataset on which something is chosen."""
TRAINED = ("train_on",)
"""Options that name a dataset on which something is fitted."""
NAMED_LIKE_DATASETS = frozenset((*SCORED, *TUNED, *TRAINED))
"""Options that are dataset names by the house's convention, even where a plug-in does not mark them."""

_UNMARKED: Mapping[str, Refers] = {
    **{name: Refers("dataset") for name in NAMED_LIKE_DATASETS},
    "conditions": Refers("condition"),
    "groups": Refers("grouping"),
}


def find_broken_references(
    spec: Spec, options: Mapping[Keys, BaseModel], models: Mapping[Keys, type[BaseModel] | None]
) -> list[Problem]:
    """Return what the evaluations name that does not exist or may not be used so."""
    problems = [*_unknown_documents(spec), *_strata_elsewhere(spec)]
    known = {name: found for name, found in installed("conditions").items() if name not in spec.conditions}
    for keys, found in _named(spec, options, models):
        broken = [problem for hit in found for problem in _broken(spec, keys, hit, found)]
        broken += _unfit_conditions(spec, keys, found, known)
        problems += broken or list(_misused(spec, keys, found))
    return list(dict.fromkeys(problems))


def _strata_elsewhere(spec: Spec) -> Iterator[Problem]:
    for name, fact in spec.facts.items():
        if fact.strata and name != PURPOSE:
            yield Problem(("facts", name, "strata"), f"only `{PURPOSE}` has strata: whom the purpose covers")


def find_unfit_conditions(
    spec: Spec,
    options: Mapping[Keys, BaseModel],
    models: Mapping[Keys, type[BaseModel] | None],
    known: Mapping[str, Any],
) -> list[Problem]:
    """Return where a condition makes no sense for the data that it is asked on.

    `find_broken_references` says so of installed conditions; what a condition of one's own is for is known only once
    its code was imported.

    Parameters
    ----------
    known
        Conditions by name.
    """
    problems = (_unfit_conditions(spec, keys, found, known) for keys, found in _named(spec, options, models))
    return list(dict.fromkeys(problem for some in problems for problem in some))


Hit = tuple[Keys, Refers, str]


def _named(
    spec: Spec, options: Mapping[Keys, BaseModel], models: Mapping[Keys, type[BaseModel] | None]
) -> Iterator[tuple[Keys, list[Hit]]]:
    """Yield all that the options of each evaluation name."""
    for name in spec.evaluate:
        keys: Keys = ("evaluate", name)
        model = models.get(keys)
        if model is None or keys not in options:
            continue
        content = options[keys].model_dump(mode="python", by_alias=True)
        hits = dict.fromkeys([*references(model, content), *_by_convention(content)])
        yield keys, [(path, refers, text) for path, refers, text in hits]


def _by_convention(content: Any, keys: Keys = (), refers: Refers | None = None) -> Iterator[Hit]:
    if isinstance(content, Mapping):
        for key, value in content.items():
            yield from _by_convention(value, (*keys, key), _UNMARKED.get(key))
    elif isinstance(content, (list, tuple)):
        for index, value in enumerate(content):
            yield from _by_convention(value, (*keys, index), refers)
    elif isinstance(content, str) and refers is not None:
        yield keys, refers, content


def _broken(spec: Spec, base: Keys, hit: Hit, named: list[Hit]) -> Iterator[Problem]:
    """Say what is named but does not exist, or makes no sense on the dataset."""
    keys, refers, text = hit
    place = (*base, *keys)
    if refers.to == "dataset" and text not in spec.datasets:
        yield Problem(place, f"there is no dataset '{text}'", near_name(text, spec.datasets))
    elif refers.to == "condition":
        known = installed("conditions")
        if text not in known and text not in spec.conditions and text != "clean":
            yield Problem(place, f"unknown condition '{text}'", near_name(text, [*known, *spec.conditions]))
    elif refers.to == "grouping":
        for dataset in _scored(named):
            attributes = spec.datasets[dataset].attributes if dataset in spec.datasets else {}
            none = f"declare `attributes` in datasets.{dataset}"
            for attribute in text.split(" x "):
                if dataset in spec.datasets and attribute.strip() not in attributes:
                    hint = near_name(attribute, attributes) if attributes else none
                    yield Problem(place, f"the dataset '{dataset}' has no attribute '{attribute.strip()}'", hint)


def _unfit_conditions(spec: Spec, base: Keys, named: list[Hit], known: Mapping[str, Any]) -> Iterator[Problem]:
    """Say which conditions make no sense for the modality of the data, and which data must say what it is."""
    untold: dict[str, list[ConditionDescriptor]] = {}
    for keys, refers, text in named:
        descriptor = known.get(text)
        if refers.to != "condition" or not isinstance(descriptor, ConditionDescriptor) or not descriptor.modalities:
            continue
        for name in (name for name in _scored(named) if name in spec.datasets):
            modality = spec.datasets[name].modality
            if modality is None:
                untold.setdefault(name, []).append(descriptor)
            elif modality not in descriptor.modalities:
                message = f"the condition '{text}' makes no sense for the modality '{modality}' of '{name}'"
                yield Problem((*base, *keys), message, "it is for: " + ", ".join(descriptor.modalities))
    for name, descriptors in untold.items():
        conditions = " and ".join(f"'{descriptor.name}'" for descriptor in descriptors)
        message = f"the dataset '{name}' does not say its `modality`, which {conditions} of {base[-1]} must know"
        fitting = dict.fromkeys(modality for descriptor in descriptors for modality in descriptor.modalities)
        hint = f"write `modality` in datasets.{name}, for example one of: {', '.join(fitting)}"
        yield Problem(("datasets", name), message, hint, of="key")


def _scored(named: list[Hit]) -> list[str]:
    return [text for keys, refers, text in named if refers.to == "dataset" and keys[-1] in SCORED]


def _misused(spec: Spec, base: Keys, named: list[Hit]) -> Iterator[Problem]:
    """Refuse to tune or train on what is measured, and datasets whose declared role is another."""
    scored = _scored(named)
    for keys, refers, text in named:
        if refers.to != "dataset":
            continue
        place, role = (*base, *keys), spec.datasets[text].role
        if keys[-1] in TUNED and text in scored:
            message = f"the operating point is chosen on '{text}', the same dataset that it is measured on"
            yield Problem(place, message, "choose it on a dataset with role: validation, or give a fixed threshold")
        elif keys[-1] in TUNED and role == "testing":
            message = f"the operating point is chosen on '{text}', whose role is testing"
            yield Problem(place, message, "testing data judges only; choose on a dataset with role: validation")
        elif keys[-1] in TRAINED and text in scored:
            yield Problem(place, f"'{text}' is both trained on and measured on", "use separate datasets")
        elif keys[-1] in TRAINED and role == "testing":
            yield Problem(
                place, f"models are fitted on '{text}', whose role is testing", "use a role: training dataset"
            )
        elif keys[-1] in SCORED and role == "training":
            message = f"measurements on '{text}', whose role is training, say nothing about new patients"
            yield Problem(place, message, "measure on a dataset with role: testing")


def _unknown_documents(spec: Spec) -> Iterator[Problem]:
    """Say which audiences and formats nobody writes."""
    audiences = Output.model_fields["audiences"].default
    for index, name in enumerate(spec.output.audiences):
        if name not in audiences:
            yield Problem(("output", "audiences", index), f"unknown audience '{name}'", near_name(name, audiences))
    formats = installed("renderers")
    for index, name in enumerate(spec.output.formats):
        if name not in formats:
            yield Problem(("output", "formats", index), f"unknown format '{name}'", near_name(name, formats))
