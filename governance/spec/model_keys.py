"""Which keys people may write where, read off a model's annotations."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel

from governance.spec.document import Keys
from governance.spec.model import Refers, RefersTo


def keys_known_at(model: Any, keys: Keys, branch: Sequence[str | int] = ()) -> list[str]:
    """Return the keys that may be written in the mapping at `keys`.

    `branch` names the alternatives of unions that were tried; where one of them is a model, only its keys count.
    """
    models = list(_models_at(model, keys))
    tried = [candidate for candidate in models if candidate.__name__ in branch]
    return sorted({name for candidate in tried or models for name in _names(candidate)})


def references(model: type[BaseModel], content: Any) -> Iterator[tuple[Keys, Refers, str]]:
    """Yield every text in `content` that the model marks as a reference, with the way to it."""
    yield from _references(model, None, content, ())


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield field.alias or name


def _field(model: type[BaseModel], key: str | int) -> Any:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            return field
    return None


def _inner(annotation: Any, key: str | int) -> Iterator[Any]:
    """Yield the annotations of what stands under a key of a value with this annotation."""
    origin = get_origin(annotation)
    arguments = get_args(annotation)
    if origin is Annotated:
        yield from _inner(arguments[0], key)
    elif origin in (Union, types.UnionType):
        for argument in arguments:
            yield from _inner(argument, key)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = _field(annotation, key)
        if field is not None:
            yield field.annotation
    elif isinstance(origin, type) and issubclass(origin, Mapping) and len(arguments) == 2:
        yield arguments[1]
    elif origin is tuple and isinstance(key, int) and arguments and arguments[-1] is not Ellipsis:
        yield arguments[min(key, len(arguments) - 1)]
    elif isinstance(origin, type) and issubclass(origin, Sequence) and arguments:
        yield arguments[0]


def _models_at(annotation: Any, keys: Keys) -> Iterator[type[BaseModel]]:
    if keys:
        for inner in _inner(annotation, keys[0]):
            yield from _models_at(inner, keys[1:])
        return
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) in (Union, types.UnionType):
        for argument in get_args(annotation):
            yield from _models_at(argument, ())
    elif get_origin(annotation) is Annotated:
        yield from _models_at(get_args(annotation)[0], ())


def _mark(metadata: Iterable[Any]) -> Refers | None:
    """Find the mark among an annotation's metadata; the innermost type's mark comes first, the field's own last."""
    found = None
    for mark in metadata:
        if isinstance(mark, Refers):
            found = mark
        elif isinstance(mark, str) and mark in get_args(RefersTo):
            found = Refers(cast(RefersTo, mark))
    return found


def _references(annotation: Any, refers: Refers | None, content: Any, keys: Keys) -> Iterator[tuple[Keys, Refers, str]]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        marked = _mark(arguments[1:]) or refers
        yield from _references(arguments[0], marked, content, keys)
    elif origin in (Union, types.UnionType):
        found = [hit for argument in arguments for hit in _references(argument, refers, content, keys)]
        yield from dict.fromkeys(found)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and isinstance(content, dict):
        for key, value in content.items():
            field = _field(annotation, key)
            if field is not None:
                yield from _references(field.annotation, _mark(field.metadata), value, (*keys, key))
    elif isinstance(content, dict):
        for key, value in content.items():
            for inner in _inner(annotation, key):
                yield from _references(inner, None, value, (*keys, key))
    elif isinstance(content, (list, tuple)):
        for index, value in enumerate(content):
            for inner in _inner(annotation, index):
                yield from _references(inner, None, value, (*keys, index))
    elif refers is not None and isinstance(content, str):
        yield keys, refers, content
