"""What a dataset is to the rest of the house: samples to decode, and what is known of them without decoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from governance.spec.model import Role

if TYPE_CHECKING:
    import pandas as pd

NOT_RECORDED = "not recorded"
"""The group of samples whose attribute value is missing."""


@dataclass(frozen=True)
class AttributeInfo:
    """An attribute of a dataset and its groups in their fixed order (`NOT_RECORDED` last, where it occurs)."""

    name: str
    title: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a dataset without decoding it again.

    Attributes
    ----------
    frame
        One row a sample, in the dataset's order: ``sample_id`` (str), ``cluster`` (str; equal to `sample_id` where
        clusters are none), ``target`` (float; NaN nowhere) where there is one, and one string column per attribute
        holding the group.
    digest
        SHA-256 of the decoded content (samples, targets, attributes, clusters), independent of paths.
    classes
        Class names in order of their index, for classification.
    """

    name: str
    role: Role
    title: str
    modality: str | None
    digest: str
    frame: pd.DataFrame
    attributes: Mapping[str, AttributeInfo]
    clustered: bool
    cluster_reason: str | None
    classes: tuple[str, ...] = ("negative", "positive")

    @property
    def n(self) -> int:
        """Number of samples."""
        return len(self.frame)


class Dataset(Protocol):
    """Samples that can be decoded. The object that a person's own ``module:function`` loader returns, too.

    `table` has one row a sample and every column that the spec names (target, cluster, attributes). `decode` returns
    what the model's preprocessing takes, stacked: a numpy array with first axis ``len(indices)`` (images: uint8 or
    float32, features: float32) or, for text, a list of dicts with at least ``prompt``. `variant` names another version
    of the same sample (see `ConditionDescriptor`); ``None`` in the list of `variants` never occurs.

    `decode` is called from a thread of its own while the device computes, from one at a time; a dataset that has
    ``concurrent = True`` is decoded by several.
    """

    @property
    def table(self) -> pd.DataFrame:
        """One row a sample, with every column that the spec names."""
        ...

    def decode(self, indices: Sequence[int], variant: str | None = None) -> Any:
        """Decode the samples at `indices`, stacked."""
        ...

    def variants(self, name: str) -> Sequence[int]:
        """Indices of the samples that have the variant `name` (empty where it is unknown)."""
        ...
