"""What `docs/collect-fast.md` says to write is what settings take."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML

from governance.harness import batches
from governance.harness.batch_size import LADDER
from governance.spec.model import Settings


def test_every_key_of_the_page_is_taken_and_every_number_is_the_codes(checkout: Path) -> None:
    page = (checkout / "docs" / "collect-fast.md").read_text(encoding="utf-8")
    blocks = [
        YAML(typ="safe").load(text) for text in re.findall(r"^```yaml\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    ]
    written = {key: value for block in blocks for key, value in block["settings"].items()}
    assert set(written) == {"device", "precision", "threads", "batch_size", "memory_format", "compile"}
    Settings.model_validate(written)
    assert f"batches of {LADDER[0]} to {LADDER[-1]}" in page
    assert f"shards of about {batches.SHARD_SAMPLES} samples" in page
    assert f"at most {batches.SHARD_BYTES >> 20} MiB each" in page
    assert f"keep {Settings().batch_size}." in page
