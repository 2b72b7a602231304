"""A dataset that a person's own function returns."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pandas as pd

from governance.datasets.descriptors import LoaderOptions
from governance.datasets.protocol import Dataset
from governance.errors import GovernanceError, InputError
from governance.spec.model import DatasetSpec
from governance.spec.references import load_reference


def open_loader(dataset: DatasetSpec, base: Path) -> Dataset:
    """Call the function that `loader` names and check that it returned a dataset.

    Raises
    ------
    InputError
        If the function fails, or what it returns is not a dataset.
    """
    options = LoaderOptions.model_validate(dataset.options)
    function = load_reference(options.loader, base)
    try:
        made = function(**options.options)
    except GovernanceError:
        raise
    except Exception as error:
        raise InputError(
            f"the loader '{options.loader}' failed: {type(error).__name__}: {error}",
            hint="call it by hand from the folder of the spec to see where",
        ) from error
    lacking = [name for name in ("table", "decode", "variants") if not hasattr(made, name)]
    if lacking:
        raise InputError(
            f"what the loader '{options.loader}' returned has no '{lacking[0]}'",
            hint="a dataset has `table` (a DataFrame), `decode(indices, variant=None)` and `variants(name)`",
        )
    if not isinstance(made.table, pd.DataFrame):
        raise InputError(
            f"the table of the loader '{options.loader}' is a {type(made.table).__name__}, not a DataFrame"
        )
    return cast(Dataset, made)
