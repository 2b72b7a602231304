"""Conditions on texts."""

from governance.plugins import ConditionDescriptor

TEXT = ("text",)

TYPING_ERRORS = ConditionDescriptor(
    name="typing-errors",
    title="Typing errors",
    implementation="evaluators.robustness.conditions.text:typing_errors",
    modalities=TEXT,
)
OTHER_UNITS = ConditionDescriptor(
    name="other-units",
    title="Quantities in other units",
    implementation="evaluators.robustness.conditions.text:other_units",
    modalities=TEXT,
    severities=(),
)
OPTION_ORDER = ConditionDescriptor(
    name="option-order",
    title="Answers named the other way round",
    implementation="evaluators.robustness.conditions.text:option_order",
    modalities=TEXT,
    severities=(),
)
PARAPHRASE = ConditionDescriptor(
    name="paraphrase",
    title="The same question in other words",
    modalities=TEXT,
    severities=(),
    kind="variant",
)
NEGATION = ConditionDescriptor(
    name="negation",
    title="The opposite question",
    modalities=TEXT,
    severities=(),
    kind="variant",
    opposite=True,
)
