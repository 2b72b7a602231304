"""Questions about images: read with their pixels, digested by content, refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from governance.datasets.decoded import DecodedDataset, MemoryBudget
from governance.datasets.questions import open_questions
from governance.errors import InputError
from governance.spec.model import DatasetSpec


class Items:
    """A dataset of given items."""

    def __init__(self, items: list[Any]) -> None:
        import pandas as pd

        self.items = items
        self.table = pd.DataFrame({"sample_id": range(len(items))})

    def decode(self, indices, variant=None):
        return [self.items[index] for index in indices]

    def variants(self, name):
        return ()


def digest(*items: Any, memory: int = 1 << 20) -> str:
    return DecodedDataset(Items(list(items)), "q", MemoryBudget(memory)).content_digest()


def write(
    folder: Path, *, images: str = "images", names: tuple[Any, ...] = ("a.png", "sub/b.png", None)
) -> DatasetSpec:
    generator = np.random.default_rng(0)
    for name, shape in (("a.png", (5, 7, 3)), ("sub/b.png", (4, 4))):
        (folder / images / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 256, shape, dtype=np.uint8)).save(folder / images / name)
    lines = [
        {"item_id": f"q{index}", "question": "a mass?", **({"image": name} if name is not None else {})}
        for index, name in enumerate(names)
    ]
    (folder / "questions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return DatasetSpec(
        kind="questions",
        role="testing",
        cluster="item_id",
        options={"file": "questions.jsonl", "images": images},
    )


def test_images_are_read_in_colour_and_in_their_own_size(tmp_path: Path) -> None:
    dataset = open_questions(write(tmp_path), tmp_path)
    first, second, third = dataset.decode([0, 1, 2])
    assert np.array_equal(first["image"], np.asarray(Image.open(tmp_path / "images" / "a.png")))
    grey = np.asarray(Image.open(tmp_path / "images" / "sub" / "b.png"))
    assert np.array_equal(second["image"], np.repeat(grey[:, :, None], 3, axis=2))
    assert third.get("image") is None
    assert dataset.table["image"].tolist()[:2] == ["a.png", "sub/b.png"]


def test_without_a_folder_of_images_their_names_stay_names(tmp_path: Path) -> None:
    spec = write(tmp_path)
    spec = spec.model_copy(update={"options": {"file": "questions.jsonl"}})
    assert open_questions(spec, tmp_path).decode([0])[0]["image"] == "a.png"


@pytest.mark.parametrize("name", ["absent.png", "../questions.jsonl", "/etc/hostname", 3])
def test_images_that_are_not_in_the_folder_are_refused(tmp_path: Path, name: Any) -> None:
    with pytest.raises(InputError, match="item 'q0' names the image"):
        open_questions(write(tmp_path, names=(name,)), tmp_path)
    spec = write(tmp_path).model_copy(update={"options": {"file": "questions.jsonl", "images": "nowhere"}})
    with pytest.raises(InputError, match="the folder of images 'nowhere' does not exist"):
        open_questions(spec, tmp_path)


def test_the_same_questions_about_the_same_pixels_are_the_same_content_wherever_they_lie(tmp_path: Path) -> None:
    found = []
    for images in ("images", "elsewhere"):
        dataset = open_questions(write(tmp_path, images=images), tmp_path)
        found.append(DecodedDataset(dataset, "q", MemoryBudget()).content_digest())
    assert found[0] == found[1]
    pixels = np.asarray(Image.open(tmp_path / "images" / "a.png")).copy()
    pixels[2, 3, 1] ^= 1
    Image.fromarray(pixels).save(tmp_path / "images" / "a.png")
    changed = DecodedDataset(open_questions(write_again(tmp_path), tmp_path), "q", MemoryBudget()).content_digest()
    assert changed != found[0]


def write_again(folder: Path) -> DatasetSpec:
    return DatasetSpec(
        kind="questions",
        role="testing",
        cluster="item_id",
        options={"file": "questions.jsonl", "images": "images"},
    )


def test_an_image_counts_by_value_type_and_shape() -> None:
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    asked = {"prompt": "is", "image": image}
    assert digest(asked) == digest({"image": np.asfortranarray(image), "prompt": "is"})
    assert digest(asked) == digest(asked, memory=0)
    others = [
        {"prompt": "is"},
        {"prompt": "is", "image": image.reshape(4, 2, 3)},
        {"prompt": "is", "image": image[::-1]},
        {"prompt": "is", "image": image, "other": image.astype(np.float32)},
        {"prompt": "is", "other": image},
    ]
    assert len({digest(asked), *map(digest, others)}) == len(others) + 1


@given(st.lists(st.binary(min_size=3, max_size=12).map(lambda b: b[: len(b) // 3 * 3]), min_size=1, max_size=4))
def test_pixels_cannot_move_from_one_item_to_the_next(pixels: list[bytes]) -> None:
    def asked(data: bytes) -> dict[str, Any]:
        return {"prompt": "is", "image": np.frombuffer(data, dtype=np.uint8).reshape(1, -1, 3)}

    together = b"".join(pixels)
    if len(pixels) > 1:
        assert digest(*map(asked, pixels)) != digest(asked(together))
    assert digest(*map(asked, pixels)) == digest(*map(asked, pixels))


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((2, 2), dtype=np.uint8), r"not uint8 \(2, 2\)"),
        (np.zeros((2, 2, 3), dtype=np.float32), "not float32"),
        (np.zeros((0, 2, 3), dtype=np.uint8), "no pixel"),
        ([[1, 2, 3]], "not list"),
        (np.array([None]), "holds object"),
    ],
)
def test_what_is_no_image_is_refused(image: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        digest({"prompt": "is", "image": image})
