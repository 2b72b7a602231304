"""Write a run in the formats of others, into ``exchange/`` of its folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from governance.errors import InputError, near_name
from governance.held import existing_run, held, refuse_changed

PLACES = ("huggingface",)
"""What a run can be exported to."""


def export(
    run_folder: str | Path, to: str, *, hub_datasets: Sequence[str] = (), source: str | None = None
) -> tuple[Path, ...]:
    """Write a finished run in an outside format, seal its folder again, and return the files.

    Only what is public of the run is written. Nothing is sent anywhere.

    Parameters
    ----------
    to
        ``huggingface``: a model card with its metadata, and results for benchmarks of the Hub.
    hub_datasets
        Datasets of the run that the Hub has: ``NAME=OWNER/DATASET``, or ``NAME=OWNER/DATASET:TASK:METRIC`` for a
        benchmark.
    source
        Where readers find the record of this evaluation, ``https://…``.

    Raises
    ------
    InputError
        If there is no such format, or what was given does not fit the run.
    TamperError
        If a file of the run is not what its manifest says.
    """
    from governance import dossier
    from governance.exchange import hugging_face

    if to not in PLACES:
        raise InputError(f"nothing is known of the format '{to}'", hint=near_name(to, PLACES))
    wanted = [hugging_face.HubDataset.parse(written) for written in hub_datasets]
    folder = existing_run(run_folder)
    with held(folder):
        refuse_changed(folder)
        files = hugging_face.write(folder, hub_datasets=wanted, source=source)
        dossier.write_manifest(folder)
    return tuple(files)
