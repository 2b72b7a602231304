"""Agreement of judges that counts how far labels are apart. Imports nothing heavy."""

from __future__ import annotations

from governance.evidence.model import MetricDescriptor

_STEPS = (
    "Whether the steps between the labels are alike: their order is given, their distances are a choice. Labels that "
    "could not be read have no place in the order and are left out; see the agreement of all labels."
)

KAPPA_LINEAR = MetricDescriptor(
    name="cohen_kappa_linear",
    title="Cohen's kappa with people, linear weights",
    low=-1,
    high=1,
    direction="higher",
    formula="1 - observed / expected disagreement, |i - j| / 5 for the six labels in order of gravity",
    explanation="Agreement of a judge with people beyond chance, a label being worse the more steps it is away.",
    does_not_show=_STEPS,
    source="Cohen, Psychol. Bull. 70 (1968) 213",
)
KAPPA_QUADRATIC = MetricDescriptor(
    name="cohen_kappa_quadratic",
    title="Cohen's kappa with people, quadratic weights",
    low=-1,
    high=1,
    direction="higher",
    formula="1 - observed / expected disagreement, (i - j)^2 / 25 for the six labels in order of gravity",
    explanation="Agreement of a judge with people beyond chance, a label far away counting much more than a near one.",
    does_not_show=_STEPS,
    source="Cohen, Psychol. Bull. 70 (1968) 213; Fleiss and Cohen, Educ. Psychol. Meas. 33 (1973) 613",
)
ALPHA_ORDINAL = MetricDescriptor(
    name="krippendorff_alpha_ordinal",
    title="Krippendorff's alpha of all judges, ordinal",
    high=1,
    direction="higher",
    formula="1 - observed / expected disagreement, squared difference of the labels' mean ranks, over all pairs",
    explanation="Agreement of all judges beyond chance on how grave an answer's errors are.",
    does_not_show="Which judge disagrees. Labels that could not be read have no rank and are left out.",
    source="Krippendorff, Content Analysis (2004), section 11.3.4",
)
METRICS = (KAPPA_LINEAR, KAPPA_QUADRATIC, ALPHA_ORDINAL)
