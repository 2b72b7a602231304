"""Give errors the place in the spec that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from governance.errors import InputError

if TYPE_CHECKING:
    from governance.spec import LoadedSpec


@contextmanager
def located(loaded: LoadedSpec, *keys: str) -> Iterator[None]:
    """Point errors that have no place yet at a key of the spec, for example ``located(loaded, "datasets", "test")``.

    An error that names a place already (a line of a table, an image file) keeps it.
    """
    try:
        yield
    except InputError as error:
        if error.location is not None:
            raise
        raise loaded.error(keys, error.message, error.hint) from error
