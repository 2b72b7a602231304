"""Models behind an OpenAI-compatible chat-completions endpoint.

The digest of such a subject says where was asked, for which model, and how; it cannot say which weights answered. A
provider can change a model behind its name at any time, so every row also keeps what the server says of itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from governance.errors import CannotRunError, InputError
from governance.evidence.canonical import digest_json
from governance.plugins import find
from governance.spec.model import Settings, SubjectSpec
from governance.subjects.descriptors import EndpointOptions
from governance.subjects.endpoint_answers import request_body, row_of
from governance.subjects.endpoint_client import ChatClient, Pacer, Refused
from governance.subjects.spellings import spellings

_HOW_ONLY = frozenset({"api_key_env", "attempts", "concurrency", "network", "requests_per_minute", "timeout"})
"""Options that say how to send requests, not what is asked: they change no answer and so no digest."""


@dataclass
class EndpointSession:
    """Asks an endpoint; takes decoded items with a ``prompt`` and, if the model takes images, an ``image``."""

    digest: str
    options: EndpointOptions
    client: ChatClient
    pacer: Pacer
    takes: str = "items"
    _answered: bool = field(default=False, repr=False)

    def generate(
        self, items: Sequence[Mapping[str, Any]], *, options: Mapping[str, Any], seeds: Sequence[Sequence[int]]
    ) -> list[dict[str, Any]]:
        """Answer items, several at a time; what the server refuses is a row without an answer.

        Parameters and rows are those of `governance.subjects.protocol.Session`; the columns that the server's answer
        adds are listed at `governance.subjects.endpoint_answers.row_of`.

        Raises
        ------
        CannotRunError
            If the server is down, refuses the key or refuses every request. Nothing of this call is kept then.
        """
        sampled = float(options.get("temperature") or 0.0) > 0
        repeats = len(seeds[0]) if sampled and seeds else 1
        rows = [(item, repeat) for item in range(len(items)) for repeat in range(repeats)]
        choices = tuple(options.get("choices") or ())
        bodies = [
            request_body(items[item], self.options, options, seeds[item][repeat] if sampled else None)
            for item, repeat in rows
        ]
        answers = self._ask_all(bodies)
        self._refuse_all_refused(answers)
        return [
            {"item": item, "repeat": repeat, **row_of(answer, choices, spellings)}
            for (item, repeat), answer in zip(rows, answers, strict=True)
        ]

    def _ask_all(self, bodies: Sequence[Mapping[str, Any]]) -> list[dict[str, Any] | Refused]:
        with ThreadPoolExecutor(self.options.concurrency, thread_name_prefix="endpoint") as threads:
            waiting = [threads.submit(self.client.ask, body) for body in bodies]
            try:
                return [each.result() for each in waiting]
            except BaseException:
                # Whoever waits before another attempt stops waiting; nobody is asked any more.
                self.pacer.stopped.set()
                threads.shutdown(cancel_futures=True)
                self.pacer.stopped.clear()
                raise

    def _refuse_all_refused(self, answers: Sequence[dict[str, Any] | Refused]) -> None:
        """Stop where the server takes nothing at all: that is an option it does not know, not a question it refuses."""
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        self._answered = self._answered or len(refused) < len(answers)
        filtered = any(answer.code == "content_filter" for answer in refused)
        if self._answered or filtered or len(refused) < 2:
            return
        raise CannotRunError(
            f"the endpoint refuses every request (status {refused[0].status}): {refused[0].message}",
            hint="see whether it knows `model`, `parameters`, `token_limit` and `top_logprobs` as the spec sets them",
        )


def identify_endpoint(subject: SubjectSpec, base: Path) -> str:  # noqa: ARG001
    """Digest where is asked, for which model and version, and how; weights that a server hides are no part of it.

    The version counts because it is all that tells a model from what stood behind the same name before.
    """
    options = EndpointOptions.model_validate(subject.options)
    content = options.model_dump(mode="json", exclude=set(_HOW_ONLY))
    return digest_json([subject.kind, find("subjects", subject.kind).version, subject.task, subject.version, content])


def open_endpoint(subject: SubjectSpec, base: Path, device: str, settings: Settings) -> EndpointSession:  # noqa: ARG001
    """Make ready to ask an endpoint; nothing is sent yet.

    Raises
    ------
    CannotRunError
        If the environment lacks the key.
    InputError
        If the key cannot be sent.
    """
    options = EndpointOptions.model_validate(subject.options)
    pacer = Pacer(options.requests_per_minute)
    client = ChatClient(
        options.base_url,
        key=_key(options.api_key_env),
        timeout=options.timeout,
        attempts=options.attempts,
        concurrency=options.concurrency,
        pacer=pacer,
    )
    return EndpointSession(identify_endpoint(subject, base), options, client, pacer)


def _key(name: str | None) -> str | None:
    if name is None:
        return None
    key = os.environ.get(name, "").strip()
    if not key:
        raise CannotRunError(
            f"the environment variable '{name}', which `api_key_env` names, is not set",
            hint=f"set it to the endpoint's key before the run, for example: export {name}=...",
        )
    if not key.isascii() or not key.isprintable():
        raise InputError(f"the environment variable '{name}' holds characters that a key cannot have")
    return key
