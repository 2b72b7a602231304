"""Conditions on rows of numbers."""

from governance.plugins import ConditionDescriptor

TABULAR = ("tabular",)

MISSING_VALUES = ConditionDescriptor(
    name="missing-values",
    title="Missing values",
    implementation="evaluators.robustness.conditions.tabular:missing_values",
    modalities=TABULAR,
)
MEASUREMENT_NOISE = ConditionDescriptor(
    name="measurement-noise",
    title="Errors of measurement",
    implementation="evaluators.robustness.conditions.tabular:measurement_noise",
    modalities=TABULAR,
    by_columns=True,
)
OUT_OF_RANGE = ConditionDescriptor(
    name="out-of-range",
    title="A value above all that were seen",
    implementation="evaluators.robustness.conditions.tabular:out_of_range",
    modalities=TABULAR,
    by_columns=True,
)
