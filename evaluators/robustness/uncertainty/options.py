"""Options: which confidence, at which coverages, and what counts as out of distribution. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from governance.spec.model import DatasetName, Name, Reference, Written

Score = Literal["max-probability", "energy", "mahalanobis", "relative-mahalanobis"]
MAX_PROBABILITY: Score = "max-probability"
ENERGY: Score = "energy"
MAHALANOBIS: Score = "mahalanobis"
RELATIVE_MAHALANOBIS: Score = "relative-mahalanobis"
OF_FEATURES: tuple[Score, ...] = (MAHALANOBIS, RELATIVE_MAHALANOBIS)
Share = Annotated[float, Field(gt=0, lt=1)]


class UncertaintyOptions(Written):
    """Options under ``evaluate: {robustness: {uncertainty: ...}}``.

    Attributes
    ----------
    scores
        What counts as confidence: ``max-probability``; ``energy`` of the logits; ``mahalanobis`` or
        ``relative-mahalanobis`` distance of the features from those of the training samples of the nearest class.
    coverages
        Shares of samples that shall be answered, the most confident ones.
    risks
        Shares of errors among the answered that shall not be exceeded.
    temperature
        That of the energy.
    train_on
        The dataset whose features the distances are measured from: the one that the model was trained on.
    features
        ``module:function`` of a feature extractor ``f(device) -> object``; the subject's own features without it.
    out_of_distribution
        Datasets, or conditions of the scored dataset, that the confidence should tell apart from the scored dataset.
    """

    scores: tuple[Score, ...] = Field(default=(MAX_PROBABILITY,), min_length=1)
    coverages: tuple[Share, ...] = (0.8, 0.9)
    risks: tuple[Share, ...] = ()
    temperature: float = Field(default=1.0, gt=0)
    train_on: DatasetName | None = None
    features: Reference | None = None
    out_of_distribution: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        for key in ("scores", "coverages", "risks", "out_of_distribution"):
            given = getattr(self, key)
            if len(set(given)) != len(given):
                raise ValueError(f"{key}: something is named twice")
        by_features = [score for score in self.scores if score in OF_FEATURES]
        if by_features and self.train_on is None:
            raise ValueError(f"{by_features[0]} needs `train_on`: the dataset that the model was trained on")
        if not by_features and (self.train_on is not None or self.features is not None):
            raise ValueError(f"`train_on` and `features` are for the scores {' and '.join(OF_FEATURES)}")
        return self
