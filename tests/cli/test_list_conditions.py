"""What `governance list conditions` says to people, and to programs."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from governance.cli.commands.list import command
from governance.errors import InputError
from governance.listing import list_things
from governance.plugins import installed


def listed(*words: str) -> str:
    found = CliRunner().invoke(command, ["conditions", *words], env={"COLUMNS": "100"}, standalone_mode=False)
    if found.exception:
        raise found.exception
    return found.output


def test_only_what_makes_sense_for_a_modality_is_listed() -> None:
    said = listed("--modality", "radiograph")
    assert "medmnist-c-chest " in said
    assert "ct-window-shift" not in said
    assert "erosion" not in said


def test_members_of_a_set_are_left_to_programs() -> None:
    said = listed()
    assert "medmnist-c-chest-gamma-up" not in said
    assert "more belong to a set" in said
    rows = json.loads(listed("--json"))
    assert [row["name"] for row in rows] == list(installed("conditions"))
    (blur,) = [row for row in rows if row["name"] == "gaussian-blur"]
    assert "radiograph" in blur["modalities"]
    assert blur["severities"] == "1 to 5"


def test_a_modality_that_nothing_is_for_is_named_with_a_near_one() -> None:
    with pytest.raises(InputError, match="no condition is for the modality 'radiogram'") as raised:
        list_things("conditions", modality="radiogram")
    assert "radiograph" in str(raised.value.hint)
