"""Eight fractions by five seeds of linear probes on 10,000 x 1,280 features, beside scikit-learn in a loop.

Losses are compared for all fits; probabilities for one seed, with fits of scikit-learn at a tolerance so small that
its own error no longer shows, which are not timed.

Two threads that wait for each other can take scikit-learn longer than one, so it is timed with one as well.
Processor time is printed, too: on a busy machine threads wait for each other, which can inflate either side's seconds.

The features have the shape of a network's: rectified, correlated, of a lower rank than they have columns. Both fit the
same standardised parts at the same strength C = 1; scikit-learn's tolerance is set so that its losses are as low.
Choosing C in five folds of patients is timed apart: scikit-learn would take a multiple of its own time for it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from evaluators.data_efficiency.logistic import TOLERANCE, Design, minimise
from evaluators.data_efficiency.probe import FOLDS, GRID, Probe
from evaluators.data_efficiency.subsets import Cohort

SAMPLES, FEATURES, TESTS, THREADS = 10_000, 1_280, 1_000, 2
FRACTIONS, SEEDS = (1, 2, 5, 10, 20, 33, 50, 100), range(5)
C, PEER_TOLERANCE, EXACT = 1.0, 1e-6, 1e-9
RATIO_GOAL, LOSS_GOAL, PREDICTION_GOAL = 0.2, 1e-6, 1e-4


def make(samples: int = SAMPLES, features: int = FEATURES, tests: int = TESTS) -> tuple[np.ndarray, Cohort, np.ndarray]:
    """Return training features, patients with their outcomes (two samples each), and test features."""
    stream = np.random.default_rng(20261125)
    n = samples + tests
    shared = stream.normal(size=(n, 96)) @ stream.normal(size=(96, features)) / 10
    x = np.maximum(shared + 0.3 * stream.normal(size=(n, features)), 0)
    direction = stream.normal(size=features) / np.sqrt(features)
    risk = (x - x.mean(axis=0)) / x.std(axis=0) @ direction + 0.8 * stream.logistic(size=n)
    patients = [f"p{row // 2}" for row in range(samples)]
    return x[:samples], Cohort.of((risk[:samples] > 0).astype(float), patients), x[samples:]


@dataclass(frozen=True)
class Fit:
    """Probabilities (n_test,) and the objective that was reached."""

    scores: np.ndarray
    objective: float


def loop(
    x: np.ndarray, cohort: Cohort, parts: list[np.ndarray], tests: np.ndarray, tolerance: float = PEER_TOLERANCE
) -> list[Fit]:
    """Fit one part after the other by scikit-learn."""
    found = []
    for rows in parts:
        scaler = StandardScaler().fit(x[rows])
        model = LogisticRegression(C=C, tol=tolerance, max_iter=10_000)
        model.fit(scaler.transform(x[rows]), cohort.labels[rows])
        signs = 2 * cohort.labels[rows] - 1
        margins = signs * model.decision_function(scaler.transform(x[rows]))
        objective = 0.5 * float(np.square(model.coef_).sum()) + C * float(np.logaddexp(0, -margins).sum())
        found.append(Fit(model.predict_proba(scaler.transform(tests))[:, 1], objective))
    return found


def objectives(x: np.ndarray, cohort: Cohort, parts: list[np.ndarray]) -> list[float]:
    """Return the objectives that our solver reaches."""
    found = []
    for rows in parts:
        part = torch.from_numpy(StandardScaler().fit_transform(x[rows]))
        labels, everything = torch.from_numpy(cohort.labels[rows]), torch.ones(len(rows), 1, dtype=part.dtype)
        strength = torch.tensor([C], dtype=part.dtype)
        solution = minimise(Design(part), labels, everything, strength, classes=2, tolerance=TOLERANCE)
        found.append(float(solution.objectives[0]))
    return found


def main() -> None:
    """Print seconds, the ratio, and how far losses and predictions are apart."""
    torch.set_num_threads(THREADS)
    x, cohort, tests = make()
    parts = [np.array(cohort.share(percent, seed).rows) for percent in FRACTIONS for seed in SEEDS]
    started, used = time.perf_counter(), time.process_time()
    ours = Probe(c=C).fit_all(x, cohort, parts, tests)
    seconds, work = time.perf_counter() - started, time.process_time() - used
    with threadpool_limits(limits=THREADS):
        started, used = time.perf_counter(), time.process_time()
        peer = loop(x, cohort, parts, tests)
        peer_seconds, peer_work = time.perf_counter() - started, time.process_time() - used
    with threadpool_limits(limits=1):
        started = time.perf_counter()
        loop(x, cohort, parts, tests)
        alone = time.perf_counter() - started
    losses = [abs(a - b) / b for a, b in zip(objectives(x, cohort, parts), (m.objective for m in peer), strict=True)]
    exact = loop(x, cohort, parts[:: len(SEEDS)], tests, EXACT)
    pairs = zip(ours[:: len(SEEDS)], exact, strict=True)
    apart = max(float(np.abs(a.scores[:, 1] - b.scores).max()) for a, b in pairs)
    print(f"\n{len(parts)} probes on {SAMPLES:,} x {FEATURES:,} features, {THREADS} threads each")
    print(
        f"  at C = {C:g}: ours {seconds:.1f} s, scikit-learn in a loop {peer_seconds:.1f} s,"
        f" ours / peer = {seconds / peer_seconds:.3f} (goal {RATIO_GOAL})"
    )
    print(f"  processor time: ours {work:.1f} s, scikit-learn {peer_work:.1f} s, ours / peer = {work / peer_work:.3f}")
    print(
        f"  scikit-learn with one thread: {alone:.1f} s; ours with {THREADS} / scikit-learn at its faster ="
        f" {seconds / min(peer_seconds, alone):.3f}"
    )
    print(
        f"  losses differ by {max(losses):.1e} of their size (goal {LOSS_GOAL}), predictions by {apart:.1e}"
        f" (goal {PREDICTION_GOAL})",
        flush=True,
    )
    started = time.perf_counter()
    Probe().fit_all(x, cohort, parts, tests)
    chosen = time.perf_counter() - started
    print(
        f"  with C chosen among {len(GRID)} in {FOLDS} folds of patients: {chosen:.1f} s,"
        f" {chosen / peer_seconds:.2f} of the peer's time for one C"
    )


if __name__ == "__main__":
    main()
