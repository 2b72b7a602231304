"""Write the files for the Hub into the run's folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from governance.documents.build.run import Run
from governance.errors import InputError
from governance.evidence.folder import RunFolder, write_atomically
from governance.exchange.hugging_face.card import card
from governance.exchange.hugging_face.hub_datasets import HubDataset, by_name
from governance.exchange.hugging_face.licence import LICENCE_FILES, licence_files
from governance.exchange.hugging_face.results import eval_result, slug
from governance.exchange.hugging_face.yaml_text import to_yaml

FOLDER = Path("exchange") / "huggingface"
EVAL_RESULTS = ".eval_results"


def write(folder: RunFolder, *, hub_datasets: Iterable[HubDataset] = (), source: str | None = None) -> list[Path]:
    """Write ``exchange/huggingface/README.md`` and what belongs beside it, and return the files.

    Beside the card: licence and notice, where the Hub has no name for the licence; and
    ``.eval_results/<benchmark>.yaml`` for each benchmark of the Hub that a dataset of the run is. Without such a
    benchmark there is no entry, since the Hub takes results only for those that it has.

    Parameters
    ----------
    hub_datasets
        Datasets of the run that the Hub has.
    source
        Where readers find the record of this evaluation, ``https://…``.

    Raises
    ------
    InputError
        If a file of the run is missing or malformed, or `hub_datasets` or `source` do not fit it.
    CannotRunError
        If a file cannot be written.
    """
    if source is not None and not source.startswith(("https://", "http://")):
        raise InputError(f"'{source}' is no address of a page", hint="write https://…")
    run = Run.read(folder)
    hub = by_name(hub_datasets, run.datasets)
    place = folder.path / FOLDER
    files = {place / "README.md": card(run, hub).to_bytes()}
    files.update({place / name: path.read_bytes() for name, path in licence_files(run).items()})
    for one in hub.values():
        if one.task is not None:
            name = f"{slug(one.id)}-{slug(one.task)}.yaml"
            files[place / EVAL_RESULTS / name] = to_yaml([eval_result(run, one, source).content()]).encode()
    for path, data in files.items():
        write_atomically(path, data)
    earlier = {*(place / name for name in LICENCE_FILES), *(place / EVAL_RESULTS).glob("*.yaml")}
    for stale in earlier - set(files):
        stale.unlink(missing_ok=True)
    return list(files)
