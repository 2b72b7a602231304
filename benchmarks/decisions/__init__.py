"""How long a decision takes under 1,000 rules over 100,000 measurements, from the files of a run on disk.

Each part is timed in a process of its own, with its imports, because that is how a decision is made in CI.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from benchmarks.timing import Row, print_table
from governance.evidence.folder import RunFolder

MEASUREMENTS = 100_000
RULES = 1_000
LIMIT = 2.0

_DECIDE = """
import json, sys, time
start = time.perf_counter()
from pathlib import Path
from governance import policy
from governance.evidence import columnar
from governance.evidence.folder import RunFolder
from governance.policy import decide, locked_policy
from governance.policy.questions import Answers
parts = {"imports": time.perf_counter() - start}
if sys.argv[2] == "all":
    columnar.columnar_evidence = lambda folder: None
def timed(name, function):
    def call(*arguments, **options):
        begin = time.perf_counter()
        try:
            return function(*arguments, **options)
        finally:
            parts[name] = parts.get(name, 0.0) + time.perf_counter() - begin
    return call
folder = RunFolder(Path(sys.argv[1]))
loaded = timed("the recorded policy", locked_policy)(folder)
decision = sys.modules["governance.policy.decide"]
decision.read_for_decision = timed("evidence", decision.read_for_decision)
decision.judge_all = timed("verdicts", decision.judge_all)
Answers.in_evidence = timed("index of the answers (in: verdicts)", Answers.in_evidence)
timed("decision in all", decide)(folder, loaded)
parts["in all, with imports"] = time.perf_counter() - start
print(json.dumps(parts))
"""


def _parts(folder: RunFolder, way: str, repeats: int) -> dict[str, float]:
    """Return the median seconds of each part over `repeats` processes."""
    found = []
    for _ in range(repeats):
        words = [sys.executable, "-c", _DECIDE, str(folder.path), way]
        found.append(json.loads(subprocess.run(words, check=True, capture_output=True).stdout))
    return {name: median(one[name] for one in found) for name in found[0]}


def main() -> None:
    """Print the tables."""
    from benchmarks.decisions.large_run import write_run

    with tempfile.TemporaryDirectory() as temporary:
        folder, loaded = write_run(Path(temporary) / "5f1c09aa0b2d", count=MEASUREMENTS, number_of_rules=RULES)
        size = folder.evidence_json.stat().st_size / 1e6
        title = f"{RULES:,} rules over {MEASUREMENTS:,} measurements ({size:.0f} MB of evidence.json)"
        path = folder.decisions / f"{loaded.digest[:16]}.json"
        written = []
        for way, name in (("columns", "through the columnar twin"), ("all", "evidence.json read as a whole")):
            parts = _parts(folder, way, repeats=5 if way == "columns" else 1)
            written.append(path.read_bytes())
            goals = {"in all, with imports": LIMIT} if way == "columns" else {}
            rows = [Row(part, seconds, limit=goals.get(part)) for part, seconds in parts.items()]
            print_table(f"{title}, {name}", rows)
        print(f"  the two decision files are {'equal' if written[0] == written[1] else 'DIFFERENT'}, byte for byte")
