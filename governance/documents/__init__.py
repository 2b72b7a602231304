"""Documents: one content model, five audiences, one file per format. A document computes nothing."""

from governance.documents.build.run import latest_decision
from governance.documents.index import render_index
from governance.documents.rendering import render

__all__ = ["latest_decision", "render", "render_index"]
