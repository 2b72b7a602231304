"""A decision as the files that a pipeline reads: JUnit, SARIF, GitHub annotations and summaries, Markdown, JSON.

Nothing is decided here. Every report shows the verdicts of one `Decision`, and its outcome stands on top.
"""

from governance.exchange.reports.changes import Changes, changes_since
from governance.exchange.reports.kinds import KINDS, Request, read_requests, render
from governance.exchange.reports.reported import Reported

__all__ = ["KINDS", "Changes", "Reported", "Request", "changes_since", "read_requests", "render"]
