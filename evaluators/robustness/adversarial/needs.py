"""What the attacks that the options name need, and when they make no sense."""

from __future__ import annotations

from importlib import metadata

from evaluators.robustness.adversarial.options import (
    COLLECTOR_NAME,
    DLR,
    FEWEST_CLASSES_OF_DLR,
    LIBRARY,
    AdversarialOptions,
    Attack,
)
from evaluators.robustness.condition_descriptors.modalities import PIXELS
from evaluators.robustness.descriptors import RobustnessOptions
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.evidence.canonical import canonical_json
from governance.harness.protocols import EvaluationContext, Need
from governance.plugins import find

_WHERE = "evaluate.robustness.adversarial"


def attack_need(
    context: EvaluationContext, options: RobustnessOptions, own: AdversarialOptions, attack: Attack, eps: float
) -> Need:
    """Ask for the subject's outputs under one attack of one size; each is kept by itself."""
    point = options.operating_point
    binary = context.subject.task == "binary"
    earlier = [Need.of("predict", point.choose_on)] if binary and point.choose_on is not None else []
    return Need.of(
        COLLECTOR_NAME,
        options.on,
        builds_on=earlier,
        attack=attack,
        norm=own.norm,
        eps=eps,
        steps=own.steps,
        queries=own.queries,
        restarts=own.restarts,
        at_most=own.at_most,
        operating_point=canonical_json(point.model_dump(mode="json")).decode() if binary else "",
        library=library(),
    )


def library() -> str:
    """Return the name and version of the library that attacks.

    Raises
    ------
    CannotRunError
        If it is not installed.
    """
    try:
        return f"{LIBRARY} {metadata.version(LIBRARY)}"
    except metadata.PackageNotFoundError as error:
        raise CannotRunError(
            f"{_WHERE} needs the Python package '{LIBRARY}', which is not installed",
            hint="pip install 'medical-ai-governance[adversarial]'",
        ) from error


def refuse_senseless(context: EvaluationContext, dataset: DatasetInfo, own: AdversarialOptions) -> None:
    """Refuse subjects without gradients, samples that are no images, and attacks that the task has no form of.

    Raises
    ------
    InputError
        Naming the option, and what could be done.
    """
    kind = context.subject.kind
    if "logits" not in find("subjects", kind).capabilities:
        raise InputError(
            f"{_WHERE}: attacks follow the gradients of a network, and the kind '{kind}' has none",
            hint="leave the evaluation out, or load the model itself as torch, timm or transformers",
        )
    if dataset.modality not in PIXELS:
        has = f"is of the modality '{dataset.modality}'" if dataset.modality else "does not say its `modality`"
        raise InputError(
            f"{_WHERE}: the dataset '{dataset.name}' {has}; eps is a share of the range of a pixel, which has a "
            "meaning only for measured intensities",
            hint=f"it is for: {', '.join(PIXELS)}",
        )
    if "target" not in dataset.frame.columns:
        raise InputError(f"datasets.{dataset.name} has no target", hint="attacks need to know what is right")
    classes = 2 if context.subject.task == "binary" else len(dataset.classes)
    if DLR in own.attacks and classes < FEWEST_CLASSES_OF_DLR:
        raise InputError(
            f"{_WHERE}.attacks: {DLR} divides by the difference of the largest and the third largest logit; there are "
            f"{classes} classes",
            hint="use apgd-ce",
        )
