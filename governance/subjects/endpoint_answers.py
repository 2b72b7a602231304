"""What is sent to a chat-completions endpoint for one item, and how its answer becomes a row."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from governance.errors import CannotRunError, InputError
from governance.subjects.endpoint_client import Refused

if TYPE_CHECKING:
    from governance.subjects.descriptors import EndpointOptions

_REJECTED = "rejected"
"""The status of a row without an answer; `governance.harness.protocols.REJECTED`, which this room may not import."""
_SEED_BITS = 31
"""Servers take seeds as signed 32-bit integers."""


def request_body(
    item: Mapping[str, Any], options: EndpointOptions, asked: Mapping[str, Any], seed: int | None
) -> dict[str, Any]:
    """Return the body of the request for one answer to an item.

    Parameters
    ----------
    asked
        Options of the collector: ``max_new_tokens``, ``temperature``.
    seed
        Seed of a sampled answer; greedy answers have none of their own and send 0.
    """
    messages: list[dict[str, Any]] = []
    if options.system is not None:
        messages.append({"role": "system", "content": options.system})
    messages.append({"role": "user", "content": _content(item)})
    body: dict[str, Any] = {
        **options.parameters,
        "model": options.model,
        "messages": messages,
        "temperature": float(asked.get("temperature") or 0.0),
        options.token_limit: int(asked.get("max_new_tokens") or 32),
        "seed": (seed or 0) & ((1 << _SEED_BITS) - 1),
        "n": 1,
        "stream": False,
    }
    if options.top_logprobs is not None:
        body["logprobs"] = True
        if options.top_logprobs:
            body["top_logprobs"] = options.top_logprobs
    return body


def _content(item: Mapping[str, Any]) -> Any:
    """Return the content of the user's message: the prompt, after the item's image where there is one."""
    image = item.get("image")
    if image is None:
        return str(item["prompt"])
    if isinstance(image, str):
        raise InputError("an item names an image that was not read", hint="set `images` in the dataset of questions")
    from PIL import Image

    packed = io.BytesIO()
    Image.fromarray(image).save(packed, format="PNG")
    url = f"data:image/png;base64,{base64.b64encode(packed.getvalue()).decode('ascii')}"
    return [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": str(item["prompt"])}]


def row_of(answer: Mapping[str, Any] | Refused, choices: Sequence[str], spellings: Any) -> dict[str, Any]:
    """Return the columns of one answer.

    ``text``; ``status`` and ``reason`` where there is none; ``finish_reason``, ``served_model`` and
    ``system_fingerprint`` as the server says; ``prompt_tokens`` and ``completion_tokens`` as it counts; and where it
    gives log-probabilities ``log_probability`` (natural, summed over the answer's tokens), ``tokens`` and
    ``choice_<choice>``: from the first token's most probable ones that spell the choice whole, missing where none does.

    Raises
    ------
    CannotRunError
        If the answer is not a chat completion.
    """
    if isinstance(answer, Refused):
        return _without_answer(f"the server refused the request (status {answer.status}): {answer.message}")
    listed = answer.get("choices")
    first: Any = listed[0] if isinstance(listed, list) and listed else None
    message = first.get("message") if isinstance(first, dict) else None
    if not isinstance(message, dict):
        raise CannotRunError(
            "the endpoint's answer is not a chat completion: it has no choices[0].message",
            hint="`base_url` must lead to a server that speaks the chat-completions protocol",
        )
    usage = answer.get("usage")
    row: dict[str, Any] = {
        "text": _plain(message.get("content")),
        "finish_reason": _word(first.get("finish_reason")),
        "served_model": _word(answer.get("model")),
        "system_fingerprint": _word(answer.get("system_fingerprint")),
        "prompt_tokens": _count(usage, "prompt_tokens"),
        "completion_tokens": _count(usage, "completion_tokens"),
        **_log_probabilities(first, choices, spellings),
    }
    refusal = _plain(message.get("refusal"))
    if refusal:
        row |= {"text": row["text"] or refusal, "status": _REJECTED, "reason": "the model refused to answer"}
    elif row["finish_reason"] == "content_filter":
        row |= {"status": _REJECTED, "reason": "the server withheld the answer (content_filter)"}
    elif not row["text"].strip():
        row |= {"status": _REJECTED, "reason": "the answer is empty"}
    return row


def _without_answer(reason: str) -> dict[str, Any]:
    return {"text": "", "status": _REJECTED, "reason": reason}


def _plain(content: Any) -> str:
    """Return the text of a message, which may come in parts."""
    if isinstance(content, list):
        content = "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))
    # A lone surrogate, which JSON can write, is no text that a table can hold.
    return content.encode("utf-8", errors="replace").decode("utf-8") if isinstance(content, str) else ""


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(usage: Any, name: str) -> int | None:
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _log_probabilities(first: Mapping[str, Any], choices: Sequence[str], spellings: Any) -> dict[str, Any]:
    holder = first.get("logprobs")
    tokens = holder.get("content") if isinstance(holder, dict) else None
    if not isinstance(tokens, list) or not tokens or not all(isinstance(token, dict) for token in tokens):
        return {}
    each = [_finite(token.get("logprob")) for token in tokens]
    row: dict[str, Any] = {"tokens": len(tokens)}
    known = [value for value in each if value is not None]
    if len(known) == len(each):
        row["log_probability"] = math.fsum(known)
    listed = tokens[0].get("top_logprobs") or []
    candidates = [tokens[0], *listed] if isinstance(listed, list) else [tokens[0]]
    # The chosen token may be listed among the most probable ones too, and counts once.
    found = {str(entry.get("token")): _finite(entry.get("logprob")) for entry in candidates if isinstance(entry, dict)}
    for choice in choices:
        values = [value for way in sorted(set(spellings(choice))) if (value := found.get(way)) is not None]
        if values:
            largest = max(values)
            row[f"choice_{choice}"] = largest + math.log(math.fsum(math.exp(value - largest) for value in values))
    return row


def _finite(value: Any) -> float | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if number else None
