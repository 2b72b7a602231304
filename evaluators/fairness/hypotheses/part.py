"""Permutation tests of declared and explored hypotheses, with p-values adjusted within each family."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from evaluators.estimates import Estimate
from evaluators.fairness.descriptors import FairnessOptions
from evaluators.fairness.groups import ON_SCORES, GroupMeasures
from evaluators.fairness.hypotheses.options import PERMUTATION_TEST, TESTED, Hypothesis, HypothesisOptions
from evaluators.fairness.hypotheses.tested import Tested, tested
from evaluators.fairness.scene import Scene
from evaluators.grouping import Grouping
from evaluators.requirements import binary_dataset
from governance.errors import InputError, near_name
from governance.evidence.model import Measurement, Method, Scalar
from governance.harness.protocols import EvaluationContext, Need
from governance.statistics.bounds import Bounds
from governance.statistics.clusters import Floats
from governance.statistics.group_bootstrap import BootstrapTest
from governance.statistics.multiplicity import benjamini_hochberg, holm
from governance.statistics.permutation import PermutationTest

_BY_NAME = {metric.name: metric for metric in TESTED}
_ADJUST: Mapping[str, tuple[str, Callable[[Sequence[float]], Floats]]] = {
    "declared": ("Holm", holm),
    "explored": ("Benjamini-Hochberg", benjamini_hochberg),
}


def needs(context: EvaluationContext, options: FairnessOptions) -> Iterable[Need]:
    """Ask for nothing more than the predictions, after checking that the dataset has the attributes.

    Raises
    ------
    InputError
        If a hypothesis names an attribute that the dataset lacks.
    """
    own = _own(options)
    dataset = binary_dataset(context, options.on, evaluator="fairness")
    for family in _ADJUST:
        for place, hypothesis in enumerate(getattr(own, family)):
            missing = Grouping.parse(hypothesis.over).unknown(dataset)
            if missing is not None:
                raise InputError(
                    f"evaluate.fairness.hypotheses.{family}.{place}.over: dataset '{dataset.name}' has no attribute "
                    f"'{missing}'",
                    hint=near_name(missing, dataset.attributes),
                )
    return ()


def measure(scene: Scene) -> Iterator[Measurement]:
    """Test every hypothesis, then adjust within its family.

    A test that could not be made stays in its family with p = 1, so that how many tests there are does not depend on
    the data.
    """
    own = _own(scene.options)
    measures = GroupMeasures(
        scene.data,
        scene.point,
        scene.minimums,
        scene.context.settings,
        bins=scene.options.bins,
        max_false_positive_rate=scene.options.max_false_positive_rate,
        threshold_probability=scene.point.threshold,
    )
    families: Mapping[str, tuple[Hypothesis, ...]] = {"declared": own.declared, "explored": own.explored}
    for family, hypotheses in families.items():
        found = [
            tested(one, _BY_NAME[one.metric], measures, scene.dataset, replicates=own.replicates) for one in hypotheses
        ]
        name, adjust = _ADJUST[family]
        adjusted = adjust([1.0 if isinstance(one, str) else one.test.p_value for one in found])
        impossible = sum(isinstance(one, str) for one in found)
        correction = f"{name} over {len(found)} {family} test{'s' if len(found) > 1 else ''}"
        if impossible:
            correction += f", {impossible} of which could not be made and count as p = 1"
        for hypothesis, one, p_value in zip(hypotheses, found, adjusted, strict=True):
            yield _recorded(scene, hypothesis, one, family=family, p_value=float(p_value), correction=correction)


def _recorded(
    scene: Scene, hypothesis: Hypothesis, found: Tested | str, *, family: str, p_value: float, correction: str
) -> Measurement:
    here = scene.recorder if _BY_NAME[hypothesis.metric] in ON_SCORES else scene.at_point
    curve: dict[str, Scalar] = {"metric": hypothesis.metric, "family": family}
    if isinstance(found, str):
        return here.not_measured(PERMUTATION_TEST, found, over=hypothesis.over, curve=curve)
    test = found.test
    parameters: dict[str, Scalar] = {
        "p_value_not_adjusted": test.p_value,
        **_drawn(test),
        "seed": scene.context.settings.seed,
        "groups": ", ".join(test.names),
        "gap": test.gap,
        "furthest_apart": f"{test.first} above {test.second}",
        "rejected": found.rejected,
    }
    if found.left_out:
        parameters["groups_left_out"] = "; ".join(found.left_out)
    estimate = Estimate(
        value=test.statistic,
        n=found.n,
        n_clusters=test.n_clusters,
        events=found.events,
        bounds=_no_interval,
        method=Method(
            name="largest difference of two groups over its standard error between patients",
            parameters=parameters,
            source=PERMUTATION_TEST.source,
        ),
    )
    return here.measured(
        PERMUTATION_TEST,
        estimate,
        over=hypothesis.over,
        curve=curve,
        p_value=p_value,
        test=f"{test.method}; {correction}",
    )


def _drawn(test: PermutationTest | BootstrapTest) -> dict[str, Scalar]:
    if isinstance(test, PermutationTest):
        return {"permutations": test.permutations, "permuted": test.permuted}
    return {"bootstrap_replicates": test.replicates, "resampled": "patients"}


def _no_interval(level: float) -> Bounds:  # noqa: ARG001
    raise ValueError("a test statistic is compared with its own values where groups are alike; it estimates nothing")


def _own(options: FairnessOptions) -> HypothesisOptions:
    if options.hypotheses is None:
        raise TypeError("hypotheses are tested only where the options ask for them")
    return options.hypotheses
