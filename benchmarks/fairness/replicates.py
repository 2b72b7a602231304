"""Clustered bootstrap replicates of five metrics in eight groups, beside fairlearn, fairmedfm and fmm-fairness-eval.

Only fairlearn computes all five; it also computes each of them for all samples, and largest differences and ratios,
which cannot be turned off. The peers resample samples, not patients, and are too slow for a thousand replicates: their
seconds a replicate are the difference of two runs with few replicates, divided by the replicates between them.
"""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from benchmarks.fairness.samples import Samples, make
from governance.statistics.grouped import COUNT_METRICS, GroupedMetrics

SAMPLES, PATIENTS, GROUPS, REPLICATES = 100_000, 20_000, 8, 1000
COUNTS = ("classification_accuracy", "sensitivity", "specificity", "selection_rate")
RATIO_GOAL, SECONDS_GOAL = 1000, 3.0


@dataclass(frozen=True)
class Peer:
    """What a peer took; `replicate` is None where it computes no interval."""

    name: str
    computes: str
    whole: float
    replicate: float | None
    difference: float


def seconds(action: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def ours(samples: Samples, replicates: int) -> Mapping[str, np.ndarray]:
    """Everything from the columns to the replicates."""
    prepared = GroupedMetrics(
        samples.patient,
        samples.group,
        samples.label,
        flagged=samples.flagged,
        scores=samples.score,
        metrics={name: COUNT_METRICS[name] for name in COUNTS},
    )
    return prepared.bootstrap(replicates, seed=0).observed


def fairlearn(samples: Samples, observed: Mapping[str, np.ndarray], few: int = 2, more: int = 6) -> Peer:
    """`MetricFrame(n_boot)` with the same five metrics."""
    import fairlearn.metrics as fl
    from sklearn.metrics import accuracy_score, roc_auc_score

    functions = {
        "classification_accuracy": accuracy_score,
        "sensitivity": fl.true_positive_rate,
        "specificity": fl.true_negative_rate,
        "selection_rate": fl.selection_rate,
        "auroc": lambda y_true, _y_pred, score: roc_auc_score(y_true, score),
    }
    frames = {}

    def frame(replicates: int) -> Callable[[], None]:
        def action() -> None:
            frames[replicates] = fl.MetricFrame(
                metrics=functions,
                y_true=samples.label.astype(int),
                y_pred=samples.flagged.astype(int),
                sensitive_features=samples.group,
                sample_params={"auroc": {"score": samples.score}},
                n_boot=replicates,
                ci_quantiles=[0.025, 0.975],
                random_state=0,
            )

        return action

    first = seconds(frame(few))
    whole = seconds(frame(more))
    table = frames[more].by_group
    difference = max(float(np.abs(table[name].to_numpy() - observed[name]).max()) for name in functions)
    computes = "the same five metrics, samples resampled"
    return Peer("fairlearn MetricFrame", computes, whole, (whole - first) / (more - few), difference)


def fairmedfm(package: ModuleType, samples: Samples, observed: Mapping[str, np.ndarray]) -> Peer:
    """`evaluate`: AUROC, accuracy, cross entropy, ECE and error gaps; no interval.

    Its decisions are scores strictly above the threshold of the best F1 on the same samples, so ours are taken there.
    """
    threshold = importlib.import_module("fairmedfm.metrics").find_threshold
    label, score, found = samples.label.astype(int), samples.score.astype(float), {}
    whole = seconds(lambda: found.update(report=package.evaluate(label, score, {"group": samples.group})))
    row = found["report"].summary.loc["group"]
    above = score > threshold(score, label)
    at = GroupedMetrics(samples.patient, samples.group, label, flagged=above).bootstrap(1, seed=0).observed
    area, tpr, tnr = observed["auroc"], np.ptp(at["sensitivity"]), np.ptp(at["specificity"])
    expected = {
        "worst-auc": area.min(),
        "auc-gap": np.ptp(area),
        "acc-gap": np.ptp(at["classification_accuracy"]),
        "eo": tpr,
        "eod": 1 - (tpr + tnr) / 2,
    }
    difference = max(abs(float(row[name]) - float(value)) for name, value in expected.items())
    return Peer("fairmedfm evaluate", "AUROC, accuracy, error and ECE gaps, no interval", whole, None, difference)


def fmm(
    package: ModuleType, samples: Samples, observed: Mapping[str, np.ndarray], few: int = 2, more: int = 12
) -> Peer:
    """The gaps in sensitivity and in selection rate, percentile intervals."""
    import pandas

    frame = pandas.DataFrame(
        {
            "y_true": samples.label.astype(int),
            "y_pred": samples.flagged.astype(int),
            "y_score": samples.score.astype(float),
            "group": samples.group,
        }
    )
    metrics, gaps = package.metrics, {}

    def both(replicates: int) -> Callable[[], None]:
        def action() -> None:
            gaps["sensitivity"] = metrics.equal_opportunity_gap(frame, "group", bootstrap_iters=replicates).gap
            gaps["selection_rate"] = metrics.demographic_parity_gap(frame, "group", bootstrap_iters=replicates).gap

        return action

    first = seconds(both(few))
    whole = seconds(both(more))
    difference = max(abs(gaps[name] - np.ptp(observed[name])) for name in gaps)
    computes = "two gaps (sensitivity, selection rate), samples resampled"
    return Peer("fmm-fairness-eval", computes, whole, (whole - first) / (more - few), float(difference))


def main() -> None:
    """Print the table."""
    samples = make(SAMPLES, PATIENTS, GROUPS)
    observed = ours(samples, 2)
    took = min(seconds(lambda: ours(samples, REPLICATES)) for _ in range(3))
    print(
        f"\nClustered bootstrap: {SAMPLES:,} samples, {PATIENTS:,} patients, {GROUPS} groups, {REPLICATES:,} replicates"
    )
    print("  accuracy, sensitivity, specificity, selection rate and AUROC of every group")
    print(f"  {'ours, patients resampled, best of 3':<44} {took:>8.3f} s in all   goal {SECONDS_GOAL:g} s")
    print(f"  {'':<44} {took / REPLICATES:>10.6f} s a replicate")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the peers warn about their own dependencies
        _print(fairlearn(samples, observed), took, f"goal {RATIO_GOAL:,}")
        for name, peer in (("fairmedfm", fairmedfm), ("fmm_fairness", fmm)):
            try:
                package = importlib.import_module(name)
            except ImportError:
                print(f"  {name}: not installed, not run")
                continue
            _print(peer(package, samples, observed), took)


def _print(peer: Peer, took: float, goal: str = "") -> None:
    if peer.replicate is None:
        cost = f"{peer.whole:>10.3f} s in all; ours with {REPLICATES:,} replicates takes {took / peer.whole:.2f} of it"
    else:
        ratio = peer.replicate / (took / REPLICATES)
        cost = f"{peer.replicate:>10.3f} s a replicate (from few), ours {ratio:,.0f} times less   {goal}"
    print(f"  {peer.name + ' (' + peer.computes + ')'}\n  {'':<44} {cost}")
    print(f"  {'':<44} largest difference of a point estimate from ours: {peer.difference:.1e}")


if __name__ == "__main__":
    main()
