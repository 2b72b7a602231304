"""The card for the Hugging Face Hub, read back with huggingface_hub: what is public, and only that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from documents.sample_evidence import measurements
from documents.sample_run import FACTS, spec
from documents.sample_run import write as write_run
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from pydantic import TypeAdapter
from ruamel.yaml import YAML

from governance.documents.markdown import written
from governance.documents.rendering import documents_of
from governance.errors import InputError
from governance.evidence.folder import RunFolder
from governance.evidence.model import Measurement
from governance.exchange.hugging_face import CardMetadata, EvalResult, HubDataset, write
from governance.exchange.hugging_face.yaml_text import to_yaml
from governance.exchange.reports.plain_text import one_line

hub = pytest.importorskip("huggingface_hub")

NASTY = "1.0\n---\nlicense: mit\n<script>x</script> [a](javascript:b) `c` | d | https://evil.example {{7*7}} \x07\u202e"
CARD = "README.md"


def made(folder: RunFolder, **more: Any) -> dict[str, str]:
    """The texts of the files, by their paths below ``exchange/huggingface``."""
    place = folder.path / "exchange" / "huggingface"
    return {path.relative_to(place).as_posix(): path.read_text("utf-8") for path in write(folder, **more)}


def head(card: str) -> Any:
    """The metadata, as huggingface_hub reads it."""
    return yaml.safe_load(card.split("\n---\n", maxsplit=1)[0].removeprefix("---\n"))


def overall() -> dict[str, Measurement]:
    """What the sample says of everyone, by metric."""
    found = (m for m in measurements() if m.evaluator == "fairness" and m.estimand == "value" and m.condition.is_clean)
    return {m.metric: m for m in found if not m.slice and not m.curve}


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    made_ = write_run(tmp_path)
    (made_.licence / "NOTICE.md").write_text("# Licence notice: invented\n")
    return made_


@pytest.fixture
def card(folder: RunFolder) -> str:
    return made(folder)[CARD]


def test_huggingface_hub_reads_the_results_as_they_were_measured(folder: RunFolder, card: str) -> None:
    data = hub.ModelCard(card, ignore_metadata_errors=False).data
    assert data.model_name == "nodule-suspicion 2.3.0"
    plain = overall()
    found = {result.metric_type: result for result in data.eval_results}
    assert {"roc_auc", "recall", "specificity"} <= set(found)
    for ours, theirs in (("auroc", "roc_auc"), ("sensitivity", "recall"), ("specificity", "specificity")):
        result, m = found[theirs], plain[ours]
        assert result.metric_value == pytest.approx(m.value, abs=0.0051)
        assert m.interval is not None
        assert f"95 % interval {m.interval.low:.2f} to {m.interval.high:.2f}" in result.metric_name
        assert f"n = {m.n}" in result.metric_name
        assert (result.dataset_split, result.dataset_revision) == ("test", m.dataset_digest)
    assert "threshold 0.42" in found["recall"].metric_name


def test_only_numbers_for_everyone_on_unchanged_input_are_results(card: str) -> None:
    types = [metric["type"] for result in head(card)["model-index"][0]["results"] for metric in result["metrics"]]
    assert len(types) == len(set(types))
    assert not any("motion" in name or "under 40" in name for name in names(card))


def names(card: str) -> list[str]:
    return [metric["name"] for result in head(card)["model-index"][0]["results"] for metric in result["metrics"]]


def test_the_metadata_fits_its_schema(card: str) -> None:
    Draft202012Validator(CardMetadata.model_json_schema(by_alias=True)).validate(json.loads(json.dumps(head(card))))


def test_the_schema_refuses_a_result_without_a_dataset(card: str) -> None:
    broken = head(card)
    del broken["model-index"][0]["results"][0]["dataset"]
    assert not Draft202012Validator(CardMetadata.model_json_schema(by_alias=True)).is_valid(broken)


def test_the_text_is_what_clinicians_may_read_as_their_document_says_it(folder: RunFolder, card: str) -> None:
    (clinician,) = documents_of(folder, ("clinician",))
    for section in clinician.sections:
        for part in written(section):
            assert part in card
    assert "## Headline figures" in card
    assert "## Licence" in card
    assert card.count("\n# ") == 1


def test_nothing_that_is_not_public_is_in_any_file(folder: RunFolder) -> None:
    for text in made(folder, hub_datasets=[HubDataset.parse("test=a/b:default:auroc")]).values():
        assert "CANARY" not in text
        assert "supplier" not in text


def test_equal_runs_give_equal_bytes(tmp_path: Path) -> None:
    assert made(write_run(tmp_path / "a")) == made(write_run(tmp_path / "b"))


def test_a_licence_that_the_hub_has_no_name_for_comes_with_its_notice(folder: RunFolder) -> None:
    files = made(folder)
    assert files["LICENSE.md"] == "# Licence notice: invented\n"
    found = head(files[CARD])
    assert (found["license"], found["license_name"]) == ("other", "openrail-m")
    assert found["license_link"] == "LICENSE.md"


def change_licence(folder: RunFolder, **fields: Any) -> None:
    path = folder.licence / "licence.json"
    folder.write_json(path, {**folder.read_json(path), **fields})


def test_a_licence_that_the_hub_knows_is_named_and_an_earlier_notice_goes(folder: RunFolder) -> None:
    made(folder)
    change_licence(folder, huggingface={"license": "apache-2.0"})
    files = made(folder)
    assert "LICENSE.md" not in files
    assert not (folder.path / "exchange" / "huggingface" / "LICENSE.md").exists()
    assert {key: value for key, value in head(files[CARD]).items() if "license" in key} == {"license": "apache-2.0"}


def test_a_licence_text_with_an_address_is_linked(folder: RunFolder) -> None:
    change_licence(folder, text="https://example.org/licence")
    files = made(folder)
    assert head(files[CARD])["license_link"] == "https://example.org/licence"
    assert set(files) == {CARD, "NOTICE.md"}


def test_the_text_of_a_licence_goes_with_the_card(folder: RunFolder) -> None:
    (folder.licence / "terms.txt").write_text("The terms.")
    change_licence(folder, huggingface={"license": "other", "license_name": "x", "license_link": "licence/terms.txt"})
    files = made(folder)
    assert head(files[CARD])["license_link"] == "LICENSE"
    assert files["LICENSE"] == "The terms."
    assert files["NOTICE.md"] == "# Licence notice: invented\n"


@pytest.mark.parametrize("place", ["../../evidence.json", "/etc/hostname", "licence/absent.txt", "licence/.."])
def test_a_licence_is_taken_from_nowhere_but_its_folder(folder: RunFolder, place: str) -> None:
    change_licence(folder, huggingface={"license": "other", "license_link": place})
    assert set(made(folder)) == {CARD, "LICENSE.md"}


def test_base_models_are_those_of_the_hub(folder: RunFolder) -> None:
    change_licence(folder, inherits=["acme/base under OpenRAIL-M", "OpenRAIL-M", "a model under MIT"])
    assert head(made(folder)[CARD])["base_model"] == ["acme/base"]
    change_licence(folder, inherits=[])
    assert "base_model" not in head(made(folder)[CARD])


def test_a_dataset_has_the_id_of_the_hub_only_where_one_is_given(folder: RunFolder) -> None:
    (result,) = head(made(folder)[CARD])["model-index"][0]["results"]
    assert result["dataset"]["type"] == "contours-one-hospital"
    (result,) = head(made(folder, hub_datasets=[HubDataset("test", "acme/contours")])[CARD])["model-index"][0][
        "results"
    ]
    assert result["dataset"]["type"] == "acme/contours"


def test_a_benchmark_gets_a_file_of_results_that_huggingface_hub_reads(folder: RunFolder) -> None:
    place = HubDataset.parse("test=acme/contours:default:auroc")
    files = made(folder, hub_datasets=[place], source="https://example.org/run")
    (text,) = (text for name, text in files.items() if name == ".eval_results/acme-contours-default.yaml")
    content = yaml.safe_load(text)
    Draft202012Validator(TypeAdapter(list[EvalResult]).json_schema()).validate(content)
    from huggingface_hub import parse_eval_result_entries

    (entry,) = parse_eval_result_entries(content)
    auroc = overall()["auroc"]
    assert (entry.dataset_id, entry.task_id, entry.date) == ("acme/contours", "default", "2026-11-14")
    assert entry.value == pytest.approx(auroc.value, abs=0.0051)
    assert entry.source_url == "https://example.org/run"
    assert entry.notes is not None
    assert "95 % interval" in entry.notes
    assert f"run {folder.run_id}" in entry.notes


def test_without_a_benchmark_there_are_no_results_and_earlier_ones_go(folder: RunFolder) -> None:
    made(folder, hub_datasets=[HubDataset.parse("test=acme/contours:default:auroc")])
    assert set(made(folder)) == {CARD, "LICENSE.md"}
    assert not list((folder.path / "exchange").rglob("*.yaml"))


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ("tset=acme/contours", "the run has no dataset 'tset'"),
        ("test=acme/contours:default:auroccc", "'auroccc' is no headline number on the dataset 'test'"),
        ("test=acme", "names no dataset of the Hub"),
        ("test=acme/x:default", "names no dataset of the Hub"),
        ("=acme/x", "names no dataset of the Hub"),
        ("test=../x", "names no dataset of the Hub"),
    ],
)
def test_what_does_not_fit_the_run_is_an_error_and_nothing_is_written(
    folder: RunFolder, given_: str, said: str
) -> None:
    with pytest.raises(InputError, match=said.replace("(", "\\(")):
        write(folder, hub_datasets=[HubDataset.parse(given_)])
    assert not (folder.path / "exchange").exists()


def test_a_source_is_the_address_of_a_page(folder: RunFolder) -> None:
    with pytest.raises(InputError, match="no address"):
        write(folder, source="javascript:alert(1)")


def test_a_run_without_a_licence_or_numbers_claims_neither(tmp_path: Path) -> None:
    folder = write_run(tmp_path, found=[], decided=False)
    (folder.licence / "licence.json").unlink()
    card = made(folder)[CARD]
    assert not {"license", "model-index", "metrics"} & set(head(card))
    assert "no headline figure was measured" in card


def test_hostile_text_stays_text_in_metadata_and_card(tmp_path: Path) -> None:
    facts = {key: {**fact, "statement": NASTY} for key, fact in FACTS.items()}
    content = spec(facts)
    changes: dict[str, Any] = {
        "spec": content,
        "subject": {"name": NASTY, "version": NASTY, "kind": "timm", "task": NASTY, "digest": NASTY},
    }
    found = [Measurement.model_validate({**m.model_dump(exclude={"id"}), "reason": NASTY if m.reason else None}) for m in measurements()]  # noqa: E501 # fmt: skip
    folder = write_run(tmp_path, facts=facts, found=found, changes=changes)
    lock = folder.read_json(folder.spec_lock)
    lock["datasets"]["test"].update(title=NASTY, modality=NASTY, role=NASTY)
    folder.write_json(folder.spec_lock, lock)
    change_licence(folder, huggingface={"license": NASTY, "license_name": NASTY}, text=NASTY, inherits=[NASTY])
    card = made(folder)[CARD]
    assert set(head(card)) <= {"language", "license", "library_name", "tags", "metrics", "model-index", "license_name"}
    assert head(card)["license"] != "mit"
    assert Draft202012Validator(CardMetadata.model_json_schema(by_alias=True)).is_valid(head(card))
    assert YAML(typ="safe").load(card.split("\n---\n")[0].removeprefix("---\n")) == head(card)
    body = card.split("\n---\n", 1)[1]
    kinds = set()
    for token in MarkdownIt("commonmark").enable("table").parse(body):
        kinds.update({token.type, *(child.type for child in token.children or ())})
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_inline", "fence", "hr"}


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.lists(st.text().map(one_line) | st.integers(-(10**9), 10**9).map(lambda n: n / 1000))))  # noqa: E501 # fmt: skip
def test_all_readers_of_yaml_read_what_was_written(content: dict[str, list[str | float]]) -> None:
    text = to_yaml(content)
    assert yaml.safe_load(text) == content
    assert YAML(typ="safe", pure=True).load(text) == content


@pytest.mark.parametrize("word", ["no", "Yes", "on", "null", "~", "1.10", "1e3", "2026-11-25", "12:30", "a: b", "- x", "#"])  # noqa: E501 # fmt: skip
def test_words_that_look_like_other_things_stay_text(word: str) -> None:
    assert yaml.safe_load(to_yaml([word])) == [word]
