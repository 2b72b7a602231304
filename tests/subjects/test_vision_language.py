"""A vision-language model with random weights is asked: compared with what transformers itself gives, one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from small_models import save_idefics3, save_llava, save_qwen2_vl

from governance.errors import InputError
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.identity import identify
from governance.subjects.vision_language import open_vision_language

PROMPTS = ["is there a mass ?", "is there a fracture in the left lung ?", "no mass seen", "is there a mass ?"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("home") / "model"
    save_llava(place)
    # What a model's files recommend for chats must not reach measurements.
    recommended = transformers.GenerationConfig.from_pretrained(place)
    recommended.repetition_penalty = 5.0
    recommended.save_pretrained(place)
    return place


def subject(folder: Path, **options: Any) -> SubjectSpec:
    return SubjectSpec(
        name="small", version="1", kind="vision-language", task="generate", options={"folder": folder.name, **options}
    )


def opened(folder: Path, **options: Any):
    return open_vision_language(subject(folder, **options), folder.parent, "cpu", Settings())


def items() -> list[dict[str, Any]]:
    generator = np.random.default_rng(0)
    sizes = [(40, 32), (28, 28), (3, 50), (64, 64)]
    images = [generator.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    asked = [{"prompt": prompt, "image": image} for prompt, image in zip(PROMPTS, images, strict=True)]
    return [*asked, {"prompt": "is there a mass ?"}]


def alone(folder: Path, item: dict[str, Any], mark: str = "<image>") -> tuple[Any, Any, dict[str, torch.Tensor]]:
    """Prepare one item with a model and a processor that our code never touched."""
    model = transformers.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    text = (
        f"user : {mark} {item['prompt']} assistant : " if "image" in item else f"user : {item['prompt']} assistant : "
    )
    images = [[Image.fromarray(item["image"])]] if "image" in item else None
    return model, processor, processor(text=[text], images=images, return_tensors="pt")


def test_greedy_answers_of_a_batch_are_those_of_transformers_one_by_one(folder: Path) -> None:
    answers = opened(folder).generate(items(), options={"max_new_tokens": 10}, seeds=[])
    for item, answer in zip(items(), answers, strict=True):
        model, processor, inputs = alone(folder, item)
        expected = model.generate(**inputs, max_new_tokens=10, do_sample=False, repetition_penalty=1.0)
        new = expected[0, inputs["input_ids"].shape[1] :]
        assert answer["text"] == processor.tokenizer.decode(new, skip_special_tokens=True)
    assert len({answer["text"] for answer in answers}) > 2


@pytest.mark.parametrize(
    ("save", "mark"), [(save_idefics3, "<image>"), (save_qwen2_vl, "<|vision_start|><|image_pad|><|vision_end|>")]
)
def test_other_families_with_their_own_way_to_place_images_answer_as_transformers_does(
    tmp_path: Path, save: Callable[[Path], None], mark: str
) -> None:
    save(tmp_path / "model")
    asked = [items()[0], {"prompt": "is there a mass ?"}, items()[1]]
    session = opened(tmp_path / "model")
    answers = session.generate(asked, options={"max_new_tokens": 8}, seeds=[])
    for item, answer in zip(asked, answers, strict=True):
        model, processor, inputs = alone(tmp_path / "model", item, mark)
        expected = model.generate(**inputs, max_new_tokens=8, do_sample=False)
        new = expected[0, inputs["input_ids"].shape[1] :]
        assert answer["text"] == processor.tokenizer.decode(new, skip_special_tokens=True)
    assert len({answer["text"] for answer in answers}) == 3
    options = {"max_new_tokens": 8, "temperature": 1.0}
    together = session.generate(asked, options=options, seeds=[[1, 2], [3, 4], [5, 6]])
    single = session.generate(asked[2:], options=options, seeds=[[5, 6]])
    assert [answer["text"] for answer in together[4:]] == [answer["text"] for answer in single]


def full_pass(folder: Path, item: dict[str, Any], answer: str) -> float:
    """Score an answer by one pass without cache, batch or padding."""
    model, processor, inputs = alone(folder, item)
    after = processor.tokenizer(answer, add_special_tokens=False, return_tensors="pt")["input_ids"]
    tokens = torch.cat([inputs["input_ids"], after], 1)
    pixels = {"pixel_values": inputs["pixel_values"]} if "pixel_values" in inputs else {}
    with torch.inference_mode():
        logits = model(input_ids=tokens, attention_mask=torch.ones_like(tokens), **pixels).logits[0].double()
    each = torch.log_softmax(logits, -1)[-after.shape[1] - 1 : -1]
    return float(each.gather(1, after.T).sum())


def test_choices_and_answers_are_scored_as_by_full_passes(folder: Path) -> None:
    options = {"choices": ("yes", "no mass seen"), "max_new_tokens": 6}
    for item, answer in zip(items(), opened(folder).generate(items(), options=options, seeds=[]), strict=True):
        for choice in options["choices"]:
            each = [full_pass(folder, item, text) for text in (choice, choice.capitalize())]
            assert answer[f"choice_{choice}"] == pytest.approx(np.logaddexp(*each), abs=1e-4)
        if answer["tokens"] and len(answer["text"].split()) == answer["tokens"]:
            assert answer["log_probability"] == pytest.approx(full_pass(folder, item, answer["text"]), abs=1e-4)


def test_the_image_reaches_the_answer(folder: Path) -> None:
    session = opened(folder)
    first = items()[0]
    black = {**first, "image": np.zeros_like(first["image"])}
    seen = session.generate([first, black], options={"choices": ("yes",), "max_new_tokens": 1}, seeds=[])
    assert abs(seen[0]["choice_yes"] - seen[1]["choice_yes"]) > 1e-3


def test_an_answer_does_not_depend_on_the_company_it_is_given_in(folder: Path) -> None:
    session = opened(folder)
    seeds = [[10 * item + repeat for repeat in range(3)] for item in range(5)]
    options = {"max_new_tokens": 8, "temperature": 1.0}
    together = session.generate(items(), options=options, seeds=seeds)
    assert [(answer["item"], answer["repeat"]) for answer in together[:4]] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    for index, item in enumerate(items()):
        single = session.generate([item], options=options, seeds=[seeds[index]])
        assert [answer["text"] for answer in single] == [a["text"] for a in together if a["item"] == index]
    assert len({answer["text"] for answer in together}) > 6


def test_sampling_follows_the_models_distribution(folder: Path) -> None:
    item = items()[0]
    draws = opened(folder).generate(
        [item], options={"max_new_tokens": 1, "temperature": 0.7}, seeds=[list(range(2000))]
    )
    model, processor, inputs = alone(folder, item)
    with torch.inference_mode():
        expected = torch.softmax(model(**inputs).logits[0, -1].double() / 0.7, -1)
    for index in expected.topk(3).indices.tolist():
        word = processor.tokenizer.decode([index], skip_special_tokens=True)
        share = sum(answer["text"] == word for answer in draws) / len(draws)
        # Four standard errors of a share in 2000 draws; the empty text is every special token.
        if word:
            assert share == pytest.approx(float(expected[index]), abs=4 * 0.5 / 2000**0.5)


def test_without_a_chat_prompts_hold_the_placeholder_themselves(folder: Path) -> None:
    item = items()[0]
    wrapped = opened(folder).generate([item], options={}, seeds=[])
    bare = {**item, "prompt": f"user : <image> {item['prompt']} assistant : "}
    assert opened(folder, chat=False).generate([bare], options={}, seeds=[]) == wrapped


def test_a_prompt_with_a_placeholder_of_its_own_is_a_row_without_an_answer(folder: Path) -> None:
    given = items()
    given[1]["prompt"] = "is there <image> ?"
    answers = opened(folder).generate(given, options={"max_new_tokens": 10}, seeds=[])
    assert answers[1]["status"] == "rejected"
    assert "placeholder" in answers[1]["reason"]
    whole = opened(folder).generate(items(), options={"max_new_tokens": 10}, seeds=[])
    assert [a["text"] for a in answers if a["item"] != 1] == [a["text"] for a in whole if a["item"] != 1]


def test_questions_that_cannot_be_asked_are_refused(folder: Path, tmp_path: Path) -> None:
    session = opened(folder)
    with pytest.raises(InputError, match=r"names the image 'a\.png', which was not read"):
        session.generate([{"prompt": "is", "image": "a.png"}], options={}, seeds=[])
    with pytest.raises(InputError, match="tokens with its image; the model takes fewer than 64"):
        session.generate([{**items()[0], "prompt": "mass " * 80}], options={}, seeds=[])
    (tmp_path / "model").mkdir()
    with pytest.raises(InputError, match=r"no config\.json"):
        opened(tmp_path / "model")


def test_identity_is_found_without_opening_and_a_loader_gives_model_and_processor(folder: Path) -> None:
    assert identify(subject(folder), folder.parent) == opened(folder).digest
    assert identify(subject(folder, system="report ."), folder.parent) != opened(folder).digest
    (folder.parent / "own_vision.py").write_text(
        "import transformers\n"
        f"FOLDER = {str(folder)!r}\n"
        "def load():\n"
        "    return (transformers.AutoModelForImageTextToText.from_pretrained(FOLDER),"
        " transformers.AutoProcessor.from_pretrained(FOLDER))\n"
        "def wrong():\n    return 3\n"
    )
    own = subject(folder).model_copy(update={"options": {"loader": "own_vision:load"}})
    session = open_vision_language(own, folder.parent, "cpu", Settings())
    assert session.generate(items(), options={}, seeds=[]) == opened(folder).generate(items(), options={}, seeds=[])
    wrong = subject(folder).model_copy(update={"options": {"loader": "own_vision:wrong"}})
    with pytest.raises(InputError, match=r"must return \(model, processor\)"):
        open_vision_language(wrong, folder.parent, "cpu", Settings())
