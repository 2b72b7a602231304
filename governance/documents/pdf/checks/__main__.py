"""``python -m governance.documents.pdf.checks FILE…`` prints findings; it exits with 1 where there is one."""

from __future__ import annotations

import sys
from pathlib import Path

from governance.documents.pdf.checks import structural_findings


def main(files: list[str]) -> int:
    """Print the findings of files."""
    found = 0
    for file in files:
        findings = structural_findings(Path(file).read_bytes())
        found += len(findings)
        for finding in findings:
            print(f"{file}: {finding}")
        if not findings:
            print(f"{file}: no findings of the structural checks")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
