"""A person's own words for findings: pinned, checked, and named in the method."""

import hashlib
from dataclasses import replace

import pandas as pd
import pytest
from nhefs_predictions import Tables
from recorded_answers import EVALUATOR, context, only
from test_judges_in_evidence import dataset_info

from evaluators.hallucination.recorded import GenerationsEvaluationOptions
from evaluators.hallucination.recorded.options import OwnLexicon
from evaluators.hallucination.recorded.own_lexicon import own_lexicon
from governance.errors import InputError
from governance.evidence.canonical import canonical_json
from governance.harness.protocols import Need

TEXT = """\
id: eyes
version: 2
findings:
  drusen: [drusen, "drusenoid deposit*"]
  hemorrhage: [bleeding]
denied_before: [keine]
"""


def lexicon(folder, text=TEXT, **more):
    (folder / "eyes.yaml").write_text(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return own_lexicon(OwnLexicon(**{"file": "eyes.yaml", "digest": digest, **more}), folder)


def test_its_findings_come_to_those_that_ship_and_replace_equal_names(tmp_path):
    both = lexicon(tmp_path)
    found = both.read("Bleeding. Drusenoid deposits, no effusion, keine drusen. Hematoma.")
    assert found == {"drusen": "asserted", "pleural effusion": "denied", "hemorrhage": "asserted"}
    alone = lexicon(tmp_path, extends=False)
    assert alone.read("drusen and effusion") == {"drusen": "asserted"}
    assert alone.read("no drusen") == {"drusen": "asserted"}
    assert alone.read("keine drusen") == {"drusen": "denied"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version: 2", "version: two", "version"),
        ("findings:", "findngs:", "did you mean 'findings'"),
        ("[bleeding]", "[drusen]", r"eyes\.yaml:\d:\d+: the phrase 'drusen' stands for 'hemorrhage' and for 'drusen'"),
        ("[bleeding]", '["effusion*"]', "stands for"),
        ("[bleeding]", '["***"]', "hemorrhage"),
        ("[bleeding]", "bleeding", "list"),
        ("id: eyes", "id: &a eyes\nx: *a", "x"),
        ("id: eyes", "id: !!python/object eyes", "eyes.yaml:1"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message):
        lexicon(tmp_path, TEXT.replace(old, new, 1))


def test_a_lexicon_that_changed_is_refused_and_its_digest_is_told(tmp_path):
    with pytest.raises(
        InputError, match=r"the digest of the lexicon eyes\.yaml is [0-9a-f]{64}, the spec says unknown"
    ):
        lexicon(tmp_path, digest="unknown")
    with pytest.raises(InputError, match="lexicon"):
        own_lexicon(OwnLexicon(file="none.yaml", digest="unknown"), tmp_path)


def test_the_method_names_it(tmp_path):
    lexicon(tmp_path)
    digest = hashlib.sha256(TEXT.encode()).hexdigest()
    record = {"item_id": "0", "generation": "Drusen.", "reference": "Drusen and bleeding."}
    table = pd.DataFrame(
        [
            {"sample_id": str(n), "status": "ok", "reason": "", "record": canonical_json(record).decode()}
            for n in range(9)
        ]
    )
    info = dataset_info(pd.DataFrame([{"sample_id": str(n), "cluster": str(n)} for n in range(9)]), "answers")
    options = GenerationsEvaluationOptions(
        on="answers", measures=("findings",), lexicon={"file": "eyes.yaml", "digest": digest}
    )
    about = replace(context(info, options), base=tmp_path)
    tables = Tables({Need.of("recorded-generations", "answers").id: table})
    one = only(list(EVALUATOR.measure(tables, about)), "finding_coverage")
    assert one.value == 0.5
    assert one.method.parameters["lexicon"] == f"eyes, with those that ship 2, SHA-256 {digest[:12]}"
