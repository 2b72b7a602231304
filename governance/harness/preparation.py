"""Everything that is known before anything is collected: datasets, digests, plan, lock, run id, folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from governance.datasets.decoded import DecodedDataset, MemoryBudget
from governance.datasets.describe import class_names, describe
from governance.datasets.protocol import DatasetInfo
from governance.errors import CannotRunError, InputError
from governance.evidence.canonical import digest_json, in_order
from governance.evidence.folder import RunFolder, run_id_of
from governance.harness import environment
from governance.harness.batch_size import measured_batch_size
from governance.harness.device import PROCESSOR_BOUND, configure_torch, limit_threads, resolve_device
from governance.harness.identities import Identities, Subject, identities
from governance.harness.lock import lock_content
from governance.harness.places import located
from governance.harness.plan import Plan, condition_registry, make_plan
from governance.harness.protocols import EvaluationContext, Need, Request
from governance.plugins import ConditionDescriptor, find
from governance.spec.model import MEASURED, Settings, Spec

if TYPE_CHECKING:
    from governance.harness.progress import Reporter
    from governance.spec import LoadedSpec
    from governance.spec.document import Keys

_CHANGED_BEFORE = frozenset({"recorded", "endpoint"})
"""Kinds of subjects whose inputs are not changed as tensors: elsewhere, or as texts."""
FITTING = frozenset({"fit"})
"""Collectors that fit models of their own and so compute with more libraries than the subject."""


@dataclass(frozen=True)
class Prepared:
    """A run that can be collected.

    Attributes
    ----------
    datasets
        Each dataset with its description, by name.
    samples
        SHA-256 of each dataset's sample ids and decoded content; unlike its digest it does not change with targets and
        groups, so that observations stay valid when only those do.
    contexts
        What each evaluator may know, by its name.
    lock
        Content of `spec.lock.json`.
    machine
        What may differ between equal runs, for `run.json`.
    """

    loaded: LoadedSpec
    settings: Settings
    datasets: Mapping[str, tuple[DecodedDataset, DatasetInfo]]
    samples: Mapping[str, str]
    conditions: Mapping[str, ConditionDescriptor]
    contexts: Mapping[str, EvaluationContext]
    plan: Plan
    subject: Subject
    found: Identities
    lock: Mapping[str, Any]
    folder: RunFolder
    cache: Path
    machine: Mapping[str, Any]
    make_ready: Callable[[], None]
    """Fixes threads and deterministic algorithms; called before anything computes."""

    @property
    def spec(self) -> Spec:
        """The spec."""
        return self.loaded.spec

    @property
    def device(self) -> str:
        """The device that is computed on."""
        return self.settings.device


def prepare(
    loaded: LoadedSpec,
    requests: Sequence[Request] = (),
    *,
    device: str | None = None,
    runs: Path,
    cache: Path,
    reporter: Reporter,
) -> Prepared:
    """Open the datasets, ask the evaluators what they need, and write `spec.lock.json`.

    Parameters
    ----------
    requests
        What the policy's rules will ask the evidence for.
    device
        Overrides the spec's.
    runs, cache
        Folders for runs and for observations by content.

    Raises
    ------
    InputError
        If data, model or options are not what the spec says, or cannot be combined.
    CannotRunError
        If the device is absent or a folder cannot be written.
    """
    spec = loaded.spec
    asked = device or spec.settings.device
    if asked in {"cuda", "mps"}:
        resolve_device(asked, uses_torch=True)  # Decoding a dataset first would only delay the message.
    reporter.stage("read datasets", len(spec.datasets))
    datasets = _datasets(loaded, cache, reporter)
    infos = {name: info for name, (_, info) in datasets.items()}
    reporter.stage("plan", None)
    with located(loaded, "conditions"):
        conditions = condition_registry(spec, loaded.base)
    _refuse_unfit(loaded, conditions)
    contexts = {name: _context(loaded, name, infos, requests, conditions) for name in sorted(spec.evaluate)}
    needs: dict[str, tuple[Need, ...]] = {}
    for name, context in contexts.items():
        with located(loaded, "evaluate", name):
            needs[name] = tuple(evaluator_of(name).needs(context))
    with located(loaded, "evaluate"):
        plan = make_plan(needs, subject=spec.subject, datasets=infos, conditions=conditions)
    settings = spec.settings.model_copy(update={"device": resolve_device(asked, uses_torch=_uses_torch(spec, plan))})
    make_ready = _readiness(settings, _uses_torch(spec, plan))
    subject = Subject(loaded, settings, make_ready)
    subject_digest = subject.digest
    with located(loaded, "evaluate"):
        found = identities(
            plan.needs,
            base=loaded.base,
            device=settings.device,
            datasets={name: dataset for name, (dataset, _) in datasets.items()},
            conditions=conditions,
            before=make_ready,
            recorded=spec.subject.kind == "recorded",
        )
    processor = environment.processor()
    if settings.device != "cpu":
        processor = f"{processor}; {environment.device_name(settings.device)}"
    libraries = environment.versions(_libraries(spec, plan))
    if settings.compile and settings.device == "cpu":
        libraries |= environment.compiler()
    if settings.batch_size == MEASURED:
        size = measured_batch_size(
            subject,
            plan,
            {name: dataset for name, (dataset, _) in datasets.items()},
            surroundings={"processor": processor, "libraries": libraries, "settings": settings},
            cache=cache,
            reporter=reporter,
        )
        settings = settings.model_copy(update={"batch_size": size})
    lock = lock_content(
        spec,
        settings=settings,
        subject_digest=subject_digest,
        datasets=infos,
        plan=plan,
        requests=requests,
        conditions=conditions,
        found=found,
        libraries=libraries,
        processor=processor,
    )
    folder = RunFolder(runs / run_id_of(lock))
    folder.write_json(folder.spec_lock, lock)
    return Prepared(
        loaded=loaded,
        settings=settings,
        datasets=datasets,
        samples={
            name: digest_json([info.frame["sample_id"].tolist(), dataset.content_digest()])
            for name, (dataset, info) in datasets.items()
        },
        conditions=conditions,
        contexts={name: replace(context, settings=settings) for name, context in contexts.items()},
        plan=plan,
        subject=subject,
        found=found,
        lock=lock,
        folder=folder,
        cache=cache,
        machine=environment.machine(settings.device),
        make_ready=make_ready,
    )


def _datasets(loaded: LoadedSpec, cache: Path, reporter: Reporter) -> dict[str, tuple[DecodedDataset, DatasetInfo]]:
    """Open and describe all datasets, in the order of their names: the order in a file must not change a run."""
    spec, budget = loaded.spec, MemoryBudget()
    opened: dict[str, DecodedDataset] = {}
    for name, dataset in sorted(spec.datasets.items()):
        with located(loaded, "datasets", name):
            source = find("datasets", dataset.kind).load()(dataset, loaded.base)
            opened[name] = DecodedDataset(source, name, budget, cache / "fingerprints")
    classes = _classes(spec, opened)
    described: dict[str, tuple[DecodedDataset, DatasetInfo]] = {}
    for name, decoded in opened.items():

        def fail(keys: tuple[str, ...], message: str, hint: str | None, name: str = name) -> InputError:
            return loaded.error(("datasets", name, *keys), message, hint)

        with located(loaded, "datasets", name):
            info = describe(name, spec.datasets[name], decoded, task=spec.subject.task, classes=classes, fail=fail)
        described[name] = (decoded, info)
        reporter.advance()
    return described


def _classes(spec: Spec, opened: Mapping[str, DecodedDataset]) -> tuple[str, ...] | None:
    given = spec.subject.options.get("classes")
    if isinstance(given, (list, tuple)):
        return tuple(map(str, given))
    if spec.subject.task != "multiclass":
        return None
    tables = [(dataset.table, spec.datasets[name].target) for name, dataset in opened.items()]
    names = class_names([(table, target) for table, target in tables if target and target in table.columns])
    return tuple(map(str, range(given))) if isinstance(given, int) and given > len(names) else names


def _context(
    loaded: LoadedSpec,
    name: str,
    infos: Mapping[str, DatasetInfo],
    requests: Sequence[Request],
    conditions: Mapping[str, ConditionDescriptor],
) -> EvaluationContext:
    spec, descriptor = loaded.spec, find("evaluators", name)
    return EvaluationContext(
        options=descriptor.options.model_validate(in_order(spec.evaluate[name])),  # the run's id knows no order either
        subject=spec.subject,
        datasets=infos,
        settings=spec.settings,
        requests=tuple(request for request in requests if request.evaluator == name),
        conditions=conditions,
        base=loaded.base,
    )


def _refuse_unfit(loaded: LoadedSpec, conditions: Mapping[str, ConditionDescriptor]) -> None:
    """Refuse conditions that make no sense for the data; of conditions of one's own only their code tells."""
    from governance.spec.cross_references import find_unfit_conditions
    from governance.spec.validation import raise_problems

    models: dict[Keys, Any] = {("evaluate", name): find("evaluators", name).options for name in loaded.spec.evaluate}
    options = {keys: model.model_validate(loaded.spec.evaluate[str(keys[1])]) for keys, model in models.items()}
    raise_problems(loaded.source, find_unfit_conditions(loaded.spec, options, models, conditions))


def evaluator_of(name: str) -> Any:
    """Return the evaluator that is registered under a name."""
    implementation = find("evaluators", name).load()
    return implementation() if isinstance(implementation, type) else implementation


def _uses_torch(spec: Spec, plan: Plan) -> bool:
    """Whether anything in the run computes with torch."""
    if spec.subject.kind not in PROCESSOR_BOUND:
        return True
    own = {"predict": spec.subject.kind, "generate": spec.subject.kind}
    opened = [_opened_by(need) or own.get(need.collector) for need in plan.needs]
    beside = any(kind is None or kind not in PROCESSOR_BOUND for kind in opened)
    changed = any(not need.condition.is_clean for need in plan.needs)
    return beside or (changed and spec.subject.kind not in _CHANGED_BEFORE)


def _opened_by(need: Need) -> str | None:
    """Return the kind of another model that a need's collector opens; None where it opens none."""
    opens = find("collectors", need.collector).opens
    return opens(dict(need.options)) if opens else None


def _libraries(spec: Spec, plan: Plan) -> set[str]:
    kinds = {spec.subject.kind} | {kind for kind in map(_opened_by, plan.needs) if kind is not None}
    names = {*environment.ALWAYS}.union(*(environment.BY_SUBJECT.get(kind, ("torch",)) for kind in kinds))
    if _uses_torch(spec, plan):
        names.add("torch")
    if any(need.collector in FITTING for need in plan.needs):
        names.add("scikit-learn")
    return names


def _readiness(settings: Settings, uses_torch: bool) -> Callable[[], None]:
    done: list[bool] = []

    def make_ready() -> None:
        if done:
            return
        done.append(True)
        try:
            if uses_torch:
                configure_torch(settings.device, settings)
            limit_threads(settings.threads)
        except ModuleNotFoundError as error:
            raise CannotRunError(
                f"this run needs the Python package '{error.name}', which is not installed",
                hint="pip install 'medical-ai-governance[eval]'",
            ) from error

    return make_ready
