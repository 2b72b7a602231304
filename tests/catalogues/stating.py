"""What the run of these tests states, and how a test changes it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

from governance.evidence.folder import RunFolder

CLAIMS = re.compile(r"\b(compliant|complies|conforms|certified|approved|safe|unbiased|validated)\b", re.IGNORECASE)
"""Words that nothing here may say of a system."""
TODAY = dt.date(2026, 11, 25)
_REST = 'owner: A. Author, date: 2026-11-01, review_by: "2027-11-01"'
FACTS = {
    "intended_purpose": f"{{statement: To show a risk by age., {_REST}}}",
    "provider": f"{{statement: Nobody; a test., {_REST}}}",
    "limitations": f"{{statement: It knows the age alone., {_REST}}}",
    "training_data": f"{{statement: No data; the age divided by a hundred., {_REST}}}",
    "reference_standard": f"{{statement: Death as the survey recorded it., {_REST}}}",
    "test_design": f"{{statement: All people of the extract., {_REST}}}",
    "users": f"{{statement: To be filled, {_REST}}}",
}
REGULATORY = """
regulatory:
  role: provider
  jurisdictions: EU
  sector_regime: MDR
  device_class: IIa
  notified_body: {number: "0000"}
  annex_iii: none
  placed_on_market: not yet
  identification: {product_name: Age alone}
"""


def change(run: RunFolder, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the plan of a run that nobody holds against its manifest."""
    _rewrite(run, run.spec_lock, edit)


def change_evidence(run: RunFolder, edit: Callable[[dict[str, Any]], None]) -> None:
    """Change the evidence of a run, and let its decisions be about what it is then."""
    _rewrite(run, run.evidence_json, edit)
    for decision in run.decisions.glob("*.json"):
        _rewrite(run, decision, lambda content: content.update(evidence_digest=run.evidence_digest()))


def _rewrite(run: RunFolder, path: Any, edit: Callable[[dict[str, Any]], None]) -> None:
    content = run.read_json(path)
    edit(content)
    path.write_text(json.dumps(content))
    run.manifest.unlink(missing_ok=True)
