"""Names that stand for several conditions."""

import pytest

from evaluators.robustness.condition_sets import expand, is_set, members
from governance.plugins import ConditionDescriptor, installed


def condition(name, **more):
    return ConditionDescriptor(name=name, title=name, **more)


KNOWN = {
    found.name: found
    for found in (
        condition("noise"),
        condition("blur"),
        condition("text"),
        condition("ours", kind="set", members=("noise", "blur")),
        condition("all", kind="set", members=("text", "ours")),
        condition("round", kind="set", members=("noise", "round")),
    )
}


def test_a_set_is_replaced_by_its_members_in_its_place():
    assert expand(("text", "ours"), KNOWN) == ("text", "noise", "blur")
    assert members("ours", KNOWN) == ("noise", "blur")
    assert members("noise", KNOWN) == ("noise",)


def test_a_condition_that_is_named_twice_stays_where_it_was_first():
    assert expand(("blur", "all", "noise"), KNOWN) == ("blur", "text", "noise")


def test_an_unknown_name_stays_for_whoever_looks_it_up():
    assert expand(("snow", "ours"), KNOWN) == ("snow", "noise", "blur")
    assert not is_set("snow", KNOWN)


def test_a_set_that_names_itself_is_refused():
    with pytest.raises(ValueError, match="round > round"):
        expand(("round",), KNOWN)


def test_every_installed_set_names_installed_conditions_that_make_sense_where_the_set_does():
    known = installed("conditions")
    for name, descriptor in known.items():
        if not is_set(name, known):
            assert not descriptor.members
            continue
        found = members(name, known)
        assert found
        for member in found:
            assert known[member].kind != "set"
            assert not known[member].modalities or set(descriptor.modalities) <= set(known[member].modalities)
