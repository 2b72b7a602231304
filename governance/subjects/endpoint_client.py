"""Requests to a chat-completions endpoint: time limits, repeated attempts, pacing, and a key that is never shown."""

from __future__ import annotations

import datetime as dt
import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from governance.errors import CannotRunError, first_line

LARGEST_ANSWER = 16 << 20
"""Bytes of an answer that are read (16 MiB)."""
FIRST_WAIT = 0.5
"""Seconds that the first pause before another attempt may last; each further one may last twice as long."""
LONGEST_WAIT = 60.0
"""Seconds that a pause may last; a server that asks for a longer one is not waited for."""
_SHOWN = 300
"""Characters of a server's message that are repeated."""
_HIDDEN = "[key]"
_PIECE = 1 << 16


@dataclass(frozen=True)
class Refused:
    """The server answered that it does not take this one request (status 400, 413 or 422)."""

    status: int
    message: str
    code: str


@dataclass
class Pacer:
    """Lets requests begin at most so many times a minute, evenly; without a limit it never waits."""

    requests_per_minute: float | None
    stopped: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _next: float = 0.0

    def wait(self) -> None:
        """Wait until the next request may begin."""
        if self.requests_per_minute is None:
            return
        with self._lock:
            now = time.monotonic()
            begin = max(now, self._next)
            self._next = begin + 60.0 / self.requests_per_minute
        self.pause(begin - now)

    def pause(self, seconds: float) -> None:
        """Wait so long, or until the work was given up."""
        if seconds > 0:
            self.stopped.wait(seconds)
        if self.stopped.is_set():
            raise CannotRunError("the requests to the endpoint were given up")


class _PassingError(Exception):
    """An attempt that failed in a way that may pass: why, and how long the server asks to wait (seconds)."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class ChatClient:
    """Sends bodies to ``<base_url>/chat/completions`` and gives back what the server says. Threads may share one.

    Parameters
    ----------
    key
        Sent as a bearer token and taken out of every text that comes back; no error shows it.
    timeout
        Seconds that one attempt may take altogether.
    attempts
        How often a request is sent before the server counts as down. Repeated are status 408, 409, 429 and 5xx,
        broken connections, time limits that passed, and answers that are not JSON.
    """

    def __init__(
        self, base_url: str, *, key: str | None, timeout: float, attempts: int, concurrency: int, pacer: Pacer
    ) -> None:
        import urllib3

        self._url = f"{base_url.rstrip('/')}/chat/completions"
        self._key = key
        self._timeout, self._attempts, self._pacer = timeout, attempts, pacer
        self._pool = urllib3.PoolManager(num_pools=1, maxsize=concurrency, retries=False)
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key is not None:
            self._headers["Authorization"] = f"Bearer {key}"

    def ask(self, body: Mapping[str, Any]) -> dict[str, Any] | Refused:
        """Send one request until it is answered.

        Raises
        ------
        CannotRunError
            If the server cannot be reached or stays broken after all attempts, refuses the key, knows no such model,
            or sends requests elsewhere.
        """
        data = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", errors="replace")
        for attempt in range(1, self._attempts + 1):
            self._pacer.wait()
            try:
                return self._attempt(data)
            except _PassingError as failure:
                why = str(failure)
                if attempt == self._attempts or (failure.wait or 0) > LONGEST_WAIT:
                    break
                self._pacer.pause(_pause(attempt, failure.wait))
        plural = "attempt" if attempt == 1 else "attempts"
        raise CannotRunError(
            f"the endpoint {self._place} gave no answer after {attempt} {plural}: {why}",
            hint="see whether it is up, and run the same command again: what was answered already is not asked again",
        )

    def hide(self, text: str) -> str:
        """Return a text without the key."""
        return text.replace(self._key, _HIDDEN) if self._key else text

    @property
    def _place(self) -> str:
        return urlsplit(self._url).netloc

    def _attempt(self, data: bytes) -> dict[str, Any] | Refused:
        import urllib3

        deadline = time.monotonic() + self._timeout
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=data,
                headers=self._headers,
                timeout=urllib3.Timeout(total=self._timeout),
                preload_content=False,
                redirect=False,
            )
            try:
                content = _read(response, deadline)
            except BaseException:
                response.close()
                raise
            response.release_conn()
        except urllib3.exceptions.NewConnectionError as error:  # Counts as a time limit there, which it is not.
            raise _PassingError(f"the connection failed: {_cause(error)}") from error
        except urllib3.exceptions.TimeoutError as error:
            raise _PassingError(f"no answer within {self._timeout:g} seconds") from error
        except urllib3.exceptions.SSLError as error:
            raise CannotRunError(
                f"the endpoint {self._place} has no certificate that this machine trusts: {first_line(error)}"
            ) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise _PassingError(f"the connection failed: {self.hide(_cause(error))}") from error
        return self._judged(response.status, response.headers, content)

    def _judged(self, status: int, headers: Mapping[str, str], content: bytes) -> dict[str, Any] | Refused:
        text = self.hide(content.decode("utf-8", errors="replace"))
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        if 200 <= status < 300:
            if not isinstance(answer, dict):
                raise _PassingError("the answer is not a JSON object")
            return answer
        message, code = _complaint(answer, text)
        told = f"status {status}{f': {message}' if message else ''}"
        if code == "insufficient_quota":
            raise CannotRunError(f"the endpoint {self._place} gives no more answers: {told}")
        if status in {408, 409, 429} or status >= 500:
            raise _PassingError(told, _asked_wait(headers.get("Retry-After")))
        if status in {400, 413, 422}:
            return Refused(status, message or "no reason given", code)
        raise CannotRunError(f"the endpoint {self._place} refuses: {told}", hint=_HINTS.get(status))


_HINTS = {
    401: "see whether the environment variable that `api_key_env` names holds a key for this endpoint",
    403: "see whether the key may use this model",
    404: "see whether `base_url` ends where `/chat/completions` begins, and whether the server has the model",
}


def _read(response: Any, deadline: float) -> bytes:
    """Read the body in pieces, within the time of the attempt and not more than an answer can be."""
    pieces: list[bytes] = []
    size = 0
    while piece := response.read1(_PIECE, decode_content=True):
        pieces.append(piece)
        size += len(piece)
        if size > LARGEST_ANSWER:
            raise _PassingError(f"the answer is longer than {LARGEST_ANSWER >> 20} MiB")
        if time.monotonic() > deadline:
            raise _PassingError("the answer was not complete in time")
    return b"".join(pieces)


def _pause(attempt: int, asked: float | None) -> float:
    """Return the seconds before the next attempt: what the server asked for, else a random share of a doubling time."""
    # Random, so that many clients do not come back all at once; it decides nothing that is recorded.
    spread = random.random()  # noqa: S311
    if asked is not None:
        return asked + spread * FIRST_WAIT
    return min(LONGEST_WAIT, FIRST_WAIT * float(2 ** (attempt - 1))) * (0.5 + spread / 2)


def _asked_wait(value: str | None) -> float | None:
    """Read ``Retry-After``: seconds or a date (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return max(0.0, (aware - dt.datetime.now(dt.UTC)).total_seconds())


def _complaint(answer: Any, text: str) -> tuple[str, str]:
    """Return message and code of an error body, whichever of the usual forms it has."""
    error = answer.get("error", answer) if isinstance(answer, dict) else None
    if isinstance(error, dict):
        message = error.get("message") or error.get("detail") or ""
        code = error.get("code") or error.get("type") or ""
        return " ".join(str(message).split())[:_SHOWN], str(code)
    return " ".join((error if isinstance(error, str) else text).split())[:_SHOWN], ""


def _cause(error: BaseException) -> str:
    """Return what a library says of a connection, without the objects that it wraps it in."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return str(inner.strerror)
        inner = inner.__cause__ or inner.__context__
    return first_line(error) if isinstance(error, Exception) else type(error).__name__
