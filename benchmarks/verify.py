"""How long `governance dossier verify` takes for a run folder of 100 MB, beside `sha256sum --check`."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from benchmarks.timing import Row, command, median_seconds, print_table
from governance import api
from governance.evidence.folder import RunFolder

MEGABYTES = 100


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = RunFolder(Path(temporary) / "run")
        folder.path.mkdir()
        folder.write_json(folder.spec_lock, {"version": 1})
        lines = []
        for number in range(MEGABYTES):
            data = os.urandom(1_000_000)
            (folder.path / f"part-{number:03d}.bin").write_bytes(data)
            lines.append(f"{hashlib.sha256(data).hexdigest()}  part-{number:03d}.bin")
        api.manifest(folder.path)
        sums = Path(temporary) / "sums"
        sums.write_text("\n".join(lines) + "\n")
        program = str(Path(sys.executable).parent / "governance")
        ours = median_seconds(command(program, "dossier", "verify", str(folder.path)))
        peer = median_seconds(command("sh", "-c", f"cd {folder.path} && sha256sum --check --quiet {sums}"))
    print_table("Verification", [Row(f"dossier verify, {MEGABYTES} MB", ours, "sha256sum --check", peer, limit=1.0)])


if __name__ == "__main__":
    main()
