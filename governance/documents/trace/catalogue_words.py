"""What the catalogues of requirements say, and what they came to for a run, as phrases."""

from __future__ import annotations

from governance.documents.build.run import Run
from governance.documents.trace.phrases import Phrases
from governance.documents.trace.sources import texts


def catalogue_phrases(run: Run) -> Phrases:
    """Return the words of the catalogues' items, of what answers them, and how many came to what."""
    found = Phrases()
    for one in run.covered.values():
        counts = " ".join(str(count) for count in one.counts.values())
        found.add(f"{one.title} {counts} {one.date}", "catalogue")
        found.add(f"{one.title}, item by item", "catalogue")
        for item in one.items:
            found.add(f"{item.ref}: {item.title}", "catalogue")
        for gap in one.gaps:
            found.add(", ".join(gap.items), "catalogue")
            found.add(f"{gap.what} {gap.who} {', '.join(gap.items)}", "catalogue")
        found.add_all(texts(one.model_dump(mode="json")), "catalogue")
    if run.started:
        found.add_all(texts(run.started.isoformat()), "identity")
    return found
