"""Options and metrics: groups found in embeddings, where demographics are not known. Imports nothing heavy."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from evaluators import metrics
from governance.evidence.model import MetricDescriptor
from governance.spec.model import Name, Reference, Text, Written

ClusteringMethod = Literal["kmeans", "hdbscan", "tsne_dbscan"]

FOUND_GROUPS = 4
"""Groups of k-means where none are named."""
SMALLEST_GROUP = 30
"""Samples from which on the density-based methods call something a group, where none is named."""


class ProxyOptions(Written):
    """Options under ``evaluate: {fairness: {proxies: ...}}``.

    Attributes
    ----------
    features
        ``module:function`` of a feature extractor ``f(device) -> object``; the subject's own features without it.
    method
        ``kmeans`` and ``hdbscan`` on principal components; ``tsne_dbscan`` as published, for comparison.
    groups
        How many groups k-means makes.
    smallest_group
        Fewest samples of a group of the density-based methods, which find their own number of groups.
    components
        Principal components that the features are reduced to before clustering.
    seeds
        Fits, each on another part of the patients, whose agreement says how stable the groups are.
    fit_on
        The dataset that the groups are found in (k-means only, which can place new samples); the scored one without it.
    validate_against
        Known attributes whose association with the groups is measured.
    """

    features: Reference | None = None
    method: ClusteringMethod = "kmeans"
    groups: int | None = Field(default=None, ge=2, le=50)
    smallest_group: int | None = Field(default=None, ge=5)
    components: int = Field(default=32, ge=2, le=1024)
    seeds: int = Field(default=5, ge=3, le=100)
    fit_on: Name | None = None
    validate_against: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _fitting_method(self) -> Self:
        if self.method == "kmeans" and self.smallest_group is not None:
            raise ValueError("`smallest_group` goes with `method: hdbscan` or `method: tsne_dbscan`")
        if self.method != "kmeans" and self.groups is not None:
            raise ValueError(f"`groups` goes with `method: kmeans`; {self.method} finds their number")
        if self.method != "kmeans" and self.fit_on is not None:
            raise ValueError(f"`fit_on` goes with `method: kmeans`; {self.method} cannot place samples it has not seen")
        return self


NO_CLAIM = (
    "This is an exploratory screen. The groups are whatever the features separate; they are no demographic groups, and "
    "no claim about any follows from them. They bound nothing: a group of patients for whom the model works worse than "
    "shown here can be hidden inside of one, or spread over all of them."
)
"""What no number of a proxy group shows."""

_SOURCE = "Queiroz, Anjos and Berton, arXiv 2408.16130 (2024) (groups from embeddings)"


def _in_proxy_group(metric: MetricDescriptor) -> MetricDescriptor:
    """Return a metric as it is measured in groups that were found in features."""
    return metric.model_copy(
        update={
            "name": f"proxy_group_{metric.name}",
            "title": f"{metric.title} in a proxy group",
            "does_not_show": f"{NO_CLAIM} {metric.does_not_show}",
            "source": f"{metric.source}; {_SOURCE}",
        }
    )


SHARE = MetricDescriptor(
    name="proxy_group_share",
    title="Share of a proxy group",
    low=0,
    high=1,
    direction="none",
    formula="samples of the proxy group / samples",
    explanation="How many of the samples fall into a group that was found in the features of the images or records.",
    does_not_show=NO_CLAIM,
    source=_SOURCE,
)
PREVALENCE = _in_proxy_group(metrics.PREVALENCE)
SENSITIVITY = _in_proxy_group(metrics.SENSITIVITY)
SPECIFICITY = _in_proxy_group(metrics.SPECIFICITY)
AUROC = _in_proxy_group(metrics.AUROC)
STABILITY = MetricDescriptor(
    name="proxy_group_stability",
    title="Stability of proxy groups",
    low=-0.5,
    high=1,
    direction="higher",
    formula="mean over pairs of fits, each on another part of the patients, of the adjusted Rand index",
    explanation="Whether other patients and other random starts give the same groups: 1 is always, 0 is chance.",
    does_not_show="Whether the groups mean anything. " + NO_CLAIM,
    source="Hubert and Arabie, J. Classif. 2 (1985) 193; Ben-Hur et al., Pac. Symp. Biocomput. (2002) 6 (subsampling)",
)
CRAMERS_V = MetricDescriptor(
    name="proxy_group_cramers_v",
    title="Association of proxy groups with an attribute (Cramér's V)",
    low=0,
    high=1,
    direction="none",
    formula="sqrt(chi^2 / (n (min(proxy groups, groups of the attribute) - 1)))",
    explanation="How closely the proxy groups follow an attribute that is known: 0 is not at all, 1 is fully.",
    does_not_show="How closely they follow attributes that nobody recorded; few samples alone raise it. " + NO_CLAIM,
    source="Cramér, Mathematical Methods of Statistics (1946), section 21.9",
)
AMI = MetricDescriptor(
    name="proxy_group_mutual_information",
    title="Association of proxy groups with an attribute (adjusted mutual information)",
    low=-1,
    high=1,
    direction="none",
    formula="(mutual information - expected by chance) / (mean of the entropies - expected by chance)",
    explanation="How much the proxy groups and a known attribute tell of each other: 0 is chance, 1 is everything.",
    does_not_show="How much they tell of attributes that nobody recorded. " + NO_CLAIM,
    source="Vinh, Epps and Bailey, J. Mach. Learn. Res. 11 (2010) 2837",
)

METRICS: tuple[MetricDescriptor, ...] = (
    SHARE,
    PREVALENCE,
    SENSITIVITY,
    SPECIFICITY,
    AUROC,
    STABILITY,
    CRAMERS_V,
    AMI,
)
