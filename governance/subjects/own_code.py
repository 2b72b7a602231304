"""The identity of a person's own code: the source of a module, and of the modules beside it that it imports."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

from governance.errors import InputError
from governance.evidence.canonical import digest_bytes, digest_json


def source_digest(reference: str, base: Path) -> str:
    """Digest the code behind ``module:function`` without running it.

    Covers the file of the module and, one after the other, every module imported by it that lies beside the spec.
    Installed libraries that it imports are identified by their versions in the lock, not here.

    Raises
    ------
    InputError
        If the module is found neither beside the spec nor among installed packages.
    """
    module, _, function = reference.partition(":")
    local = _local_file(module, base)
    if local is None:
        return digest_json([module, function, digest_bytes(_installed_file(module).read_bytes())])
    found: dict[str, str] = {}
    waiting = [(module, local)]
    while waiting:
        name, path = waiting.pop()
        if name in found:
            continue
        source = path.read_bytes()
        found[name] = digest_bytes(source)
        for imported in sorted(_imports(source, name, path.name == "__init__.py")):
            file = _local_file(imported, base)
            if file is not None:
                waiting.append((imported, file))
    return digest_json([module, function, found])


def _local_file(module: str, base: Path) -> Path | None:
    stem = base.joinpath(*module.split("."))
    for candidate in (stem.with_suffix(".py") if stem.name else stem, stem / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


def _installed_file(module: str) -> Path:
    try:
        spec = importlib.util.find_spec(module)
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None or not Path(spec.origin).is_file():
        raise InputError(
            f"the module '{module}' was not found beside the spec nor among installed packages",
            hint=f"expected a file {module.replace('.', '/')}.py beside the spec",
        )
    return Path(spec.origin)


def _imports(source: bytes, module: str, is_package: bool) -> set[str]:
    """Return the names of modules that a source imports, also inside functions."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return set()  # Importing it will say what is wrong, with the line.
    names: set[str] = set()
    package = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) - node.level + 1] if node.level else []
            root = [*start, *(node.module.split(".") if node.module else [])]
            names.add(".".join(root))
            names.update(".".join([*root, alias.name]) for alias in node.names)
    expanded = {".".join(name.split(".")[: depth + 1]) for name in names for depth in range(name.count(".") + 1)}
    return expanded - {""}
