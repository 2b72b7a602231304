"""What is measured under attack. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

NO_GUARANTEE = (
    "That the model withstands other attacks: robustness to these attacks is not a guarantee. A stronger or longer one "
    "can only find more."
)

ROBUST_ACCURACY = MetricDescriptor(
    name="robust_accuracy",
    title="Accuracy under attack",
    low=0,
    high=1,
    direction="higher",
    formula=(
        "samples that are right without an attack and under every one of the attacks, at this size and all smaller "
        "ones / samples with a usable output without an attack; no output under attack is wrong"
    ),
    explanation=(
        "The share of samples about which the model stays right when each image is changed, within the named size, to "
        "mislead it."
    ),
    does_not_show=f"{NO_GUARANTEE} Nor how likely it is that somebody attacks.",
    source="Madry et al., ICLR (2018); Croce and Hein, ICML (2020) (worst case over attacks)",
)
ATTACK_SUCCESS_RATE = MetricDescriptor(
    name="attack_success_rate",
    title="Attacks that succeed",
    low=0,
    high=1,
    direction="lower",
    formula=(
        "samples that are right without an attack and wrong under one of the attacks, at this size or a smaller one / "
        "samples that are right without an attack"
    ),
    explanation="Of the samples that the model gets right, the share that it can be made to get wrong.",
    does_not_show=f"Samples that are wrong anyway. {NO_GUARANTEE}",
    source="Carlini et al., arXiv 1902.06705 (2019)",
)
METRICS: tuple[MetricDescriptor, ...] = (ROBUST_ACCURACY, ATTACK_SUCCESS_RATE)
