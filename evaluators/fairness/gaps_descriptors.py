"""Numbers that sum a grouping up: gaps between groups, and performance scaled by them. Imports nothing heavy.

Each is about all groups of one attribute (or intersection), named by `over`. Groups whose attribute is not recorded
are left out: who they are is not known.
"""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

_NOISE = (
    "That groups differ: the largest gap between equal groups is above 0 by chance, more so the smaller and the more "
    "they are. Look at the interval"
)
_OTHER_PREVALENCE = f"{_NOISE}; and rates need be equal only where the condition is equally common in the groups."


def _gap(
    name: str, title: str, formula: str, explanation: str, *, source: str, note: str = "", high: float = 1
) -> MetricDescriptor:
    return MetricDescriptor(
        name=name,
        title=title,
        low=0,
        high=high,
        direction="lower",
        formula=formula,
        explanation=explanation,
        does_not_show=note or f"{_NOISE}.",
        source=source,
    )


_FAIRLEARN = "Barocas, Hardt and Narayanan, Fairness and Machine Learning (2023), chapter 3; fairlearn"
_HARDT = "Hardt, Price and Srebro, NeurIPS (2016)"
_FAIRMEDFM = "Jin et al., FairMedFM, NeurIPS Datasets and Benchmarks (2024), arXiv 2407.00983"
_HARVARD = "Luo et al., IEEE Trans. Med. Imaging 43 (2024) 2623 (Harvard-GF); Luo et al., CVPR (2024) (FairCLIP)"
_OURS = (
    "Here at the operating point of the evaluation, a score at the threshold being positive; FairMedFM chooses the "
    "threshold of best F1 on the samples it scores, and calls a score at the threshold negative."
)

DEMOGRAPHIC_PARITY_DIFFERENCE = _gap(
    "demographic_parity_difference",
    "Demographic parity difference",
    "largest - smallest selection rate of a group, at the operating point",
    "How much more often the model flags one group than another, at most.",
    source=_FAIRLEARN,
    note=_OTHER_PREVALENCE,
)
DEMOGRAPHIC_PARITY_RATIO = MetricDescriptor(
    name="demographic_parity_ratio",
    title="Demographic parity ratio",
    low=0,
    high=1,
    direction="higher",
    formula="smallest / largest selection rate of a group, at the operating point",
    explanation="How often the model flags the group it flags least, relative to the one it flags most; 1 is equal.",
    does_not_show=_OTHER_PREVALENCE,
    source=_FAIRLEARN,
)
EQUAL_OPPORTUNITY_DIFFERENCE = _gap(
    "equal_opportunity_difference",
    "Equal opportunity difference",
    "largest - smallest sensitivity of a group, at the operating point",
    "How much more often cases of one group are found than those of another, at most.",
    source=_HARDT,
)
EQUALIZED_ODDS_DIFFERENCE_MAX = _gap(
    "equalized_odds_difference_max",
    "Equalized odds difference, larger of two",
    "max(range of sensitivity over groups, range of false positive rate over groups), at the operating point",
    "The larger of two gaps: in finding cases and in false alarms.",
    source=f"{_HARDT}; fairlearn's default aggregation",
)
EQUALIZED_ODDS_DIFFERENCE_MEAN = _gap(
    "equalized_odds_difference_mean",
    "Equalized odds difference, mean of two",
    "(range of sensitivity over groups + range of false positive rate over groups) / 2, at the operating point",
    "The mean of two gaps: in finding cases and in false alarms.",
    source=f"{_HARDT}; fairlearn's aggregation 'mean'",
    note=f"{_NOISE}; and a large gap of one kind hides behind a small one of the other.",
)
PREDICTIVE_PARITY_DIFFERENCE = _gap(
    "predictive_parity_difference",
    "Predictive parity difference",
    "largest - smallest positive predictive value of a group, at the operating point",
    "How much more often a flag is right in one group than in another, at most.",
    source="Chouldechova, Big Data 5 (2017) 153",
    note=_OTHER_PREVALENCE,
)
CALIBRATION_GAP = _gap(
    "calibration_gap",
    "Calibration gap",
    "largest - smallest (mean outcome - mean score) of a group",
    "How much more the scores understate the risk of one group than that of another, at most.",
    high=2,
    source="Pleiss et al., NeurIPS (2017)",
    note=f"{_NOISE}; and errors within a group that cancel, too high for some patients and too low for others.",
)
AUROC_GAP = _gap(
    "auroc_gap",
    "AUROC gap",
    "largest - smallest AUROC of a group",
    "How much better the model ranks patients within one group than within another, at most.",
    source=_FAIRMEDFM,
    note=f"{_NOISE}; and errors between groups: each AUROC ranks patients of one group only.",
)
FAIRMEDFM_EO = _gap(
    "fairmedfm_eo",
    "FairMedFM's EO",
    f"largest - smallest sensitivity of a group. {_OURS}",
    "The equal opportunity difference under the name that FairMedFM gives it.",
    source=_FAIRMEDFM,
)
FAIRMEDFM_EOD = MetricDescriptor(
    name="fairmedfm_eod",
    title="FairMedFM's EOD",
    low=0,
    high=1,
    direction="higher",
    formula=f"1 - (range of sensitivity over groups + range of specificity over groups) / 2. {_OURS}",
    explanation="One less the mean form of the equalized odds difference; 1 is fair.",
    does_not_show="That it is a score and no difference, whatever its name: more is fairer.",
    source=_FAIRMEDFM,
)


def _scaled(of: str, title: str) -> tuple[MetricDescriptor, MetricDescriptor]:
    def one(name: str, how: str, formula: str, source: str) -> MetricDescriptor:
        return MetricDescriptor(
            name=name,
            title=f"Equity-scaled {title}, {how}",
            low=0,
            high=1,
            direction="higher",
            formula=formula,
            explanation=f"The {title} of everyone, marked down the more that of the groups differs.",
            does_not_show=(
                "How much was marked down: a low value is a poor model or an unfair one. There are two formulas of "
                "this name, which give other numbers."
            ),
            source=source,
        )

    return (
        one(
            f"equity_scaled_{of}_std",
            "by the standard deviation",
            f"{title} of everyone / (1 + population standard deviation of that of the groups)",
            _FAIRMEDFM,
        ),
        one(
            f"equity_scaled_{of}_deviation",
            "by the deviations",
            f"{title} of everyone / (1 + sum over groups of |{title} of the group - {title} of everyone|)",
            _HARVARD,
        ),
    )


def _disparity(of: str, title: str) -> tuple[MetricDescriptor, MetricDescriptor]:
    def one(name: str, how: str, formula: str) -> MetricDescriptor:
        return MetricDescriptor(
            name=name,
            title=f"Between-group disparity of the {title}, {how}",
            low=0,
            direction="lower",
            formula=formula,
            explanation=f"How far apart groups are, relative to the {title} of everyone.",
            does_not_show=f"{_NOISE}.",
            source=_HARVARD,
        )

    return (
        one(
            f"{of}_disparity_std",
            "standard deviation",
            f"population standard deviation of the {title} of the groups / {title} of everyone",
        ),
        one(
            f"{of}_disparity_range",
            "range",
            f"(largest - smallest {title} of a group) / {title} of everyone",
        ),
    )


EQUITY_SCALED_AUROC_STD, EQUITY_SCALED_AUROC_DEVIATION = _scaled("auroc", "AUROC")
EQUITY_SCALED_ACCURACY_STD, EQUITY_SCALED_ACCURACY_DEVIATION = _scaled("accuracy", "accuracy")
AUROC_DISPARITY_STD, AUROC_DISPARITY_RANGE = _disparity("auroc", "AUROC")
ACCURACY_DISPARITY_STD, ACCURACY_DISPARITY_RANGE = _disparity("accuracy", "accuracy")

GAP_METRICS: tuple[MetricDescriptor, ...] = (
    DEMOGRAPHIC_PARITY_DIFFERENCE,
    DEMOGRAPHIC_PARITY_RATIO,
    EQUAL_OPPORTUNITY_DIFFERENCE,
    EQUALIZED_ODDS_DIFFERENCE_MAX,
    EQUALIZED_ODDS_DIFFERENCE_MEAN,
    PREDICTIVE_PARITY_DIFFERENCE,
    CALIBRATION_GAP,
    AUROC_GAP,
    FAIRMEDFM_EO,
    FAIRMEDFM_EOD,
    EQUITY_SCALED_AUROC_STD,
    EQUITY_SCALED_AUROC_DEVIATION,
    EQUITY_SCALED_ACCURACY_STD,
    EQUITY_SCALED_ACCURACY_DEVIATION,
    AUROC_DISPARITY_STD,
    AUROC_DISPARITY_RANGE,
    ACCURACY_DISPARITY_STD,
    ACCURACY_DISPARITY_RANGE,
)
"""In the order in which they are measured, once for each grouping."""
