"""What is measured of a shift between two populations. Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Mapping

from evaluators import metrics
from evaluators.at_prevalence_metrics import FLAGS_PER_100, NPV_AT, PPV_AT
from governance.evidence.model import MetricDescriptor

COMPARED = (metrics.SENSITIVITY, metrics.SPECIFICITY, metrics.AUROC)
"""Metrics that are given for the other population, and whose changes and gaps are."""


def _gap_shift(metric: MetricDescriptor) -> MetricDescriptor:
    title = metric.title if metric.title[1:2].isupper() else f"{metric.title[:1].lower()}{metric.title[1:]}"
    return MetricDescriptor(
        name=f"{metric.name}_gap_shift",
        title=f"Change of the gap in {title} in another population",
        low=-2,
        high=2,
        direction="none",
        formula="(group - reference group) in the other population - (group - reference group) in the scored one",
        explanation=f"By how much the difference in {title} between two groups is another one elsewhere.",
        does_not_show="Which of the groups does better or worse there; see the groups of either population.",
        source="Newcombe, Stat. Med. 17 (1998) 873; Zou and Donner, Stat. Med. 27 (2008) 1693 (applied to differences)",
    )


GAP_SHIFTS: Mapping[str, MetricDescriptor] = {metric.name: _gap_shift(metric) for metric in COMPARED}
"""By the name of the metric."""

ATTRIBUTE_SHIFT = MetricDescriptor(
    name="attribute_shift",
    title="Other mix of groups",
    low=0,
    high=1,
    direction="none",
    formula="Cramér's V of population and attribute",
    explanation="How far the mix of groups differs between the two populations: 0 the same, 1 no group in common.",
    does_not_show="Whether the model does better or worse for it; V is above 0 by chance alone, see its interval.",
    source="Cramér, Mathematical Methods of Statistics (1946), section 21.9; Schrouff et al., NeurIPS (2022): P(A)",
)
OUTCOME_SHIFT = MetricDescriptor(
    name="outcome_shift",
    title="Condition more or less common in like groups",
    low=-1,
    high=1,
    direction="none",
    formula="mean over groups of (prevalence in the other population - prevalence in the scored one)",
    explanation="By how much the condition is more common in the other population among people of the same groups.",
    does_not_show=(
        "Changes that differ in sign between groups: they cancel in the mean. The test sees them, and so do the groups."
    ),
    source="Greenland and Robins, Biometrics 41 (1985) 55; Schrouff et al., NeurIPS (2022): P(Y | A)",
)
INPUT_SHIFT = MetricDescriptor(
    name="input_shift",
    title="Inputs told apart within groups and outcomes",
    low=0,
    high=1,
    direction="none",
    formula="AUROC of the other population against the scored one by a score, mean over strata of group and outcome",
    explanation=(
        "How well the two populations can be told apart among people of the same groups with the same outcome: 0.5 not "
        "at all. By the model's score, above 0.5 means higher scores in the other population."
    ),
    does_not_show="What differs. By the model's score, 0.5 does not show that the inputs are alike, only the scores.",
    source="van Elteren, Bull. Int. Stat. Inst. 37 (1960) 351; Lopez-Paz and Oquab, ICLR (2017); P(X | Y, A)",
)
ESTIMATED_PREVALENCE = MetricDescriptor(
    name="estimated_prevalence",
    title="Prevalence estimated without labels",
    low=0,
    high=1,
    direction="none",
    formula="(share flagged there - false positive rate here) / (sensitivity here - false positive rate here)",
    explanation="How common the condition is in the other population, judged by how often the model flags there.",
    does_not_show=(
        "Anything where the model errs otherwise there: it supposes that people with (and people without) the "
        "condition look alike in both populations. The difference to the observed prevalence says how far that holds."
    ),
    source="Rogan and Gladen, Am. J. Epidemiol. 107 (1978) 71; Lipton, Wang and Smola, ICML (2018) 3128",
)

METRICS: tuple[MetricDescriptor, ...] = (
    metrics.PREVALENCE,
    *GAP_SHIFTS.values(),
    ATTRIBUTE_SHIFT,
    OUTCOME_SHIFT,
    INPUT_SHIFT,
    PPV_AT,
    NPV_AT,
    FLAGS_PER_100,
    ESTIMATED_PREVALENCE,
)
"""Beside those that the evaluator measures anyway."""
