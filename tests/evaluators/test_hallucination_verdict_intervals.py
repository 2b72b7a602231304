"""Intervals that verdicts on recorded answers rest on reach the measurements: wider than those shown, never missing."""

import numpy as np
import pytest
from recorded_answers import measured, only

from governance.statistics.linearised import gating_linearised


def judged(n, agree=0.85):
    stream = np.random.default_rng(0)
    for place in range(n):
        ours = int(stream.integers(0, 6))
        theirs = ours if stream.random() < agree else int(stream.integers(0, 6))
        labels = [{"judge": "model", "version": "1", "label": ours}, {"judge": "human", "label": theirs}]
        yield {"image_id": f"{place // 2}", "generation": "Effusion.", "judgements": labels}


AGREEMENT = ("cohen_kappa", "cohen_kappa_linear", "cohen_kappa_quadratic")
ALPHAS = ("krippendorff_alpha", "krippendorff_alpha_ordinal")
CORRECTED = ("corrected_hallucinated_share", "corrected_medihall_score")


def test_agreement_and_corrected_numbers_have_an_interval_for_verdicts():
    found = measured(list(judged(200)))
    for name in (*AGREEMENT, *ALPHAS, *CORRECTED):
        one = only(found, name, **({} if name in ALPHAS else {"judge": "model"}))
        assert one.gating.low <= one.value <= one.gating.high, name
        assert one.gating.high - one.gating.low > 0.8 * (one.interval.high - one.interval.low), name
        assert "for verdicts" in one.gating.method, name


def test_complete_agreement_has_an_interval_for_verdicts_and_none_to_show():
    kappa = only(measured(list(judged(60, agree=1.0))), "cohen_kappa", judge="model")
    assert kappa.interval is None
    assert kappa.value == 1.0
    assert kappa.gating.low < 0.95


def test_where_no_interval_holds_the_verdict_has_the_whole_range():
    """Without an interval for verdicts they would rest on the one shown, which is narrower."""
    items = list(judged(60, agree=1.0))
    for place, item in enumerate(items):
        item["judgements"][0]["label"] = item["judgements"][1]["label"] = 5 * (place % 2)
        if place >= 8:
            del item["judgements"][1]
    found = measured(items)
    share = only(found, "corrected_hallucinated_share", judge="model")
    assert (share.gating.low, share.gating.high) == (0.0, 1.0)
    assert share.gating.method.startswith("the whole range: a corrected share for verdicts needs 5 patients")


def test_bleu_has_an_interval_for_verdicts():
    stream = np.random.default_rng(2)
    words = ["small", "left", "pleural", "effusion", "with", "no", "pneumothorax", "seen", "today", "again"]
    items = []
    for number in range(80):
        reference = [str(word) for word in stream.permutation(words)]
        answer = [word if stream.random() < 0.8 else "heart" for word in reference]
        items.append({"image_id": f"{number // 2}", "generation": " ".join(answer), "reference": " ".join(reference)})
    bleu = only(measured(items), "bleu")
    assert 0 < bleu.gating.low < bleu.interval.low < bleu.value < bleu.interval.high < bleu.gating.high < 1
    assert bleu.gating.method == gating_linearised(0.5, np.array([0.1, -0.1]), np.ones(2)).method


def test_shares_of_findings_count_each_finding_and_keep_patients_together():
    items = [
        {"image_id": f"{n // 2}", "generation": "Effusion." if n % 3 else "Normal.", "reference": "Effusion, fracture."}
        for n in range(60)
    ]
    one = only(measured(items), "finding_coverage")
    assert (one.value, one.n, one.events, one.n_clusters) == (pytest.approx(1 / 3), 120, 40, 30)
    assert one.gating.low <= one.interval.low < 1 / 3 < one.interval.high <= one.gating.high
