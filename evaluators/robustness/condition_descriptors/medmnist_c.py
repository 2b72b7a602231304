"""The corruptions of MedMNIST-C: one condition for each set and corruption, and one name for each whole set."""

from evaluators.robustness.conditions.medical.medmnist_c_scales import SETS, TITLES
from governance.plugins import ConditionDescriptor

PREFIX = "medmnist-c"
_MODULE = "evaluators.robustness.conditions.medical.medmnist_c"


def name_of(of_set: str, corruption: str | None = None) -> str:
    """Return the name of a condition, or of the whole set."""
    return "-".join(filter(None, (PREFIX, of_set, corruption)))


CONDITIONS = tuple(
    ConditionDescriptor(
        name=name_of(of_set, corruption),
        title=f"{TITLES[corruption]}, as MedMNIST-C does for {found.title}",
        implementation=f"{_MODULE}:{of_set}__{corruption.replace('-', '_')}",
        modalities=(found.modality,),
    )
    for of_set, found in SETS.items()
    for corruption in found.scales
)
WHOLE_SETS = tuple(
    ConditionDescriptor(
        name=name_of(of_set),
        title=f"All {len(found.scales)} corruptions of MedMNIST-C for {found.title}",
        kind="set",
        modalities=(found.modality,),
        members=tuple(name_of(of_set, corruption) for corruption in found.scales),
    )
    for of_set, found in SETS.items()
)
ALL = CONDITIONS + WHOLE_SETS
