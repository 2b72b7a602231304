"""How SPDX, CycloneDX and Hugging Face name a licence."""

from __future__ import annotations

import base64
import re

import pytest

from governance.licences import (
    LicenceStatement,
    cyclonedx_licences,
    describe_licence,
    huggingface_fields,
    spdx_expression,
    spdx_extracted_licence,
)

from .sample_spec import spec


def statement(kind: str, **more: object) -> LicenceStatement:
    return describe_licence(spec({"kind": kind, "built_on": [], **more}))


def test_a_listed_licence_is_named_by_its_id() -> None:
    found = statement("apache-2.0")
    assert spdx_expression(found) == "Apache-2.0"
    assert found.on_spdx_list
    assert cyclonedx_licences(found) == [{"license": {"id": "Apache-2.0", "acknowledgement": "declared"}}]
    assert spdx_extracted_licence(found) is None
    assert huggingface_fields(found) == {"license": "apache-2.0"}


def test_an_expression_stays_an_expression() -> None:
    found = statement("MIT or Apache-2.0")
    assert spdx_expression(found) == "MIT OR Apache-2.0"
    assert cyclonedx_licences(found) == [{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}]


def test_a_rail_licence_is_a_reference_with_its_text_beside_it() -> None:
    found, text = statement("OpenRAIL-M", text="https://example.org/licence"), b"The text\n"
    reference = spdx_expression(found)
    assert re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", reference)
    assert not found.on_spdx_list
    ((one,),) = ([entry["license"] for entry in cyclonedx_licences(found, text)],)
    assert one["name"] == reference
    assert "id" not in one
    assert base64.b64decode(one["text"]["content"]) == text
    extracted = spdx_extracted_licence(found, text)
    assert extracted is not None
    assert (extracted["licenseId"], extracted["extractedText"]) == (reference, "The text\n")
    assert extracted["seeAlsos"] == ["https://example.org/licence"]
    assert huggingface_fields(found)["license"] == "other"


def test_a_text_that_was_not_given_is_said_to_be_missing() -> None:
    extracted = spdx_extracted_licence(statement("OpenRAIL-M"))
    assert extracted is not None
    assert "not provided" in extracted["extractedText"]


@pytest.mark.parametrize(
    ("kind", "reference", "card"),
    [
        ("bigscience-openrail-m", "LicenseRef-scancode-bigscience-open-rail-m", "bigscience-openrail-m"),
        ("openrail++", "LicenseRef-scancode-bigscience-open-rail-m2", "openrail++"),
        ("bigscience-rail-1.0", "LicenseRef-scancode-bigscience-rail-1.0", "bigscience-bloom-rail-1.0"),
        ("creativeml-openrail-m", "LicenseRef-creativeml-openrail-m", "creativeml-openrail-m"),
    ],
)
def test_known_rail_licences_have_references_of_their_own(kind: str, reference: str, card: str) -> None:
    found = statement(kind)
    assert spdx_expression(found) == reference
    assert huggingface_fields(found) == {"license": card}


def test_without_a_licence_nothing_is_asserted() -> None:
    nothing = describe_licence(spec(None))
    assert spdx_expression(nothing) == "NOASSERTION"
    assert cyclonedx_licences(nothing) == []
    assert huggingface_fields(nothing) == {}


def test_names_that_spdx_does_not_take_become_some_that_it_does() -> None:
    found = describe_licence(
        spec({"kind": "OpenRAIL-M"}).model_copy(
            update={"subject": spec(None).subject.model_copy(update={"version": "2.3 <β> /x"})}
        )
    )
    assert re.fullmatch(r"LicenseRef-[A-Za-z0-9.-]+", spdx_expression(found))
