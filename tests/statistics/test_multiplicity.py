"""Corrections for several comparisons against statsmodels and published figures."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from governance.statistics.multiplicity import benjamini_hochberg, bonferroni, bonferroni_level, holm

PUBLISHED = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528]
PUBLISHED += [0.759, 1.0]
"""The fifteen p-values of Benjamini and Hochberg (1995), section 3."""


def test_corrections_agree_with_statsmodels():
    stream = np.random.default_rng(2)
    for n in range(1, 25):
        p_values = np.round(stream.random(n) ** 2, 2)  # rounded, so that ties occur
        for ours, theirs in ((bonferroni, "bonferroni"), (holm, "holm"), (benjamini_hochberg, "fdr_bh")):
            assert ours(p_values) == pytest.approx(multipletests(p_values, method=theirs)[1], abs=1e-12)


def test_published_p_values_lose_as_many_hypotheses_as_published():
    assert (benjamini_hochberg(PUBLISHED) <= 0.05).sum() == 4
    assert (holm(PUBLISHED) <= 0.05).sum() == 3
    assert (bonferroni(PUBLISHED) <= 0.05).sum() == 3


def test_bonferroni_level_of_a_family():
    assert bonferroni_level(0.95, 5) == pytest.approx(0.99)
    with pytest.raises(ValueError, match="at least one"):
        bonferroni_level(0.95, 0)
