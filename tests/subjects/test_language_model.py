"""A language model is asked: compared with what transformers itself generates, and with full forward passes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

from governance.errors import InputError
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.identity import identify
from governance.subjects.language_model import open_language_model
from governance.subjects.spellings import spellings

TEXT = "yes no Yes No is there a mass fracture in the left right lung report says none seen . ?"
PROMPTS = ["is there a mass ?", "the report says none seen . is there a fracture in the left lung ?", "no mass", "is"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small Llama with random weights, saved as people save theirs."""
    place = tmp_path_factory.mktemp("model")
    vocabulary = {word: index for index, word in enumerate(["<unk>", "<end>", *TEXT.split()])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<end>")
    fast.chat_template = (
        "{% for m in messages %}{{ m['content'] }} {% endfor %}{% if add_generation_prompt %}says {% endif %}"
    )
    fast.save_pretrained(place)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        eos_token_id=1,
        bos_token_id=None,
        initializer_range=0.4,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(place)
    return place


def subject(folder: Path, **options: object) -> SubjectSpec:
    return SubjectSpec(
        name="small", version="1", kind="generate", task="generate", options={"folder": folder.name, **options}
    )


def opened(folder: Path, **options: object):
    return open_language_model(subject(folder, **options), folder.parent, "cpu", Settings())


def items(prompts: list[str]) -> list[dict[str, str]]:
    return [{"prompt": prompt} for prompt in prompts]


def test_greedy_answers_are_those_of_transformers(folder: Path) -> None:
    session = opened(folder)
    answers = session.generate(items(PROMPTS), options={"max_new_tokens": 12}, seeds=[])
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        tokens = session.tokenizer(prompt, return_tensors="pt")["input_ids"]
        expected = session.model.generate(
            tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=12, do_sample=False, pad_token_id=1
        )
        assert answer["text"] == session.tokenizer.decode(expected[0, tokens.shape[1] :], skip_special_tokens=True)


def log_probability(session, prompt: str, answer: str) -> torch.Tensor:
    """Score an answer by one full forward pass without any cache or padding."""
    before = session.tokenizer(prompt)["input_ids"]
    after = session.tokenizer(answer, add_special_tokens=False)["input_ids"]
    with torch.inference_mode():
        logits = session.model(torch.tensor([before + after])).logits[0].double()
    each = torch.log_softmax(logits, -1)
    return sum(each[len(before) - 1 + index, token] for index, token in enumerate(after))


def test_choices_are_scored_as_by_full_passes_over_each_spelling(folder: Path) -> None:
    session = opened(folder)
    answers = session.generate(
        items(PROMPTS), options={"choices": ("yes", "no mass seen"), "max_new_tokens": 1}, seeds=[]
    )
    for prompt, answer in zip(PROMPTS, answers, strict=True):
        single = torch.stack([log_probability(session, prompt, text) for text in ("yes", "Yes")])
        assert answer["choice_yes"] == pytest.approx(float(torch.logsumexp(single, 0)), abs=1e-4)
        several = torch.stack([log_probability(session, prompt, text) for text in ("no mass seen", "No mass seen")])
        assert answer["choice_no mass seen"] == pytest.approx(float(torch.logsumexp(several, 0)), abs=1e-4)
    assert spellings("yes") == ("yes", "Yes", " yes", " Yes")


def test_the_log_probability_of_an_answer_is_that_of_one_full_pass(folder: Path) -> None:
    session = opened(folder)
    answers = session.generate(
        items(PROMPTS), options={"max_new_tokens": 6, "temperature": 0.8}, seeds=[[1, 2], [3, 4], [5, 6], [7, 8]]
    )
    assert {answer["tokens"] for answer in answers} != {0}
    for answer in answers:
        prompt = PROMPTS[answer["item"]]
        if answer["tokens"] and len(session.tokenizer(answer["text"])["input_ids"]) == answer["tokens"]:
            expected = float(log_probability(session, prompt, answer["text"]))
            assert answer["log_probability"] == pytest.approx(expected, abs=1e-4)


def test_a_model_of_texts_refuses_questions_about_images(folder: Path) -> None:
    asked = [{"prompt": "is there a mass ?", "image": np.zeros((4, 4, 3), dtype=np.uint8)}]
    with pytest.raises(InputError, match="which a model of texts does not see"):
        opened(folder).generate(asked, options={}, seeds=[])


def test_a_sampled_answer_does_not_depend_on_the_company_it_is_drawn_in(folder: Path) -> None:
    session = opened(folder)
    seeds = [[10 * item + repeat for repeat in range(4)] for item in range(len(PROMPTS))]
    options = {"max_new_tokens": 8, "temperature": 1.0}
    together = session.generate(items(PROMPTS), options=options, seeds=seeds)
    assert [(answer["item"], answer["repeat"]) for answer in together[:5]] == [(0, 0), (0, 1), (0, 2), (0, 3), (1, 0)]
    for item, prompt in enumerate(PROMPTS):
        alone = session.generate(items([prompt]), options=options, seeds=[seeds[item]])
        assert [answer["text"] for answer in alone] == [a["text"] for a in together if a["item"] == item]
    assert len({answer["text"] for answer in together}) > 8


def test_sampling_follows_the_models_distribution(folder: Path) -> None:
    session = opened(folder)
    answers = session.generate(
        items(["is there"]), options={"max_new_tokens": 1, "temperature": 0.7}, seeds=[list(range(4000))]
    )
    tokens = session.tokenizer("is there", return_tensors="pt")["input_ids"]
    with torch.inference_mode():
        expected = torch.softmax(session.model(tokens).logits[0, -1].double() / 0.7, -1)
    for index in expected.topk(4).indices.tolist():
        word = session.tokenizer.decode([index], skip_special_tokens=True)
        share = sum(answer["text"] == word for answer in answers) / len(answers)
        # Four standard errors of a share in 4000 draws.
        assert share == pytest.approx(float(expected[index]), abs=4 * 0.5 / 4000**0.5)


def test_a_chat_is_wrapped_in_the_tokenizers_template_after_the_system_prompt(folder: Path) -> None:
    session = opened(folder, chat=True, system="report .")
    assert session._text({"prompt": "is there a mass ?"}) == "report . is there a mass ? says "


def test_a_prompt_that_is_too_long_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="has 80 tokens; the model takes fewer than 64"):
        opened(folder).generate(items(["mass " * 80]), options={}, seeds=[])


def test_identity_follows_weights_and_is_found_without_opening(folder: Path, tmp_path: Path) -> None:
    import shutil

    copied = tmp_path / "elsewhere"
    shutil.copytree(folder, copied)
    digest = identify(subject(folder), folder.parent)
    assert digest == opened(folder).digest
    assert identify(subject(copied), tmp_path) == digest
    assert identify(subject(copied, chat=True), tmp_path) != digest
    weights = copied / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert identify(subject(copied), tmp_path) != digest


def test_a_loader_of_ones_own_gives_model_and_tokenizer(folder: Path) -> None:
    (folder.parent / "own_model.py").write_text(
        "import transformers\n"
        f"FOLDER = {str(folder)!r}\n"
        "def load():\n"
        "    return (transformers.AutoModelForCausalLM.from_pretrained(FOLDER),"
        " transformers.AutoTokenizer.from_pretrained(FOLDER))\n"
        "def place():\n    return FOLDER\n"
        "def wrong():\n    return 3\n"
    )
    own = SubjectSpec(name="s", version="1", kind="generate", task="generate", options={"loader": "own_model:load"})
    assert identify(own, folder.parent) is None
    session = open_language_model(own, folder.parent, "cpu", Settings())
    again = open_language_model(own, folder.parent, "cpu", Settings())
    assert session.digest == again.digest
    named = SubjectSpec(name="s", version="1", kind="generate", task="generate", options={"folder": "own_model:place"})
    assert identify(named, folder.parent) == identify(subject(folder), folder.parent)
    wrong = SubjectSpec(name="s", version="1", kind="generate", task="generate", options={"loader": "own_model:wrong"})
    with pytest.raises(InputError, match=r"must return \(model, tokenizer\)"):
        open_language_model(wrong, folder.parent, "cpu", Settings())


def test_folders_without_a_model_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"no config\.json"):
        opened(tmp_path / "empty")
    (tmp_path / "empty" / "config.json").write_text("{}")
    with pytest.raises(InputError, match="no weights"):
        opened(tmp_path / "empty")
    (tmp_path / "empty" / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(InputError, match="is a pickle"):
        opened(tmp_path / "empty")
    with pytest.raises(InputError, match="does not exist"):
        opened(tmp_path / "absent")
