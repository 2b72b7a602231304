"""Datasets, features and networks in memory, and what runs the needs of the data-efficiency evaluator on them."""

from pathlib import Path

import pandas as pd
from nhefs_predictions import Tables

from evaluators.data_efficiency import DESCRIPTOR
from evaluators.data_efficiency.descriptors import FINE_TUNE, FIT
from governance.harness.protocols import CollectionContext, EvaluationContext
from governance.spec.model import Settings

EVALUATOR = DESCRIPTOR.load()
COLLECTORS = {"fit": FIT.load(), "fine-tune": FINE_TUNE.load()}


class Table:
    """A dataset of a table, with pictures where there are some."""

    def __init__(self, table, pictures=None):
        self.table, self.pictures = table, pictures

    def decode(self, indices, variant=None):
        return self.pictures[list(indices)]


class World:
    """Datasets, features, and what runs the evaluator's needs."""

    def __init__(self, infos, datasets, embeddings, base, subject, session=None):
        self.infos, self.datasets, self.embeddings = infos, datasets, embeddings
        self.base, self.subject, self.session = base, subject, session

    def context(self, options, **settings):
        return EvaluationContext(
            options=options,
            subject=self.subject,
            datasets=self.infos,
            settings=Settings(replicates=400, **settings),
            requests=(),
        )

    def observed(self, options):
        tables = {}
        for need in EVALUATOR.needs(self.context(options)):
            if need.collector == "embed":
                tables[need.id] = self.embeddings[need.dataset]
                continue
            collector = COLLECTORS[need.collector]
            context = CollectionContext(
                dataset=self.datasets[need.dataset],
                info=self.infos[need.dataset],
                datasets={name: (self.datasets[name], self.infos[name]) for name in self.infos},
                subject=self.subject,
                base=Path(self.base),
                device="cpu",
                settings=Settings(),
                tables=tables,
                open_subject=lambda: self.session,
            )
            shards = collector.shards(need, context)
            tables[need.id] = pd.concat([collector.collect(need, shard, context) for shard in shards])
        return Tables(tables)

    def measured(self, options, **settings):
        found = list(EVALUATOR.measure(self.observed(options), self.context(options, **settings)))
        assert len({m.id for m in found}) == len(found)
        return found


def one(found, **about):
    about = {"estimand": "mean", "slice": {}, "seed": None, "over": None, **about}
    rows = [m for m in found if all(getattr(m, key) == value for key, value in about.items())]
    assert len(rows) == 1, (about, len(rows))
    return rows[0]
