"""Measure recorded answers that a test writes down."""

import pandas as pd
from nhefs_predictions import Tables, dataset_info

from evaluators.hallucination.recorded import DESCRIPTOR, GenerationsEvaluationOptions
from governance.datasets.generations.record import GenerationRecord
from governance.evidence.canonical import canonical_json
from governance.harness.protocols import EvaluationContext, Need
from governance.spec.model import Settings, SubjectSpec

EVALUATOR = DESCRIPTOR.load()


def context(info, options, minimum=2, events=1, requests=()):
    return EvaluationContext(
        options=options,
        subject=SubjectSpec(name="answers", version="1", kind="recorded", task="generate"),
        datasets={info.name: info},
        settings=Settings(minimum_patients=minimum, minimum_events=events),
        requests=requests,
    )


def measured(items, *, broken=(), attributes=(), minimum=2, events=1, **options):
    """Return the measurements of records given as dicts; `cluster` in a dict names its patient (else the image)."""
    rows, table = [], []
    for number, item in enumerate(items):
        fields = {"item_id": str(number), **item}
        cluster = fields.pop("cluster", fields.get("image_id", fields["item_id"]))
        groups = {name: str(fields.get("attributes", {}).get(name, "not recorded")) for name in attributes}
        record = GenerationRecord.model_validate(fields)
        sample = f"{record.item_id}-{number}"
        rows.append({"sample_id": sample, "cluster": cluster, **groups})
        content = canonical_json(record.model_dump(mode="json", exclude_defaults=True)).decode()
        table.append({"sample_id": sample, "status": "ok", "reason": "", "record": content})
    for number, reason in enumerate(broken):
        rows.append({"sample_id": f"broken {number}", "cluster": f"broken {number}",
                     **dict.fromkeys(attributes, "not recorded")})  # fmt: skip
        table.append({"sample_id": f"broken {number}", "status": "rejected", "reason": reason, "record": ""})
    info = dataset_info(pd.DataFrame(rows), "answers")
    options = GenerationsEvaluationOptions(on="answers", groups=tuple(attributes), **options)
    tables = Tables({Need.of("recorded-generations", "answers").id: pd.DataFrame(table)})
    return list(EVALUATOR.measure(tables, context(info, options, minimum, events)))


def only(measurements, metric, **about):
    """Return the one measurement of a metric with these fields, of everyone and without a comparison unless asked."""
    wanted = {"slice": {}, "estimand": "value", "curve": {}, "variant": None, **about}
    found = [
        one
        for one in measurements
        if one.metric == metric and all(getattr(one, key) == value for key, value in wanted.items())
    ]
    assert len(found) == 1, (metric, about, [(one.metric, one.variant, one.judge) for one in measurements])
    return found[0]


def labelled(label, number=0, **more):
    return {
        "image_id": f"image {number}",
        "generation": "answer",
        "judgements": [{"judge": "human", "label": label}],
        **more,
    }
