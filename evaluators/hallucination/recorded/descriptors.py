"""The evaluator of recorded answers and its collector. Imports nothing heavy."""

from __future__ import annotations

from evaluators.hallucination import confidence_metrics
from evaluators.hallucination import descriptors as closed
from evaluators.hallucination.counterfactual import metrics as counterfactual_metrics
from evaluators.hallucination.overlap import metrics as overlap_metrics
from evaluators.hallucination.recorded import judged_metrics, ordered_metrics
from evaluators.hallucination.recorded import metrics as own
from evaluators.hallucination.recorded.options import FAMILIES, GenerationsEvaluationOptions
from governance.plugins import CollectorDescriptor, EvaluatorDescriptor

__all__ = ["COLLECTOR", "DESCRIPTOR", "FAMILIES", "GenerationsEvaluationOptions"]

COLLECTOR_NAME = "recorded-generations"
COLLECTOR = CollectorDescriptor(
    name=COLLECTOR_NAME,
    title="Recorded answers as the dataset holds them",
    implementation="evaluators.hallucination.recorded.collector:ReadRecorded",
    columns={
        "sample_id": "string",
        "status": "ok, or rejected where the entry of the file could not be read",
        "reason": "string, empty where ok: where in the file it stands and what is wrong",
        "record": "string: the record as JSON (governance schema generations), empty where rejected",
    },
)
DESCRIPTOR = EvaluatorDescriptor(
    name="generations",
    title="Recorded answers: hallucination, coverage, refusal, pressure, consistency, judges",
    implementation="evaluators.hallucination.recorded.evaluator:EVALUATOR",
    options=GenerationsEvaluationOptions,
    metrics=(
        own.READABLE_SHARE,
        own.GENERATION_SHARE,
        own.REFERENCE_SHARE,
        own.LABEL_SHARE,
        own.MEDIHALL_SCORE,
        own.MEDIHALL_REPORT_SCORE,
        own.LABEL_FREQUENCY,
        own.HALLUCINATED_SHARE,
        own.FINDING_COVERAGE,
        own.CHAIR_MENTIONS,
        own.CHAIR_ANSWERS,
        own.REFUSAL_RATE,
        own.UNCERTAINTY_RATE,
        closed.ACCURACY,
        closed.YES_RATE,
        closed.UNPARSED_RATE,
        own.POLLING_PRECISION,
        own.POLLING_RECALL,
        own.POLLING_F1,
        own.CHOICE_ACCURACY,
        own.UNREAD_CHOICES,
        own.POINTWISE_SCORE,
        own.SURENESS_ACCURACY,
        own.OVERCONFIDENCE,
        own.SYCOPHANCY,
        own.RIGHT_SHARE,
        own.SELFCHECK_MEAN,
        own.SELFCHECK_MAX,
        own.SEMANTIC_ENTROPY,
        own.WEIGHTED_ENTROPY,
        own.DETECTION_AUROC,
        own.DETECTION_PRECISION,
        own.ACCURACY_WHEN_REJECTING,
        own.JUDGE_AGREEMENT,
        own.COHEN_KAPPA,
        own.KRIPPENDORFF_ALPHA,
        own.CORRECTED_SHARE,
        own.CORRECTED_SCORE,
        own.EQUALITY_DIFFERENCE,
        *judged_metrics.ALL,
        *ordered_metrics.METRICS,
        *overlap_metrics.ALL,
        *confidence_metrics.ALL,
        *counterfactual_metrics.METRICS,
    ),
)
