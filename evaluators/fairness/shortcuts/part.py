"""Whether features tell attributes, and how the model does when an attribute says nothing about the condition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from evaluators import estimates, families, metrics
from evaluators.binary import left_out
from evaluators.estimates import Bools, Estimate
from evaluators.fairness.descriptors import FairnessOptions
from evaluators.fairness.scene import Scene
from evaluators.fairness.shortcuts import options as described
from evaluators.fairness.shortcuts.options import ShortcutOptions
from evaluators.fairness.shortcuts.standardised import Standardised, standardised_auroc, standardised_share
from evaluators.features import ALL_ALIKE, Features, asked_features, features_need
from evaluators.grouping import Grouping
from evaluators.requirements import named_dataset
from evaluators.telling_groups import Predicted, cross_validated
from governance.datasets.protocol import NOT_RECORDED
from governance.errors import InputError, near_name
from governance.evidence.model import Measurement, Method, MetricDescriptor
from governance.harness.protocols import EvaluationContext, Need
from governance.statistics.clusters import Integers

_HELD: tuple[tuple[MetricDescriptor, MetricDescriptor], ...] = (
    (described.SENSITIVITY, metrics.SENSITIVITY),
    (described.SPECIFICITY, metrics.SPECIFICITY),
    (described.AUROC, metrics.AUROC),
)


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for the features of the scored dataset, where attributes are to be predicted from them."""
    own = _own(options)
    scored = named_dataset(context, options.on, evaluator="fairness")
    asked = [("attributes", Grouping((name,))) for name in own.attributes]
    asked += [("hold_constant", Grouping.parse(text)) for text in own.hold_constant]
    for key, grouping in asked:
        missing = grouping.unknown(scored)
        if missing is not None:
            raise InputError(
                f"evaluate.fairness.shortcuts.{key}: dataset '{scored.name}' has no attribute '{missing}'",
                hint=near_name(missing, scored.attributes),
            )
    if own.attributes:
        yield asked_features(context, options.on, own.features, part="shortcuts")


def measure(scene: Scene) -> Iterator[Measurement]:
    """Predict the outcome and every attribute from the features; then hold attributes constant."""
    own = _own(scene.options)
    if own.attributes:
        table = scene.observations.table(features_need(scene.dataset.name, own.features))
        yield from _Encoding(scene, own, Features.of(table, scene.dataset)).measure()
    for text in own.hold_constant:
        yield from _held_constant(scene, Grouping.parse(text))


@dataclass(frozen=True)
class _Encoding:
    """What the features tell."""

    scene: Scene
    own: ShortcutOptions
    features: Features

    def measure(self) -> Iterator[Measurement]:
        """Measure the outcome first, then every group of every attribute, alone and against the outcome."""
        recorder, data = self.scene.recorder, self.scene.data
        outcome = self._all(np.where(data.positive, "1", "0"), self.features.usable, ("1",))["1"]
        if isinstance(outcome, str):
            reason = outcome.replace("samples told", "samples with the condition")
            yield recorder.not_measured(described.OUTCOME_ENCODED, reason, n=int(self.features.usable.sum()))
        else:
            yield recorder.measured(described.OUTCOME_ENCODED, outcome)
        for name in self.own.attributes:
            group = self.scene.dataset.frame[name].to_numpy(dtype=str)
            among = self.features.usable & (group != NOT_RECORDED)
            told = [each for each in self.scene.dataset.attributes[name].groups if each != NOT_RECORDED]
            for each, found in self._all(group, among, tuple(told)).items():
                yield from self._group(name, each, found, outcome, int(among.sum()))

    def _group(
        self, name: str, group: str, found: Estimate | str, outcome: Estimate | str, n: int
    ) -> Iterator[Measurement]:
        recorder, curve = self.scene.recorder, {"attribute": name}
        if isinstance(found, str):
            for metric in (described.ENCODED, described.EXCESS):
                yield recorder.not_measured(metric, found, curve=curve, target_class=group, n=n)
            return
        yield recorder.measured(described.ENCODED, found, curve=curve, target_class=group)
        if isinstance(outcome, str):
            yield recorder.not_measured(
                described.EXCESS, f"the outcome: {outcome}", curve=curve, target_class=group, n=n
            )
            return
        contrast = families.difference(found, outcome, limit=1.0)
        excess = replace(
            found,
            value=contrast.value,
            bounds=contrast.bounds,
            gating=contrast.gating,
            influence=contrast.influence,
            events=None,
            method=Method(
                name="difference of two AUROCs of cross-validated scores",
                parameters={"folds": self.own.folds},
                source="Zou and Donner, Stat. Med. 27 (2008) 1693",
            ),
        )
        yield recorder.measured(described.EXCESS, excess, curve=curve, target_class=group)

    def _all(self, group: np.ndarray, among: Bools, told: tuple[str, ...]) -> dict[str, Estimate | str]:
        """Estimate the AUROC of each group in `told` against the rest, or say why not."""
        data = self.scene.data
        reasons = {each: self._missing(group == each, among) for each in told}
        if all(reasons.values()):
            return {each: reason or "" for each, reason in reasons.items()}
        if self.features.alike(among):
            return {each: reason or ALL_ALIKE for each, reason in reasons.items()}
        seed = self.scene.context.settings.seed
        predicted = cross_validated(
            self.features.values[among], group[among], data.codes[among], folds=self.own.folds, seed=seed
        )
        names = list(np.unique(group[among]))
        return {
            each: reason or self._estimate(predicted, names.index(each), group == each, among)
            for each, reason in reasons.items()
        }

    def _missing(self, inside: Bools, among: Bools) -> str | None:
        """Say why a group cannot be told from the others, if so: every fold should hold a patient of either side."""
        data = self.scene.data
        least = max(self.own.folds, self.scene.minimums.events)
        reason = self.scene.minimums.missing(data.patients(among), [])
        if reason is None:
            for side, what in ((inside, "of this group"), (~inside, "of other groups")):
                patients = data.patients(among & side)
                if patients < least:
                    return f"too few patients {what}: {patients}, at least {least} are needed"
        return reason

    def _estimate(self, predicted: Predicted, column: int, inside: Bools, among: Bools) -> Estimate:
        data = self.scene.data
        scores = np.zeros(len(inside))
        scores[among] = predicted.scores[:, column]
        return replace(
            estimates.ranking(scores, inside, among, data.codes, parameters={}, n_clusters=data.n_clusters),
            method=Method(
                name="AUROC of scores of a ridge classifier, cross-validated by patient, ranked within folds",
                parameters={
                    "folds": self.own.folds,
                    "penalties": ", ".join(f"{penalty:g}" for penalty in predicted.penalties),
                    "left_out": int((~among).sum()),
                },
                source="LeDell et al., Electron. J. Stat. 9 (2015) 1583; Obuchowski, Biometrics 53 (1997) 567",
            ),
        )


def _held_constant(scene: Scene, grouping: Grouping) -> Iterator[Measurement]:
    """Sensitivity, specificity and AUROC with an attribute held constant, and how far each is from the plain one."""
    data, curve = scene.data, {"attribute": grouping.over}
    columns = [scene.dataset.frame[name].to_numpy(dtype=str) for name in grouping.attributes]
    known = np.logical_and.reduce([column != NOT_RECORDED for column in columns])
    among = data.usable & known
    joined = np.array([", ".join(cell) for cell in zip(*columns, strict=True)], dtype=str)
    names, inverse = np.unique(np.where(among, joined, joined[among][0] if among.any() else ""), return_inverse=True)
    groups = inverse.reshape(-1).astype(np.int64)
    for metric, plain in _HELD:
        recorder = scene.recorder if plain is metrics.AUROC else scene.at_point
        reason = _unsupported(scene, plain, among, groups, names=names, over=grouping.over)
        if reason is not None:
            for estimand in ("value", "difference"):
                yield recorder.not_measured(metric, reason, estimand=estimand, curve=curve, n=int(among.sum()))
            continue
        held = _estimate(scene, plain, among, groups, grouping.over)
        yield recorder.measured(metric, held, curve=curve)
        unweighted = _estimate(scene, plain, among, np.zeros_like(groups), "")
        contrast = families.difference(held, unweighted, limit=1.0)
        method = Method(
            name="with the attribute held constant less without weights, same samples",
            parameters={**held.method.parameters, "without_weights": round(unweighted.value, 6)},
            source="Zou and Donner, Stat. Med. 27 (2008) 1693",
        )
        change = replace(
            held,
            value=contrast.value,
            bounds=contrast.bounds,
            gating=contrast.gating,
            influence=contrast.influence,
            events=None,
            method=method,
        )
        yield recorder.measured(metric, change, estimand="difference", curve=curve)


def _unsupported(
    scene: Scene, metric: MetricDescriptor, among: Bools, groups: Integers, *, names: np.ndarray, over: str
) -> str | None:
    """Say which combination of attribute and condition is too rare to stand for its share of everyone."""
    data = scene.data
    reason = scene.minimums.missing(data.patients(among), [])
    if reason is not None:
        return reason
    if names.size < 2:
        return f"there is only one group of {over}"
    classes = {"sensitivity": (True,), "specificity": (False,)}.get(metric.name, (True, False))
    for positive in classes:
        for number, name in enumerate(names):
            patients = data.patients(among & (groups == number) & (data.positive == positive))
            if patients < scene.minimums.events:
                what = f"patients {'with' if positive else 'without'} the condition and {over} {name}"
                count = f"too few {what}: {patients}" if patients else f"there are no {what}"
                return f"{count}, at least {scene.minimums.events} are needed to hold {over} constant"
    return None


def _estimate(scene: Scene, metric: MetricDescriptor, among: Bools, groups: Integers, over: str) -> Estimate:
    data = scene.data
    if metric is metrics.AUROC:
        scores = np.where(data.usable, data.score, 0.0)
        found = standardised_auroc(scores, data.positive, among, groups, data.codes, n_clusters=data.n_clusters)
    else:
        flagged = data.usable & (np.nan_to_num(data.score, nan=-1.0) >= scene.point.threshold)
        sensitivity = metric is metrics.SENSITIVITY
        found = standardised_share(
            flagged if sensitivity else ~flagged,
            data.positive if sensitivity else ~data.positive,
            among,
            groups,
            data.codes,
            n_clusters=data.n_clusters,
        )
    return _described(found, scene, among, over)


def _described(found: Standardised, scene: Scene, among: Bools, over: str) -> Estimate:
    everyone = np.ones(len(among), dtype=bool)
    return Estimate(
        value=found.value,
        n=found.n,
        n_clusters=found.n_clusters,
        events=found.events if found.ranking else None,
        bounds=estimates.remembered(found.interval),
        method=Method(
            name="weights that make the attribute independent of the condition, clustered variance",
            parameters={
                "held_constant": over,
                "effective_patients": round(found.effective_patients, 3),
                "patients": found.patients,
                "not_recorded_left_out": int((scene.data.usable & ~among).sum()),
                **left_out(scene.data, everyone),
            },
            source="Kamiran and Calders, Knowl. Inf. Syst. 33 (2012) 1; Liang and Zeger, Biometrika 73 (1986) 13",
        ),
        influence=found.influence,
        gating=estimates.remembered(found.gating),
    )


def _own(options: FairnessOptions) -> ShortcutOptions:
    if options.shortcuts is None:
        raise TypeError("shortcuts were not asked for")
    return options.shortcuts
