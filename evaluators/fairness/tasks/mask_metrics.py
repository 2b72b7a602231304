"""Metrics of segmentations. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

METRICS_RELOADED = "Maier-Hein et al., Nat. Methods 21 (2024) 195"

DICE = MetricDescriptor(
    name="dice",
    title="Dice coefficient",
    low=0,
    high=1,
    direction="higher",
    formula="mean over samples of 2 |mask and reference| / (|mask| + |reference|)",
    explanation="How much of the predicted and the reference mask lies on the other one; 1 is the same mask.",
    does_not_show=(
        "Where they differ, and by how much in millimetres; small structures get lower values for the same distance. "
        "Samples in which both masks are empty have no value and are counted beside."
    ),
    source=f"Dice, Ecology 26 (1945) 297; {METRICS_RELOADED}",
)
IOU = MetricDescriptor(
    name="iou",
    title="Intersection over union",
    low=0,
    high=1,
    direction="higher",
    formula="mean over samples of |mask and reference| / |mask or reference|",
    explanation="The shared part of the two masks as a share of all that either of them covers.",
    does_not_show="More than Dice does: of one sample each follows from the other, means over samples do not.",
    source=f"Jaccard, New Phytol. 11 (1912) 37; {METRICS_RELOADED}",
)
HAUSDORFF_95 = MetricDescriptor(
    name="hausdorff_95",
    title="Hausdorff distance, 95th percentile",
    unit="mm",
    low=0,
    direction="lower",
    formula="mean over samples of the 95th percentile of distances between the two surfaces",
    explanation="How far apart the outlines are at their worst, leaving out the most distant twentieth.",
    does_not_show="Samples in which a mask is empty: they have no distance, are left out here and counted beside.",
    source=f"Huttenlocher et al., IEEE Trans. Pattern Anal. Mach. Intell. 15 (1993) 850; {METRICS_RELOADED}",
)
MISSED_STRUCTURE_RATE = MetricDescriptor(
    name="missed_structure_rate",
    title="Structures missed altogether",
    low=0,
    high=1,
    direction="lower",
    formula="samples with an empty predicted mask / samples whose reference mask is not empty",
    explanation="The share of samples with something to outline for which the model outlines nothing.",
    does_not_show="How good the masks of the others are.",
    source=METRICS_RELOADED,
)
INVENTED_STRUCTURE_RATE = MetricDescriptor(
    name="invented_structure_rate",
    title="Structures where there is none",
    low=0,
    high=1,
    direction="lower",
    formula="samples with a predicted mask that is not empty / samples whose reference mask is empty",
    explanation="The share of samples with nothing to outline for which the model outlines something.",
    does_not_show="How large what it outlines is.",
    source=METRICS_RELOADED,
)
EMPTY_REFERENCE_RATE = MetricDescriptor(
    name="empty_reference_rate",
    title="Samples with nothing to outline",
    low=0,
    high=1,
    direction="none",
    formula="samples whose reference mask is empty / samples",
    explanation="How many samples have nothing to outline, by the reference standard.",
    does_not_show="Whether the model sees that: look at structures where there is none.",
    source=METRICS_RELOADED,
)
EQUITY_SCALED_DICE = MetricDescriptor(
    name="equity_scaled_dice_std",
    title="Equity-scaled Dice, by the standard deviation",
    low=0,
    high=1,
    direction="higher",
    formula="mean Dice of all samples / (1 + standard deviation of the groups' mean Dice, over the number of groups)",
    explanation="The mean Dice, made smaller the further the means of groups are apart.",
    does_not_show=(
        "How far groups are apart: a standard deviation of 0.05 lowers it by only 5 %. Means of small groups differ by "
        "chance, which lowers it too."
    ),
    source="Jin et al., FairMedFM, NeurIPS Datasets and Benchmarks (2024)",
)
DICE_SKEWNESS = MetricDescriptor(
    name="dice_skewness",
    title="Dice skewness",
    low=1,
    direction="lower",
    formula="(1 - lowest mean Dice of a group) / (1 - highest mean Dice of a group)",
    explanation="How many times larger the error of the worst group is than that of the best; 1 is equal.",
    does_not_show="The size of the errors: it is large between 0.99 and 0.995, too. Equal groups differ by chance.",
    source="Jin et al., FairMedFM, NeurIPS Datasets and Benchmarks (2024)",
)
MASK_METRICS = (
    DICE,
    IOU,
    HAUSDORFF_95,
    MISSED_STRUCTURE_RATE,
    INVENTED_STRUCTURE_RATE,
    EMPTY_REFERENCE_RATE,
    EQUITY_SCALED_DICE,
    DICE_SKEWNESS,
)
