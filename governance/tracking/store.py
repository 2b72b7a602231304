"""A run in MLflow 3: the same run folder is the same MLflow run, however often it is started."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from governance.errors import CannotRunError
from governance.evidence.canonical import digest_json
from governance.evidence.folder import RunFolder
from governance.tracking.connection import answering, connecting, current_store, import_mlflow, without_credentials
from governance.tracking.headline import headlines
from governance.tracking.tracker import DecisionSummary

_TAG = "governance."
_DIGEST_LENGTH = 36
"""MLflow's limit on the digest of a dataset; the whole one is a tag of the input."""

_BATCH = 500
"""Metrics sent at once; MLflow takes 1,000 entities."""

_ARTIFACT_FILES = ("spec.lock.json", "policy.lock.json", "evidence.json", "manifest.json")
_ARTIFACT_FOLDERS = ("decisions", "documents", "licence", "exchange")
"""What is logged. Observations are about single patients and stay in the run folder."""

_MAY_DIFFER = ("run.json", "journal.jsonl")
"""Files that differ between equal runs; a change in them alone logs nothing."""

_DOWN = "start the server or correct the URI; --tracking URI names another one, --no-tracking does without"
_AGAIN = "everything is in the run folder; run the command again and only the logging is repeated"


@dataclass(frozen=True)
class MlflowTracker:
    """A store that answered."""

    uri: str
    experiment_id: str
    experiment: str

    @classmethod
    def connect(cls, uri: str, experiment: str) -> MlflowTracker:
        """Find or make the experiment, which proves that the store can be read and written.

        Raises
        ------
        CannotRunError
            If it does not answer within about ten seconds.
        """
        mlflow = import_mlflow()
        with connecting(), answering(uri, "cannot reach the tracking store", _DOWN):
            client = mlflow.MlflowClient(tracking_uri=uri)
            found = client.get_experiment_by_name(experiment)
            if found is not None and found.lifecycle_stage != "active":
                raise CannotRunError(
                    f"the experiment '{experiment}' was deleted in the tracking store",
                    hint="restore it in MLflow, or name another: track: {experiment: ...}",
                )
            experiment_id = found.experiment_id if found is not None else _new_experiment(client, experiment)
        return cls(uri, str(experiment_id), experiment)

    @contextmanager
    def started(self, folder: RunFolder, lock: Mapping[str, Any], policy_digest: str) -> Iterator[TrackedRun]:
        """Begin or reopen the run of this folder.

        A run that was killed is still RUNNING and goes on. A run that has finished stays so until something new is
        logged to it.
        """
        with answering(self.uri, "cannot write to the tracking store", _DOWN):
            tracked = self._begin(folder, lock, policy_digest)
        try:
            yield tracked
        except BaseException as error:
            with suppress(Exception):  # the first error is the one to report
                tracked.end("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
            raise
        with answering(self.uri, "cannot write to the tracking store", _AGAIN):
            tracked.end("FINISHED")

    def _begin(self, folder: RunFolder, lock: Mapping[str, Any], policy_digest: str) -> TrackedRun:
        mlflow = import_mlflow()
        client = mlflow.MlflowClient(tracking_uri=self.uri)
        subject = lock["subject"]
        found = client.search_runs(
            [self.experiment_id],
            filter_string=f"tags.`{_TAG}run_id` = '{folder.run_id}'",
            max_results=1,
            order_by=["attributes.start_time ASC"],
        )
        if found:
            run = found[0]
            tags = dict(run.data.tags)
            if run.info.status != "FINISHED":
                client.update_run(run.info.run_id, status="RUNNING")
        else:
            tags = {
                f"{_TAG}run_id": folder.run_id,
                f"{_TAG}subject_digest": str(subject["digest"]),
                f"{_TAG}policy_digest": policy_digest,
                f"{_TAG}toolkit": str(lock.get("toolkit", "")),
            }
            name = f"{subject['name']} {subject['version']} {folder.run_id}"
            run = client.create_run(self.experiment_id, tags=tags, run_name=name)
        run_id = run.info.run_id
        if f"{_TAG}described" not in tags:
            _describe(client, run_id, lock)
        model_id = tags.get(f"{_TAG}model_id") or _external_model(self, client, run_id, lock)
        digests = {name: str(dataset["digest"]) for name, dataset in lock["datasets"].items()}
        finished = run.info.status == "FINISHED"
        return TrackedRun(self, client, run_id, model_id=model_id, datasets=digests, tags=tags, finished=finished)


class TrackedRun:
    """One MLflow run. Keeps the tags that say what was logged to it before."""

    def __init__(
        self,
        tracker: MlflowTracker,
        client: Any,
        run_id: str,
        *,
        model_id: str,
        datasets: Mapping[str, str],
        tags: Mapping[str, str],
        finished: bool,
    ) -> None:
        self._tracker = tracker
        self._client = client
        self._run_id = run_id
        self._model_id = model_id
        self._datasets = datasets
        self._tags = tags
        self._finished = finished

    @property
    def ids(self) -> Mapping[str, str]:
        """Where the run is found again."""
        return {
            "uri": without_credentials(self._tracker.uri),
            "experiment": self._tracker.experiment,
            "experiment_id": self._tracker.experiment_id,
            "mlflow_run_id": self._run_id,
            "model_id": self._model_id,
        }

    def log(self, folder: RunFolder, decision: DecisionSummary | None) -> None:
        """Log headline measurements, outcome and files; nothing where nothing changed since the last time."""
        state = _state(folder)
        if self._finished and self._tags.get(f"{_TAG}state") == state:
            return
        with answering(self._tracker.uri, "cannot write to the tracking store", _AGAIN):
            if self._finished:
                self._client.update_run(self._run_id, status="RUNNING")
                self._finished = False
            evidence = folder.evidence_digest()
            if self._tags.get(f"{_TAG}evidence_digest") != evidence:
                self._log_measurements(folder)
                self._tag("evidence_digest", evidence)
            if decision is not None:
                self._tag("outcome", decision.summary)
                self._tag("exit_code", str(int(decision.exit_code)))
                self._tag("decided_under", decision.policy_digest)
            self._log_files(folder)
            self._tag("manifest_digest", folder.read_json(folder.manifest)["digest"])
            self._tag("state", state)

    def end(self, status: str) -> None:
        """Finish the run, unless it was finished before and nothing was logged to it."""
        if not self._finished:
            self._client.set_terminated(self._run_id, status=status)

    def _tag(self, name: str, value: str) -> None:
        self._client.set_tag(self._run_id, f"{_TAG}{name}", value)

    def _log_measurements(self, folder: RunFolder) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [
            Metric(
                key=one.key,
                value=one.value,
                timestamp=now,
                step=one.step,
                model_id=self._model_id,
                dataset_name=one.dataset,
                dataset_digest=self._datasets[one.dataset][:_DIGEST_LENGTH],
                run_id=self._run_id,
            )
            for one in headlines(folder.read_evidence())
            if one.dataset in self._datasets
        ]
        for start in range(0, len(metrics), _BATCH):
            self._client.log_batch(self._run_id, metrics=metrics[start : start + _BATCH])

    def _log_files(self, folder: RunFolder) -> None:
        for name in _ARTIFACT_FILES:
            if (folder.path / name).is_file():
                self._client.log_artifact(self._run_id, str(folder.path / name))
        for name in _ARTIFACT_FOLDERS:
            if (folder.path / name).is_dir():
                self._client.log_artifacts(self._run_id, str(folder.path / name), artifact_path=name)


def _state(folder: RunFolder) -> str:
    """Digest of everything in the sealed folder that is equal between equal runs."""
    manifest = folder.read_json(folder.manifest)
    return digest_json([entry for entry in manifest["files"] if entry["path"] not in _MAY_DIFFER])


def _new_experiment(client: Any, name: str) -> Any:
    """Make an experiment; of two processes that do so at once, the second takes the first one's."""
    try:
        return client.create_experiment(name)
    except Exception:
        found = client.get_experiment_by_name(name)
        if found is None:
            raise
        return found.experiment_id


def _describe(client: Any, run_id: str, lock: Mapping[str, Any]) -> None:
    """Log parameters and datasets. Both are the same whenever they are logged, so a killed run may log them twice."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Param, RunTag

    subject, settings = lock["subject"], lock.get("settings", {})
    values = {
        "subject": subject["name"],
        "subject_version": subject["version"],
        "subject_digest": subject["digest"],
        "kind": subject.get("kind"),
        "task": subject.get("task"),
        **{key: settings.get(key) for key in ("device", "precision", "threads", "batch_size", "seed", "level")},
        "evaluators": ", ".join(sorted(lock.get("evaluators", {}))),
        "toolkit": lock.get("toolkit"),
        **{f"dataset_{name}_digest": dataset["digest"] for name, dataset in lock["datasets"].items()},
    }
    inputs = [
        DatasetInput(
            Dataset(
                name=name,
                digest=str(dataset["digest"])[:_DIGEST_LENGTH],
                source_type="code",
                source=json.dumps({"tags": {"mlflow.source.name": "governance"}}),
                profile=json.dumps({key: dataset.get(key) for key in ("n", "clusters", "events", "role")}),
            ),
            [InputTag("mlflow.data.context", str(dataset.get("role"))), InputTag("digest", str(dataset["digest"]))],
        )
        for name, dataset in lock["datasets"].items()
    ]
    client.log_batch(run_id, params=[Param(k, str(v)) for k, v in values.items() if v is not None])
    client.log_inputs(run_id, datasets=inputs)
    client.log_batch(run_id, tags=[RunTag(f"{_TAG}described", "true")])


def _external_model(tracker: MlflowTracker, client: Any, run_id: str, lock: Mapping[str, Any]) -> str:
    """Make the LoggedModel of the subject: a reference by digest, without its weights."""
    from mlflow.entities import LoggedModelInput

    mlflow, subject = import_mlflow(), lock["subject"]
    with current_store(mlflow, tracker.uri):
        model = mlflow.create_external_model(
            name=str(subject["name"]),
            source_run_id=run_id,
            tags={
                f"{_TAG}subject_digest": str(subject["digest"]),
                f"{_TAG}subject_version": str(subject["version"]),
            },
            params={"kind": str(subject.get("kind")), "version": str(subject["version"])},
            experiment_id=tracker.experiment_id,
        )
    client.log_inputs(run_id, models=[LoggedModelInput(model.model_id)])
    client.set_tag(run_id, f"{_TAG}model_id", model.model_id)
    return str(model.model_id)
