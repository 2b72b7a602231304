"""`regulatory` in a spec: what may be written, that unknown is a value, and that errors point at the line."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from pydantic import ValidationError

from governance.errors import InputError
from governance.spec import load_spec
from governance.spec.regulatory import KEYS, NotifiedBody, Regulatory
from governance.spec.schema import spec_schema

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, write_age_alone: Callable[[Path], None]) -> Write:
    write_age_alone(tmp_path)
    (tmp_path / "policy.yaml").write_text('policy: none\nversion: "1"\nrules: []\n')
    path = tmp_path / "governance.yaml"
    before = path.read_text()

    def written(regulatory: str) -> Path:
        path.write_text(before + regulatory)
        return path

    return written


def test_what_is_left_out_is_unknown(write: Write) -> None:
    stated = load_spec(write("")).spec.regulatory
    assert stated == Regulatory()
    assert stated.is_empty
    assert {stated.value(key) for key in KEYS} == {"unknown"}


def test_all_of_it_can_be_written(write: Write) -> None:
    stated = load_spec(
        write(
            """
regulatory:
  role: [provider, deployer]
  jurisdictions: EU
  sector_regime: MDR
  device_class: IIa
  device_rule: Rule 11
  notified_body: {name: A body, number: 0123}
  in_house: no
  annex_iii: [5(d), 5(a)]
  annex_iii_exempt: false
  general_purpose_model: unknown
  transparency: none
  placed_on_market: 2027-01-31
  public_authority: yes
  identification: {udi_di: 04012345000016, srn: DE-MF-000000001}
"""
        )
    ).spec.regulatory
    assert stated.role == ("provider", "deployer")
    assert stated.jurisdictions == ("EU",)
    assert stated.notified_body == NotifiedBody(name="A body", number="0123")
    assert (stated.in_house, stated.annex_iii_exempt, stated.public_authority) == ("no", "no", "yes")
    assert stated.placed_on_market == dt.date(2027, 1, 31)
    assert stated.value("udi_di") == "04012345000016"
    assert stated.value("notified_body") == "A body, 0123"


def test_it_may_stand_in_a_file_of_its_own_and_errors_point_there(write: Write) -> None:
    path = write("regulatory: regulatory.yaml\n")
    (path.parent / "regulatory.yaml").write_text("role: provider\n")
    assert load_spec(path).spec.regulatory.role == ("provider",)
    (path.parent / "regulatory.yaml").write_text("role: provider\nsector_regime: MRD\n")
    with pytest.raises(InputError, match=r"regulatory\.yaml:2:16: `sector_regime` must be one of MDR"):
        load_spec(path)


@pytest.mark.parametrize(
    ("regulatory", "message"),
    [
        ("{role: [provider, deployr]}", "item 2 of `role` must be one of provider"),
        ("{roles: provider}", "unknown key `roles`"),
        ("{annex_iii: 5(dd)}", "`annex_iii` must match"),
        ("{placed_on_market: 2027}", "`placed_on_market` must be a date"),
        ("{in_house: maybe}", "`in_house` must be one of yes, no, unknown"),
        ("{role: []}", "`role` is an empty list"),
        ("{sector_regime: IVDR, device_class: IIa}", "`device_class: IIa` is no class of the IVDR"),
        ("{sector_regime: none, device_class: IIa}", "`device_class` is about the MDR and IVDR"),
        ("{sector_regime: none, in_house: yes}", "`in_house` is about the MDR and IVDR"),
        ("{device_class: I, notified_body: {number: 0123}}", "a device of class I involves no notified body"),
        ("{in_house: yes, notified_body: {number: 0123}}", "an in-house device involves no notified body"),
        ("{device_class: III, notified_body: none, in_house: no}", "a device of class III involves a notified body"),
        ("{notified_body: {}}", "a notified body has a `name` or a `number`"),
        ("{general_purpose_model: no, systemic_risk: yes}", "`systemic_risk` is about general-purpose models"),
        ("{annex_iii: none, annex_iii_exempt: yes}", "`annex_iii_exempt` is about uses of Annex III"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(write: Write, regulatory: str, message: str) -> None:
    path = write(f"regulatory: {regulatory}\n")
    with pytest.raises(InputError, match=message) as caught:
        load_spec(path)
    assert caught.value.location is not None
    assert caught.value.location.line == len(path.read_text().splitlines())


def test_it_comes_back_from_the_plan_of_a_run_as_it_was() -> None:
    stated = Regulatory.model_validate(
        {"role": "provider", "placed_on_market": "2027-01-31", "annex_iii": ["5(d)"], "notified_body": {"name": "A"}}
    )
    assert Regulatory.model_validate(json.loads(stated.model_dump_json())) == stated


def test_nobody_can_change_it_later() -> None:
    with pytest.raises(ValidationError):
        Regulatory().role = ("provider",)  # type: ignore[misc]


def test_the_schema_of_the_spec_knows_it() -> None:
    schema = spec_schema()
    part = {"$defs": schema["$defs"], **schema["properties"]["regulatory"]}
    jsonschema.validate({"role": ["provider"], "in_house": "no"}, part)
    jsonschema.validate("regulatory.yaml", part)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"sector_regime": "MRD"}, part)
