"""How long `governance --help` takes, beside other command-line tools in the same environment."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.timing import Row, command, median_seconds, print_table


def main() -> None:
    """Print the table."""
    programs = Path(sys.executable).parent
    ours = median_seconds(command(str(programs / "governance"), "--help"))
    python = median_seconds(command(sys.executable, "-c", "pass"))
    rows = [Row("governance --help", ours, "bare python", python, limit=0.3)]
    mlflow = programs / "mlflow"
    if mlflow.exists():
        rows.append(Row("governance --help", ours, "mlflow --help", median_seconds(command(str(mlflow), "--help"), 3)))
    print_table("Start-up", rows)


if __name__ == "__main__":
    main()
