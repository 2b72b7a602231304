"""Read YAML 1.2 as its authors meant it, and remember where everything stands.

`yes`, `no`, `on` and dates stay text; `1.10` is a number that remembers its text; keys are always text. Duplicate keys,
tags, merge keys, alias bombs and files that are too deep or too large are errors with line and column. Nothing in a
file can name a Python object.

Source: YAML 1.2.2, section 10.3 (core schema).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn, Self

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from governance.errors import InputError, Location, near_name
from governance.spec.document import Document, Keys, Position

MAXIMUM_BYTES = 5_000_000
MAXIMUM_DEPTH = 100
MAXIMUM_NODES = 200_000
"""Values in a file after its aliases are expanded; a billion-laughs file has billions."""
MAXIMUM_DIGITS = 400

_WORDS: tuple[tuple[re.Pattern[str], bool | None], ...] = (
    (re.compile(r"(?:null|Null|NULL|~|)\Z"), None),
    (re.compile(r"(?:true|True|TRUE)\Z"), True),
    (re.compile(r"(?:false|False|FALSE)\Z"), False),
)
_WHOLE = (
    (re.compile(r"[-+]?[0-9]+\Z"), 10),
    (re.compile(r"0o[0-7]+\Z"), 8),
    (re.compile(r"0x[0-9a-fA-F]+\Z"), 16),
)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")


class WrittenInt(int):
    """A whole number that remembers how it was written."""

    text: str

    def __new__(cls, value: int, text: str = "") -> Self:
        """Make the number; without `text` it is as Python writes it."""
        number = super().__new__(cls, value)
        number.text = text or str(int(value))
        return number


class WrittenFloat(float):
    """A number that remembers how it was written, so that version 1.10 is not 1.1."""

    text: str

    def __new__(cls, value: float, text: str = "") -> Self:
        """Make the number; without `text` it is as Python writes it."""
        number = super().__new__(cls, value)
        number.text = text or str(float(value))
        return number


def read_yaml(path: Path) -> Document:
    """Read a YAML file.

    Raises
    ------
    InputError
        If the file cannot be read or breaks a rule of the reader; with line and column.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAXIMUM_BYTES + 1)
    except FileNotFoundError as error:
        raise InputError(
            f"there is no file {path}", hint="check the name; `governance init` writes a governance.yaml to start from"
        ) from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder, not a file", hint="name the YAML file in it") from error
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    if len(data) > MAXIMUM_BYTES:
        raise InputError(
            f"the file is larger than {MAXIMUM_BYTES // 1_000_000} MB",
            location=Location(str(path), 1, 1),
            hint="keep data in its own files and name them here",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line_start = data.rfind(b"\n", 0, error.start) + 1
        place = Location(str(path), data.count(b"\n", 0, error.start) + 1, error.start - line_start + 1)
        raise InputError("the file is not UTF-8 text", location=place, hint="save it as UTF-8") from error
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> Document:
    """Read YAML from text; `path` is what errors name. Raises as `read_yaml` does."""
    composer = _Composer(path)
    parser = YAML(typ="safe", pure=True)
    try:
        for event in parser.parse(text):
            composer.take(event)
    except MarkedYAMLError as error:
        raise _syntax_error(error, path) from error
    except ReaderError as error:
        start = text.rfind("\n", 0, error.position) + 1
        place = Location(str(path), text.count("\n", 0, error.position) + 1, error.position - start + 1)
        raise InputError(
            f"the file holds a control character (U+{ord(text[error.position]):04X})",
            location=place,
            hint="remove it; YAML files are plain text",
        ) from error
    except YAMLError as error:
        raise InputError(f"not valid YAML: {error}", location=Location(str(path), 1, 1)) from error
    except (ValueError, IndexError, AssertionError, AttributeError, RecursionError) as error:
        # The parser's own slips on mutilated files (a directive or an escape cut short).
        raise InputError(f"not valid YAML ({error})", location=Location(str(path), *composer.last)) from error
    root = composer.root
    if root is None:
        return Document(path, None, {(): Position(1, 1, 1, 1)})
    positions: dict[Keys, Position] = {}
    content = _plain(root, (), root.line, root.column, positions)
    return Document(path, content, positions)


@dataclass
class _Node:
    """A value: text of a plain scalar resolved, a list of nodes, or a mapping of keys to nodes."""

    kind: Literal["scalar", "list", "mapping"]
    line: int
    column: int
    value: Any = None
    items: list[_Node] = field(default_factory=list)
    entries: dict[str, tuple[int, int, _Node]] = field(default_factory=dict)
    pending: tuple[str, int, int] | None = None
    anchor: str | None = None
    size: int = 1
    height: int = 1


class _Composer:
    """Builds nodes from the parser's events without recursion, and refuses what a spec must not hold."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root: _Node | None = None
        self.last = (1, 1)
        self._open: list[_Node] = []
        self._anchors: dict[str, _Node] = {}
        self._total = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event."""
        mark = event.start_mark
        if mark is not None:
            self.last = (mark.line + 1, mark.column + 1)
        match event:
            case DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    self._refuse("a second document starts here (`---`)", "keep one document in a file")
                if event.version is not None and tuple(event.version) != (1, 2):
                    self._refuse("files are read as YAML 1.2 only", "remove the %YAML line")
            case ScalarEvent():
                self._tagged(event)
                self._add(_Node("scalar", *self.last, value=self._scalar(event), anchor=event.anchor), event)
            case AliasEvent():
                self._alias(event)
            case SequenceStartEvent() | MappingStartEvent():
                self._tagged(event)
                kind: Literal["list", "mapping"] = "list" if isinstance(event, SequenceStartEvent) else "mapping"
                if len(self._open) >= MAXIMUM_DEPTH:
                    self._refuse(f"values are nested more than {MAXIMUM_DEPTH} deep", None)
                if self._awaits_key():
                    self._refuse("a key must be text, not a list or mapping", "put the key in quotes")
                self._open.append(_Node(kind, *self.last, anchor=event.anchor))
            case SequenceEndEvent() | MappingEndEvent():
                self._add(self._open.pop(), event)
            case DocumentEndEvent():
                self._anchors.clear()
            case _:
                pass

    def _awaits_key(self) -> bool:
        return bool(self._open) and self._open[-1].kind == "mapping" and self._open[-1].pending is None

    def _add(self, node: _Node, event: Any, *, shared: bool = False) -> None:
        """Hang a finished node into the one that is open."""
        self._total += node.size if shared else 1
        if self._total > MAXIMUM_NODES:
            self._refuse(f"the file expands to more than {MAXIMUM_NODES:,} values", "use fewer aliases (`*name`)")
        if node.anchor and not shared:
            self._anchors[node.anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if parent.kind == "mapping" and parent.pending is None:
            parent.pending = (self._key(node, parent, event), node.line, node.column)
            return
        parent.size += node.size
        parent.height = max(parent.height, node.height + 1)
        if parent.kind == "list":
            parent.items.append(node)
        elif parent.pending is not None:
            key, line, column = parent.pending
            if isinstance(event, ScalarEvent) and not event.value and not event.style:
                node.line, node.column = line, column  # nothing was written: the parser points at the next line
            parent.entries[key] = (line, column, node)
            parent.pending = None

    def _key(self, node: _Node, parent: _Node, event: Any) -> str:
        if node.kind != "scalar" or not isinstance(event, ScalarEvent):
            self._refuse("a key must be text, not a list, mapping or alias", "write the key out")
        key = str(event.value)
        if key == "<<" and not event.style:
            self._refuse("`<<` (merge key) is not YAML 1.2", "write the keys out; datasets can say `like: other`")
        if node.value is None:
            self._refuse("a key is missing before `:`", 'write the key; an empty one is written ""')
        if key in parent.entries:
            line = parent.entries[key][0]
            self._refuse(
                f"the key '{key}' is written twice; the first is in line {line}", "keep one of them", at=(node)
            )
        return key

    def _alias(self, event: AliasEvent) -> None:
        name = event.anchor
        if any(node.anchor == name for node in self._open):
            self._refuse(f"the alias `*{name}` stands inside what it names", "write the value out")
        if name not in self._anchors:
            self._refuse(f"nothing is named `&{name}` above this alias", near_name(str(name), self._anchors))
        node = self._anchors[name]
        if len(self._open) + node.height > MAXIMUM_DEPTH:
            self._refuse(f"values are nested more than {MAXIMUM_DEPTH} deep", None)
        self._add(node, event, shared=True)

    def _tagged(self, event: Any) -> None:
        """Refuse every tag but the one that says text."""
        tag = event.tag
        if tag in (None, "!") or (tag == "tag:yaml.org,2002:str" and isinstance(event, ScalarEvent)):
            return
        shown = str(tag).replace("tag:yaml.org,2002:", "!!")
        self._refuse(f"the tag `{shown}` is not read here", "remove it; a spec holds text, numbers, lists and mappings")

    def _scalar(self, event: Any) -> Any:
        text = str(event.value)
        if event.style or event.tag is not None:
            return text
        for pattern, value in _WORDS:
            if pattern.match(text):
                return value
        return self._number(text)

    def _number(self, text: str) -> int | float | str:
        """Resolve a plain scalar as a number that remembers its text, or leave it text."""
        if _NOT_FINITE.match(text):
            self._refuse(f"{text} is not a number that can be used here", 'write a finite number, or text: "..."')
        base = next((base for pattern, base in _WHOLE if pattern.match(text)), None)
        if base is None and not _FLOAT.match(text):
            return text
        if len(text) > MAXIMUM_DIGITS:
            self._refuse(f"a number has more than {MAXIMUM_DIGITS} digits", "put it in quotes if it is text")
        if base is not None:
            return WrittenInt(int(text if base == 10 else text[2:], base), text)
        number = float(text)
        if not math.isfinite(number):
            self._refuse(f"the number {text} is too large", "put it in quotes if it is text")
        return WrittenFloat(number, text)

    def _refuse(self, message: str, hint: str | None, *, at: _Node | None = None) -> NoReturn:
        line, column = (at.line, at.column) if at else self.last
        raise InputError(message, location=Location(str(self.path), line, column), hint=hint)


def _plain(node: _Node, keys: Keys, key_line: int, key_column: int, positions: dict[Keys, Position]) -> Any:
    """Turn a node into plain content and note the positions. Depth is bounded by `MAXIMUM_DEPTH`."""
    positions[keys] = Position(node.line, node.column, key_line, key_column)
    if node.kind == "scalar":
        return node.value
    if node.kind == "list":
        return [
            _plain(item, (*keys, index), item.line, item.column, positions) for index, item in enumerate(node.items)
        ]
    return {
        key: _plain(value, (*keys, key), line, column, positions) for key, (line, column, value) in node.entries.items()
    }


_SYNTAX: tuple[tuple[str, str, str], ...] = (
    (
        "mapping values are not allowed here",
        "a `:` cannot stand here",
        "put text that holds `: ` in quotes; give the keys of one mapping the same indentation",
    ),
    (r"found character '\\t'", "a tab cannot indent YAML", "indent with spaces"),
    (r"found character '(.)' that cannot start", "a value cannot start with `{0}`", "put the value in quotes"),
    (r"expected <block end>", "this line does not fit the lines above it", "give them the same indentation"),
    (r"expected ',' or ']'", "a list that starts with `[` is not closed with `]`", "close it, or put a comma between"),
    (
        r"expected ',' or '}'",
        "a mapping that starts with `{{` is not closed with `}}`",
        "close it, or put a comma between",
    ),
    (r"found unexpected (?:end of stream|document separator)", "a text in quotes is not closed", "add the quote"),
    (r"could not find expected ':'", "a key without `:`", "write `key: value`"),
    (r"found unknown escape character", "an unknown escape in a text in quotes", "write \\\\ for a backslash"),
)


def _syntax_error(error: MarkedYAMLError, path: Path) -> InputError:
    """Say in plain words what the parser found."""
    problem = str(error.problem or error.context or "unreadable").splitlines()[0]
    mark = error.problem_mark or error.context_mark
    message, hint = f"not valid YAML: {problem}", "check indentation, quotes and brackets"
    for pattern, words, advice in _SYNTAX:
        found = re.search(pattern, problem)
        if found:
            message, hint = words.format(*found.groups()), advice
            if "not closed" in words and error.context_mark is not None:
                mark = error.context_mark
            break
    place = Location(str(path), mark.line + 1, mark.column + 1) if mark else Location(str(path), 1, 1)
    return InputError(message, location=place, hint=hint)
