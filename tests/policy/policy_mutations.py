"""Policy and waiver files as somebody might spoil them: mutations of bytes, of lines and of the structure."""

from __future__ import annotations

import copy
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

_HOSTILE_BYTES = (b"\x00", b"\xff", b"\xef\xbb\xbf", b"\r", b"\t", b"\x85", b"\xe2\x80\xa8", b"\x1b[31m", b"\x7f")
_MARKS = (
    b":",
    b": ",
    b"- ",
    b"[",
    b"]",
    b"{",
    b"}",
    b"&a ",
    b"*a",
    b"!!x ",
    b"!",
    b"%",
    b"#",
    b"|",
    b">",
    b"'",
    b'"',
    b"?",
    b"$x",
    b"---\n",
    b"...\n",
    b"\n",
    b"<<: *a\n",
    b"@",
    b"`",
    b"\\",
)
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    2,
    1e308,
    -0.5,
    10**30,
    "",
    " ",
    "yes",
    "$x",
    "$",
    "x\ny",
    "\u202e",
    "2026-02-30",
    "9999-12-31",
    "a" * 5000,
    [],
    {},
    [[]],
    [None],
    {"": None},
    {"a": {"b": 1}},
    "fairness / auroc on test",
    "a / b",
    "../other.yaml",
    "report-only",
    "{{x}}",
    "e.low >",
    "1/0 > 2",
)
# fmt: off
_KEYS = [
    "policy", "version", "extends", "overrides", "inherited", "dropped", "parameters", "looks", "groups",
    "exempt", "rules", "owner", "id", "measure", "bar", "at_least", "at_most", "within", "equivalent_within",
    "to", "not_worse_than", "by", "present", "expression", "inputs", "provenance", "seeds", "facts", "device",
    "dataset_digest", "minimum", "level", "severity", "worst", "difference", "ratio", "mean", "across", "slice",
    "condition", "origin", "overridden", "change", "drop", "set", "reason", "waivers", "rule", "expires_on",
    "versions", "x",
]
# fmt: on


def mutated_bytes(data: bytes, numbers: random.Random) -> bytes:
    """Spoil one to four places of a file."""
    for _ in range(numbers.randint(1, 4)):
        at, other = (numbers.randint(0, len(data)) for _ in range(2))
        low, high = min(at, other), min(max(at, other), min(at, other) + 200)
        kind = numbers.randrange(8)
        if kind == 0:
            data = data[:at] + bytes([numbers.randrange(256)]) + data[at + 1 :]
        elif kind == 1:
            data = data[:low] + data[high:]
        elif kind == 2:
            data = data[:high] + data[low:high] + data[high:]
        elif kind == 3:
            data = data[:at] + numbers.choice(_HOSTILE_BYTES) + data[at:]
        elif kind == 4:
            data = data[:at] + numbers.choice(_MARKS) + data[at:]
        elif kind == 5:
            data = data[:at]
        elif kind == 6:
            lines = data.split(b"\n")
            one, two = (numbers.randrange(len(lines)) for _ in range(2))
            lines[one], lines[two] = lines[two], lines[one]
            data = b"\n".join(lines)
        else:
            lines = data.split(b"\n")
            one = numbers.randrange(len(lines))
            lines[one] = b" " * numbers.randint(1, 4) + lines[one] if numbers.random() < 0.5 else lines[one].lstrip()
            data = b"\n".join(lines)
    return data


def mutated_content(content: Any, numbers: random.Random) -> bytes:
    """Put other values, keys and structures into one to three places of what a file says; as JSON, which is YAML."""
    changed = copy.deepcopy(content)
    for _ in range(numbers.randint(1, 3)):
        places = list(_places(changed))
        if not places:
            break
        container, key = numbers.choice(places)
        kind = numbers.randrange(6)
        if kind == 0:
            container[key] = copy.deepcopy(numbers.choice(_VALUES))
        elif kind == 1:
            del container[key]
        elif kind == 2:
            other, there = numbers.choice(places)
            container[key] = copy.deepcopy(other[there])
        elif kind == 3 and isinstance(container, dict):
            container[numbers.choice(_KEYS)] = container.pop(key)
        elif kind == 4 and isinstance(container, dict):
            container[numbers.choice(_KEYS)] = copy.deepcopy(numbers.choice(_VALUES))
        elif isinstance(container, list):
            container.insert(key, copy.deepcopy(container[key]))
        else:
            container[key] = [container[key]] if numbers.random() < 0.5 else {numbers.choice(_KEYS): container[key]}
    return json.dumps(changed).encode()


def part_of_text(data: bytes, numbers: random.Random) -> bytes:
    """Return the head of a file and two of its rules, so that ten thousand are read in a minute."""
    head, *items = re.split(rb"\n(?=  - )", data)
    return b"\n".join([head, *(numbers.choice(items) for _ in range(min(2, len(items))))]) + b"\n"


def part_of_content(content: Any, numbers: random.Random) -> Any:
    """Return a policy with two of its rules and the parameters that they use."""
    if "rules" not in content:
        return content
    rules = numbers.sample(content["rules"], min(2, len(content["rules"])))
    used = json.dumps([rules, content.get("overrides"), content.get("extends")])
    own = {
        name: one for name, one in content.get("parameters", {}).items() if f"${name}" in used or "extends" in content
    }
    return {**content, "rules": rules, "parameters": own}


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in list(items):
        yield content, key
        yield from _places(value)


def plain(path: Path) -> Any:
    """Return the content of a file, dates as text."""
    yaml = YAML(typ="safe", pure=True)
    return json.loads(json.dumps(yaml.load(path.read_bytes()), default=str))
