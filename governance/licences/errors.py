"""What is wrong in the licence of a spec, and where."""

from __future__ import annotations

from governance.errors import InputError


class LicenceError(InputError):
    """Something wrong in the licence of a spec; `keys` lead to it."""

    def __init__(self, message: str, *keys: str | int, hint: str | None = None) -> None:
        self.keys = ("licence", *keys)
        super().__init__(message, hint=hint)
