"""How long the demonstration takes in an empty folder and the second time."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.timing import Row, median_seconds, print_table


def main() -> None:
    """Print the table."""
    import subprocess

    program = str(Path(sys.executable).parent / "governance")
    with tempfile.TemporaryDirectory() as temporary:
        words = [program, "demo", "--folder", str(Path(temporary) / "demo")]

        def once() -> None:
            done = subprocess.run(words, capture_output=True, text=True, check=False)
            if done.returncode in {2, 5}:
                raise SystemExit(done.stderr)

        first = median_seconds(once, 1)
        second = median_seconds(once, 1)
    print_table(
        "Demonstration (three models)",
        [Row("governance demo, empty folder", first, limit=300), Row("governance demo, second time", second, limit=30)],
    )


if __name__ == "__main__":
    main()
