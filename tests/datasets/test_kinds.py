"""Each kind of data, opened from real files, and what is said of broken ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from governance.datasets.image_folder import open_image_folder
from governance.datasets.npz import open_npz
from governance.datasets.questions import open_questions
from governance.datasets.table import open_table
from governance.errors import InputError
from governance.spec.model import DatasetSpec


def spec(kind: str, **options: object) -> DatasetSpec:
    return DatasetSpec.model_validate(
        {"kind": kind, "role": "testing", "cluster": "none", "cluster_reason": "a test", "options": options}
    )


@pytest.mark.parametrize("suffix", ["csv", "parquet", "csv.gz", "tsv"])
def test_a_table_gives_its_features_in_the_order_asked_for(tmp_path: Path, suffix: str) -> None:
    frame = pd.DataFrame({"sample_id": ["007", "008"], "age": [40, 50], "weight": [70.5, None]})
    file = tmp_path / f"t.{suffix}"
    if suffix == "parquet":
        frame.to_parquet(file)
    else:
        frame.to_csv(file, index=False, sep="\t" if suffix == "tsv" else ",")
    if suffix == "csv.gz":
        with pytest.raises(InputError, match="column 'agee'"):
            open_table(spec("table", table=file.name, features=["agee"]), tmp_path)
    dataset = open_table(spec("table", table=file.name, features=["weight", "age"]), tmp_path)
    assert dataset.table["sample_id"].tolist() == ["007", "008"]
    np.testing.assert_array_equal(dataset.decode([1, 0]), np.array([[np.nan, 50], [70.5, 40]], dtype=np.float32))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("a,a\n1,2\n", "the column 'a' occurs twice"),
        ('a,b\n1,2\n1,2,3,4\n"', "cannot be read as a table"),
        ("a,b\nhigh,2\n", "feature column 'a' holds a value that is not a number"),
    ],
)
def test_a_broken_table_is_named(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "t.csv").write_text(content)
    with pytest.raises(InputError, match=words) as raised:
        open_table(spec("table", table="t.csv", features=["a"]), tmp_path)
    assert "t.csv" in str(raised.value)


def test_a_missing_file_is_an_input_error_with_a_near_name(tmp_path: Path) -> None:
    (tmp_path / "test.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"did you mean 'test\.csv'"):
        open_table(spec("table", table="tset.csv"), tmp_path)


def images(folder: Path, sizes: list[tuple[int, int]]) -> None:
    rows = []
    for number, (width, height) in enumerate(sizes):
        pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
        rows.append({"path": f"{number}.png"})
    pd.DataFrame(rows).to_csv(folder / "t.csv", index=False)


def test_images_are_decoded_channels_first_in_colour_and_grey(tmp_path: Path) -> None:
    images(tmp_path, [(5, 4), (5, 4)])
    colour = open_image_folder(spec("image-folder", table="t.csv", image="path"), tmp_path).decode([1])
    assert (colour.shape, colour.dtype) == ((1, 3, 4, 5), np.uint8)
    expected = np.asarray(Image.open(tmp_path / "1.png")).transpose(2, 0, 1)
    np.testing.assert_array_equal(colour[0], expected)
    grey = open_image_folder(spec("image-folder", table="t.csv", image="path", channels=1), tmp_path).decode([0, 1])
    assert grey.shape == (2, 1, 4, 5)


def test_images_of_different_sizes_need_a_size(tmp_path: Path) -> None:
    images(tmp_path, [(5, 4), (6, 4)])
    dataset = open_image_folder(spec("image-folder", table="t.csv", image="path"), tmp_path)
    with pytest.raises(InputError, match="6 x 4 pixels here, 5 x 4") as raised:
        dataset.decode([0, 1])
    assert "1.png" in str(raised.value)
    sized = open_image_folder(spec("image-folder", table="t.csv", image="path", size=8), tmp_path)
    assert sized.decode([0, 1]).shape == (2, 3, 8, 8)


def test_an_image_that_is_missing_broken_or_deep_is_named(tmp_path: Path) -> None:
    images(tmp_path, [(5, 4), (5, 4), (5, 4)])
    (tmp_path / "0.png").write_bytes((tmp_path / "0.png").read_bytes()[:40])
    (tmp_path / "1.png").unlink()
    Image.fromarray(np.zeros((4, 5), dtype=np.uint16)).save(tmp_path / "2.png")
    dataset = open_image_folder(spec("image-folder", table="t.csv", image="path"), tmp_path)
    for index, words in enumerate(["cannot be read as an image", "does not exist", "more than 8 bits"]):
        with pytest.raises(InputError, match=words) as raised:
            dataset.decode([index])
        assert f"{index}.png" in str(raised.value)


def test_the_fingerprint_of_images_changes_with_any_file(tmp_path: Path) -> None:
    images(tmp_path, [(5, 4), (5, 4)])
    kind = spec("image-folder", table="t.csv", image="path")
    before = open_image_folder(kind, tmp_path).fingerprint
    assert open_image_folder(kind, tmp_path).fingerprint == before
    os.utime(tmp_path / "1.png", ns=(1, 1))
    assert open_image_folder(kind, tmp_path).fingerprint != before


def test_arrays_become_images_and_columns(tmp_path: Path) -> None:
    pixels = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    np.savez(tmp_path / "d.npz", images=pixels, y=np.array([[0], [1]]), age=np.array([40, 50]))
    dataset = open_npz(spec("npz", file="d.npz", labels="y"), tmp_path)
    np.testing.assert_array_equal(dataset.decode([1])[0], pixels[1].transpose(2, 0, 1))
    assert dataset.table["y"].tolist() == [0, 1]
    assert dataset.table["age"].tolist() == [40, 50]


def test_a_missing_array_a_pickle_inside_and_a_wrong_length_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", images=np.zeros((2, 4, 4)), y=np.array([0, 1, 1]))
    np.savez(tmp_path / "p.npz", images=np.array([{"a": 1}], dtype=object))
    (tmp_path / "t.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match="did you mean 'images'"):
        open_npz(spec("npz", file="d.npz", images="image"), tmp_path)
    with pytest.raises(InputError, match="never loaded"):
        open_npz(spec("npz", file="p.npz"), tmp_path)
    with pytest.raises(InputError, match="expected one value for each of 2 samples"):
        open_npz(spec("npz", file="d.npz", labels="y"), tmp_path)
    with pytest.raises(InputError, match="the table has 1 rows"):
        open_npz(spec("npz", file="d.npz", table="t.csv"), tmp_path)


def test_questions_build_their_prompt_and_keep_their_columns(tmp_path: Path) -> None:
    lines = [
        {"item_id": 1, "question": "Is there a mass?", "context": "A mass is seen.", "reference": "yes", "age": 40},
        {"item_id": "b", "prompt": "Hello\u2028there", "reference": "no", "choices": ["yes", "no"]},
    ]
    file = tmp_path / "q.jsonl"
    file.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\n\n")
    dataset = open_questions(spec("questions", file="q.jsonl"), tmp_path)
    assert dataset.decode([0])[0]["prompt"] == "A mass is seen.\n\nIs there a mass?"
    assert dataset.table["sample_id"].tolist() == ["1", "b"]
    assert dataset.table["reference"].tolist() == ["yes", "no"]
    assert "choices" not in dataset.table.columns


def test_questions_may_have_other_wordings_which_are_no_part_of_the_item_itself(tmp_path: Path) -> None:
    line = {"item_id": 1, "question": "Is there a mass?", "context": "A mass is seen."}
    file = tmp_path / "q.jsonl"
    wordings = {"variants": {"negation": "Is the lung free of masses?"}}
    file.write_text(json.dumps({**line, **wordings}) + "\n" + json.dumps({"item_id": 2, "prompt": "Hello?"}) + "\n")
    dataset = open_questions(spec("questions", file="q.jsonl"), tmp_path)
    assert dataset.variants("negation") == (0,)
    assert dataset.variants("paraphrase") == ()
    (other,) = dataset.decode([0], "negation")
    assert other["prompt"] == "A mass is seen.\n\nIs the lung free of masses?"
    assert dataset.decode([0])[0]["prompt"] == "A mass is seen.\n\nIs there a mass?"
    assert "variants" not in dataset.decode([0])[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"item_id": "a", "prompt": "Hi", "variants": ["Hello"]}', "not texts by name"),
        ('{"item_id": "a", "prompt": "Hi", "variants": {"negation": ""}}', "not texts by name"),
        ('{"item_id": "a", "prompt": ', "the line is not JSON"),
        ('{"item_id": "a", "prompt": NaN}', "NaN is not a JSON number"),
        ('["a"]', "not a JSON object"),
        ('{"prompt": "Hello?"}', "no item_id"),
        ('{"item_id": "a"}', "neither prompt nor question"),
        ('{"item_id": "a", "prompt": " "}', "empty prompt"),
    ],
)
def test_a_broken_line_of_questions_is_reported_with_its_number(tmp_path: Path, line: str, words: str) -> None:
    file = tmp_path / "q.jsonl"
    file.write_text('{"item_id": "x", "prompt": "Hello?"}\n\n' + line + "\n")
    with pytest.raises(InputError, match=words) as raised:
        open_questions(spec("questions", file="q.jsonl"), tmp_path)
    assert raised.value.location is not None
    assert raised.value.location.line == 3
