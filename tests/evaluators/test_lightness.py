"""What may be imported when: descriptors by every command, `measure` without torch."""

import subprocess
import sys

import pytest

DESCRIPTORS = """
import sys
from evaluators import data_efficiency, fairness, hallucination, robustness
heavy = {"numpy", "pandas", "scipy", "torch", "sklearn", "mlflow"} & set(sys.modules)
assert not heavy, heavy
assert [room.DESCRIPTOR.name for room in (data_efficiency, fairness, hallucination, robustness)]
"""
MEASURES = """
import sys
from evaluators import data_efficiency, fairness, hallucination, robustness
for room in (data_efficiency, fairness, hallucination, robustness):
    room.DESCRIPTOR.load()
from evaluators.data_efficiency.descriptors import FIT
FIT.load()
assert "torch" not in sys.modules and "sklearn" not in sys.modules
"""


@pytest.mark.parametrize("program", [DESCRIPTORS, MEASURES], ids=["descriptors", "evaluators"])
def test_nothing_heavier_than_needed_is_imported(program):
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_entry_point_of_ours_is_registered_under_its_own_name():
    from governance.plugins import installed

    for group, names in (
        ("evaluators", {"fairness", "robustness", "hallucination", "data_efficiency"}),
        ("conditions", {"gaussian-noise", "gaussian-blur", "brightness", "contrast", "erosion", "dilation"}),
    ):
        found = installed(group)
        assert names <= set(found)
        assert all(descriptor.name == name for name, descriptor in found.items() if name in names)


def test_a_metric_of_several_evaluators_is_the_same_object():
    from governance.plugins import installed

    seen = {}
    for descriptor in installed("evaluators").values():
        for metric in descriptor.metrics:
            assert seen.setdefault(metric.name, metric) is metric


def test_every_built_in_condition_has_its_implementation():
    from evaluators.robustness.condition_descriptors import modalities
    from governance.plugins import installed

    for name, descriptor in installed("conditions").items():
        if name in ("erosion", "dilation"):
            assert descriptor.modalities == modalities.OUTLINES
        if descriptor.kind == "batch":
            assert callable(descriptor.load())
