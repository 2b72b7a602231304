"""A sealed folder verifies; any change to it is found and named."""

from __future__ import annotations

import hashlib
import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from governance.dossier import Report, verify, write_manifest
from governance.dossier.manifest import manifest_content
from governance.errors import ExitCode, InputError
from governance.evidence.canonical import readable_json
from governance.evidence.folder import RunFolder


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "documents" / "public").mkdir(parents=True)
    (folder / "evidence.json").write_bytes(b'{"a":1}\n')
    (folder / "documents" / "public" / "card.html").write_bytes(b"<p>0.86</p>")
    (folder / "empty").write_bytes(b"")
    write_manifest(RunFolder(folder))
    return folder


@pytest.fixture
def real(tmp_path: Path, checkout: Path) -> Path:
    """A folder with real files of many kinds: this package's sources and the bundled fonts."""
    folder = tmp_path / "run"
    for source in [
        *sorted((checkout / "governance").rglob("*.py")),
        *sorted((checkout / "templates").rglob("*.woff2")),
    ]:
        target = folder / source.relative_to(checkout)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    write_manifest(folder)
    return folder


def named(report: Report) -> set[tuple[str, str]]:
    return {(finding.kind, finding.path) for finding in report.findings}


def test_an_untouched_folder_verifies(small: Path) -> None:
    report = verify(small)
    assert report.ok
    assert report.exit_code is ExitCode.OK
    assert (report.files, report.size) == (3, 19)


def test_the_manifest_holds_what_sha256sum_gives(small: Path) -> None:
    manifest = json.loads((small / "manifest.json").read_bytes())
    assert [entry["path"] for entry in manifest["files"]] == ["documents/public/card.html", "empty", "evidence.json"]
    for entry in manifest["files"]:
        data = (small / entry["path"]).read_bytes()
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
        assert entry["size"] == len(data)


def test_writing_the_manifest_again_gives_the_same_bytes(small: Path) -> None:
    before = (small / "manifest.json").read_bytes()
    write_manifest(small)
    assert (small / "manifest.json").read_bytes() == before


def test_every_flipped_bit_of_small_files_is_named(small: Path) -> None:
    for path in sorted(p for p in small.rglob("*") if p.is_file()):
        name = path.relative_to(small).as_posix()
        original = path.read_bytes()
        bits = range(8) if name == "manifest.json" else (0,)
        for position in range(len(original)):
            for bit in bits:
                changed = bytearray(original)
                changed[position] ^= 1 << bit
                path.write_bytes(changed)
                report = verify(small)
                kind = "manifest" if name == "manifest.json" else "changed"
                assert (kind, name) in named(report), (name, position, bit)
        path.write_bytes(original)
    assert verify(small).ok


def test_every_shortened_or_lengthened_manifest_is_found(small: Path) -> None:
    path = small / "manifest.json"
    original = path.read_bytes()
    for position in range(len(original)):
        path.write_bytes(original[:position] + original[position + 1 :])
        assert ("manifest", "manifest.json") in named(verify(small)), position
        path.write_bytes(original[:position] + b" " + original[position:])
        assert ("manifest", "manifest.json") in named(verify(small)), position


def test_random_flips_in_a_real_folder_are_named(real: Path) -> None:
    rng = random.Random(7)
    paths = sorted(path for path in real.rglob("*") if path.is_file() and path.stat().st_size)
    for _ in range(150):
        path = rng.choice([*paths, real / "manifest.json"])
        original = path.read_bytes()
        changed = bytearray(original)
        changed[rng.randrange(len(original))] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        name = path.relative_to(real).as_posix()
        assert ("manifest" if name == "manifest.json" else "changed", name) in named(verify(real))
        path.write_bytes(original)
    assert verify(real).ok


def test_random_deletions_additions_and_swaps_are_named(real: Path) -> None:
    rng = random.Random(11)
    paths = sorted(path for path in real.rglob("*.py") if path.stat().st_size)
    for _ in range(60):
        first, second = rng.sample(paths, 2)
        kept = {path: path.read_bytes() for path in (first, second)}
        names = {path: path.relative_to(real).as_posix() for path in (first, second)}
        match rng.choice(["delete", "add", "swap", "rename"]):
            case "delete":
                first.unlink()
                expected = {("missing", names[first])}
            case "add":
                added = first.with_name("zz_added.txt")
                added.write_bytes(b"x")
                expected = {("added", added.relative_to(real).as_posix())}
            case "swap":
                if kept[first] == kept[second]:
                    continue
                first.write_bytes(kept[second])
                second.write_bytes(kept[first])
                expected = {("changed", names[first]), ("changed", names[second])}
            case _:
                first.rename(first.with_name("zz_added.txt"))
                expected = {
                    ("missing", names[first]),
                    ("added", first.with_name("zz_added.txt").relative_to(real).as_posix()),
                }
        assert named(verify(real)) == expected
        first.with_name("zz_added.txt").unlink(missing_ok=True)
        for path, data in kept.items():
            path.write_bytes(data)
    assert verify(real).ok


def test_findings_come_in_the_same_order_every_time(real: Path) -> None:
    for index, path in enumerate(sorted(real.rglob("*.py"))[:9]):
        if index % 3 == 0:
            path.unlink()
        elif index % 3 == 1:
            path.write_bytes(b"other")
        else:
            path.rename(path.with_suffix(".moved"))
    first = [str(finding) for finding in verify(real).findings]
    assert first == [str(finding) for finding in verify(real).findings]
    assert [line.split(":")[0] for line in first] == sorted(
        (line.split(":")[0] for line in first), key=["changed", "missing", "added"].index
    )


def test_a_missing_manifest_is_a_finding(small: Path) -> None:
    (small / "manifest.json").unlink()
    assert named(verify(small)) == {("manifest", "manifest.json")}


def test_a_link_in_place_of_a_file_is_found_even_if_the_content_is_the_same(small: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.json"
    (small / "evidence.json").rename(elsewhere)
    (small / "evidence.json").symlink_to(elsewhere)
    assert named(verify(small)) == {("strange", "evidence.json")}


def test_a_linked_folder_is_found_and_not_entered(small: Path, tmp_path: Path) -> None:
    (small / "more").symlink_to(tmp_path)
    assert named(verify(small)) == {("strange", "more")}


def test_a_linked_manifest_is_found(small: Path, tmp_path: Path) -> None:
    (small / "manifest.json").rename(tmp_path / "manifest.json")
    (small / "manifest.json").symlink_to(tmp_path / "manifest.json")
    assert ("manifest", "manifest.json") in named(verify(small))


def test_pipes_and_sockets_are_found_without_waiting_for_them(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(small / "pipe")
    monkeypatch.chdir(small)  # a socket's path is limited in length
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert named(verify(small)) == {("strange", "pipe"), ("strange", "socket")}


def test_a_name_that_is_not_utf8_is_found(small: Path) -> None:
    (small / os.fsdecode(b"bad\xff\n")).write_bytes(b"x")
    (finding,) = verify(small).findings
    assert finding.kind == "strange"
    assert "\n" not in finding.path
    assert finding.path.isascii()


@pytest.mark.parametrize(
    "name", ["../evidence.json", "/etc/hostname", "a/../evidence.json", "./empty", "a//b", "", "a\\b"]
)
def test_names_that_leave_the_folder_are_refused_and_not_read(small: Path, name: str) -> None:
    entries = [{"path": name, "sha256": "0" * 64, "size": 1}]
    (small / "manifest.json").write_bytes(readable_json(manifest_content(entries)))
    assert named(verify(small)) == {("manifest", "manifest.json")}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"version":1,"files":[],"digest":""}',
        b'{"version":true,"files":[],"digest":"x"}',
        b'{"version":1,"files":{},"digest":"x"}',
        b'{"version":1,"files":[{"path":"a","sha256":"x","size":1}],"digest":"x"}',
        b'{"version":1,"files":[{"path":"a","sha256":"' + b"0" * 64 + b'","size":NaN}],"digest":"x"}',
        b'{"version":1,"files":[{"path":"\\ud800","sha256":"' + b"0" * 64 + b'","size":1}],"digest":"x"}',
        b"\xff\xfe",
    ],
)
def test_a_malformed_manifest_is_a_finding_and_never_a_crash(small: Path, data: bytes) -> None:
    (small / "manifest.json").write_bytes(data)
    assert ("manifest", "manifest.json") in named(verify(small))


def test_a_listed_path_that_is_now_a_folder_is_missing(small: Path) -> None:
    (small / "evidence.json").unlink()
    (small / "evidence.json").mkdir()
    assert named(verify(small)) == {("missing", "evidence.json")}


def test_half_written_files_of_a_killed_process_are_removed_before_sealing(small: Path) -> None:
    (small / ".evidence.json.ab12cd_x").write_bytes(b"half")
    write_manifest(small)
    assert not (small / ".evidence.json.ab12cd_x").exists()
    assert verify(small).ok


def test_a_hidden_file_added_after_sealing_is_found(small: Path) -> None:
    (small / ".evidence.json.ab12cd_x").write_bytes(b"half")
    assert named(verify(small)) == {("added", ".evidence.json.ab12cd_x")}


def test_a_folder_with_a_link_is_not_sealed(small: Path) -> None:
    (small / "link").symlink_to("evidence.json")
    with pytest.raises(InputError, match="symbolic link"):
        write_manifest(small)


def test_a_path_that_is_no_folder_is_bad_usage(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a folder"):
        verify(tmp_path / "nowhere")


def test_verifying_imports_nothing_heavy() -> None:
    code = (
        "import sys; from governance.dossier import verify; "
        "print(sorted(m for m in sys.modules if m.split('.')[0] in "
        "{'torch', 'mlflow', 'pydantic', 'numpy', 'pandas', 'weasyprint', 'ruamel', 'click'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_100_mb_in_many_files_verify(tmp_path: Path) -> None:
    block = os.urandom(1 << 20)
    for index in range(100):
        (tmp_path / f"{index}.bin").write_bytes(block)
    write_manifest(tmp_path)
    report = verify(tmp_path)
    assert report.ok
    assert report.size == 100 << 20
