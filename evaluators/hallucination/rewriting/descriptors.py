"""The collector of answers to rewritten questions, without importing anything heavy."""

from __future__ import annotations

from evaluators.hallucination.rewriting.model import COLLECTOR_NAME
from governance.harness.descriptors import GENERATE, GenerateOptions
from governance.plugins import CollectorDescriptor
from governance.spec.model import Text


class RewrittenOptions(GenerateOptions):
    """As for generated answers, with the rewriting as canonical JSON, so that the request for it holds its content."""

    rewriting: Text


COLLECTOR = CollectorDescriptor(
    name=COLLECTOR_NAME,
    title="Answers to questions into which a text was put",
    implementation="evaluators.hallucination.rewriting.collector:GenerateRewritten",
    options=RewrittenOptions,
    columns=GENERATE.columns,
)
