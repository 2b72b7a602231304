"""A model behind an endpoint is asked over real connections to a small server, which fails as real ones do."""

from __future__ import annotations

import base64
import io
import json
import math
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chat_server import ChatServer, drop, message, send, serving
from PIL import Image
from pydantic import ValidationError

from governance.errors import CannotRunError, InputError
from governance.spec.model import Settings, SubjectSpec
from governance.subjects import endpoint_client
from governance.subjects.descriptors import EndpointOptions
from governance.subjects.endpoint import identify_endpoint, open_endpoint

KEY = "sk-a-secret-that-nobody-may-see"
HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_client, "FIRST_WAIT", 0.01)


def subject(server: ChatServer | str, **options: Any) -> SubjectSpec:
    url = server if isinstance(server, str) else server.url
    given = {"base_url": url, "model": "small", "network": True, **options}
    return SubjectSpec(name="s", version="1", kind="endpoint", task="generate", options=given)


def ask(server: ChatServer | str, prompts: list[str], *, asked: dict | None = None, seeds=(), **options: Any):
    session = open_endpoint(subject(server, **options), HERE, "cpu", Settings())
    return session.generate([{"prompt": prompt} for prompt in prompts], options=asked or {}, seeds=seeds)


def test_greedy_questions_are_sent_as_written_and_counted_by_the_server() -> None:
    with serving(answer=lambda body: message(f"re: {body['messages'][-1]['content']}")) as server:
        rows = ask(server, ["a", "b", "c"], asked={"max_new_tokens": 5}, system="Be brief.", parameters={"top_p": 0.5})
    assert [row["text"] for row in rows] == ["re: a", "re: b", "re: c"]
    assert [(row["item"], row["repeat"]) for row in rows] == [(0, 0), (1, 0), (2, 0)]
    assert rows[0] | {"text": ""} == {
        "item": 0,
        "repeat": 0,
        "text": "",
        "finish_reason": "stop",
        "served_model": "small-2026-11",
        "system_fingerprint": "fp_1",
        "prompt_tokens": 7,
        "completion_tokens": 3,
    }
    first = next(each.body for each in server.seen if each.body["messages"][-1]["content"] == "a")
    assert first == {
        "model": "small",
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "a"}],
        "temperature": 0.0,
        "max_tokens": 5,
        "seed": 0,
        "n": 1,
        "stream": False,
        "top_p": 0.5,
    }
    assert all("authorization" not in each.headers for each in server.seen)


def test_sampled_answers_carry_a_seed_each() -> None:
    with serving(answer=lambda body: message(str(body["seed"]))) as server:
        rows = ask(
            server,
            ["a", "b"],
            asked={"temperature": 0.7},
            seeds=[[1, 2], [3, 2**62 + 4]],
            token_limit="max_completion_tokens",
        )
    assert [(row["item"], row["repeat"], row["text"]) for row in rows] == [
        (0, 0, "1"),
        (0, 1, "2"),
        (1, 0, "3"),
        (1, 1, "4"),  # servers take 31 bits
    ]
    assert {each.body["temperature"] for each in server.seen} == {0.7}
    assert "max_completion_tokens" in server.seen[0].body
    assert "max_tokens" not in server.seen[0].body


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY", raising=False)
    with serving() as server:
        with pytest.raises(CannotRunError, match="'SOME_KEY', which `api_key_env` names, is not set"):
            ask(server, ["a"], api_key_env="SOME_KEY")
        monkeypatch.setenv("SOME_KEY", f"{KEY}\n")
        ask(server, ["a"], api_key_env="SOME_KEY")
        assert [each.headers["authorization"] for each in server.seen] == [f"Bearer {KEY}"]
        monkeypatch.setenv("SOME_KEY", "two\nlines")
        with pytest.raises(InputError, match="holds characters that a key cannot have"):
            ask(server, ["a"], api_key_env="SOME_KEY")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(status: int) -> None:
    def busy(handler: Any, number: int) -> bool:
        return number <= 2 and send(handler, status, b'{"error": {"message": "later"}}')

    with serving(behave=busy) as server:
        rows = ask(server, ["a"])
    assert rows[0]["text"] == "Yes, there is."
    assert len(server.seen) == 3


def test_pauses_grow_and_a_server_that_says_how_long_is_obeyed() -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert endpoint_client._asked_wait("1.5") == 1.5
    assert endpoint_client._asked_wait(moment) == pytest.approx(30, abs=3)
    assert endpoint_client._asked_wait("soon") is None
    for attempt in range(1, 12):
        doubled = min(endpoint_client.LONGEST_WAIT, endpoint_client.FIRST_WAIT * 2 ** (attempt - 1))
        assert all(0.5 * doubled <= endpoint_client._pause(attempt, None) <= doubled for _ in range(20))

    def later(handler: Any, number: int) -> bool:
        return number == 1 and send(handler, 429, b"{}", {"Retry-After": "0.4"})

    with serving(behave=later) as server:
        ask(server, ["a"])
    assert server.seen[1].at - server.seen[0].at >= 0.4

    def tomorrow(handler: Any, number: int) -> bool:
        return send(handler, 429, b"{}", {"Retry-After": "86400"})

    with (
        serving(behave=tomorrow) as server,
        pytest.raises(CannotRunError, match="after 1 attempt: status 429"),
    ):
        ask(server, ["a"])


def test_a_server_that_hangs_is_left_after_the_time_limit() -> None:
    def hang(handler: Any, number: int) -> bool:
        return number == 1 and (time.sleep(0.6) or drop(handler))

    with serving(behave=hang) as server:
        assert ask(server, ["a"], timeout=0.2)[0]["text"] == "Yes, there is."

    def drip(handler: Any, number: int) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        try:
            for _ in range(20):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(0.05)
        except OSError:
            pass
        return True

    began = time.monotonic()
    with serving(behave=drip) as server, pytest.raises(CannotRunError, match=r"not complete in time|no answer within"):
        ask(server, ["a"], timeout=0.2, attempts=2)
    assert time.monotonic() - began < 5


def cut(handler: Any) -> bool:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"choices": [')
    handler.wfile.flush()
    return drop(handler)


BROKEN = {
    "not JSON": lambda handler: send(handler, 200, b"<html>hello</html>"),
    "no object": lambda handler: send(handler, 200, b"[1, 2]"),
    "nested beyond reason": lambda handler: send(handler, 200, b"[" * 200_000),
    "connection dropped": drop,
    "answer cut off": cut,
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_answer_is_asked_for_again_and_then_given_up_with_a_reason(fault: str) -> None:
    broken = BROKEN[fault]
    with serving(behave=lambda handler, number: number == 1 and broken(handler)) as server:
        assert ask(server, ["a"])[0]["text"] == "Yes, there is."
    with (
        serving(behave=lambda handler, number: broken(handler)) as server,
        pytest.raises(CannotRunError, match=r"127\.0\.0\.1:\d+ gave no answer after 3 attempts: "),
    ):
        ask(server, ["a"], attempts=3)
    assert len(server.seen) == 3


def test_a_server_that_is_down_is_an_error_of_the_environment() -> None:
    with serving() as server:
        gone = server.url
    with pytest.raises(CannotRunError, match="gave no answer after 2 attempts: the connection failed: Connection ref"):
        ask(gone, ["a", "b"], attempts=2)


def test_an_answer_that_is_no_chat_completion_is_said_at_once() -> None:
    with (
        serving(behave=lambda handler, number: send(handler, 200, b'{"choices": []}')) as server,
        pytest.raises(CannotRunError, match="not a chat completion"),
    ):
        ask(server, ["a"])
    assert len(server.seen) == 1


@pytest.mark.parametrize(("status", "hint"), [(401, "api_key_env"), (403, "this model"), (404, "base_url"), (302, "")])
def test_what_will_not_pass_is_not_repeated(status: int, hint: str) -> None:
    def refuse(handler: Any, number: int) -> bool:
        return send(handler, status, b'{"error": {"message": "no"}}', {"Location": "http://127.0.0.1:9/v1"})

    with serving(behave=refuse) as server, pytest.raises(CannotRunError, match=f"status {status}: no") as caught:
        ask(server, ["a"], concurrency=1)
    assert len(server.seen) == 1
    assert hint in (caught.value.hint or "")


def test_refused_filtered_and_empty_answers_are_rows_with_a_reason() -> None:
    answers = {
        "empty": message("  "),
        "null": message(None),
        "refusal": message(None, message={"refusal": "I cannot help with that."}),
        "filter": message("cut", finish_reason="content_filter"),
        "parts": message([{"type": "text", "text": "in "}, {"type": "text", "text": "parts"}]),
        "surrogate": message("half \ud800 pair"),
        "long": message("stopped", finish_reason="length"),
    }

    def too_long(handler: Any, number: int) -> bool:
        content = server.seen[number - 1].body["messages"][-1]["content"]
        return content == "refused" and send(handler, 400, b'{"error": {"message": "context too long"}}')

    with serving(answer=lambda body: answers[body["messages"][-1]["content"]], behave=too_long) as server:
        rows = dict(zip([*answers, "refused"], ask(server, [*answers, "refused"], concurrency=1), strict=True))
    reasons = {name: (row.get("status", "ok"), row.get("reason", "")) for name, row in rows.items()}
    assert reasons == {
        "empty": ("rejected", "the answer is empty"),
        "null": ("rejected", "the answer is empty"),
        "refusal": ("rejected", "the model refused to answer"),
        "filter": ("rejected", "the server withheld the answer (content_filter)"),
        "parts": ("ok", ""),
        "surrogate": ("ok", ""),
        "long": ("ok", ""),
        "refused": ("rejected", "the server refused the request (status 400): context too long"),
    }
    assert rows["parts"]["text"] == "in parts"
    assert rows["refusal"]["text"] == "I cannot help with that."
    assert rows["surrogate"]["text"] == "half ? pair"
    assert rows["long"]["finish_reason"] == "length"


def test_a_server_that_refuses_every_request_stops_the_run() -> None:
    content = b'{"object": "error", "message": "logprobs are not\\n supported"}'
    with (
        serving(behave=lambda handler, number: send(handler, 400, content)) as server,
        pytest.raises(CannotRunError, match=r"every request \(status 400\): logprobs are not supported"),
    ):
        ask(server, ["a", "b"], top_logprobs=3)


def test_log_probabilities_of_answer_and_choices_are_those_the_server_gives() -> None:
    yes, capital, no = math.log(0.3), math.log(0.2), math.log(0.1)
    first = {
        "token": "yes",
        "logprob": yes,
        "top_logprobs": [
            {"token": "yes", "logprob": yes},  # once, although it is the chosen one too
            {"token": " Yes", "logprob": capital},
            {"token": "no", "logprob": no},
            {"token": "not", "logprob": no},
        ],
    }
    tokens = [first, {"token": ".", "logprob": -0.5}]
    with serving(answer=lambda body: message("yes.", logprobs={"content": tokens})) as server:
        row = ask(server, ["a"], asked={"choices": ("yes", "no", "maybe")}, top_logprobs=5)[0]
    assert (server.seen[0].body["logprobs"], server.seen[0].body["top_logprobs"]) == (True, 5)
    assert row["tokens"] == 2
    assert row["log_probability"] == pytest.approx(yes - 0.5)
    assert row["choice_yes"] == pytest.approx(math.log(0.5))
    assert row["choice_no"] == pytest.approx(no)
    assert "choice_maybe" not in row
    odd: list[Any] = [None, {}, {"content": []}, {"content": ["x"]}, {"content": [{"token": 3, "logprob": "x"}]}]
    for logprobs in odd:
        with serving(answer=lambda body, given=logprobs: message("yes.", logprobs=given)) as server:
            row = ask(server, ["a"], asked={"choices": ("yes", "no")}, top_logprobs=5)[0]
        assert row["text"] == "yes."
        assert "choice_yes" not in row
        assert "log_probability" not in row


def test_images_travel_as_lossless_files_before_the_question() -> None:
    image = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
    with serving() as server:
        session = open_endpoint(subject(server), HERE, "cpu", Settings())
        session.generate([{"prompt": "what?", "image": image}], options={}, seeds=[])
        with pytest.raises(InputError, match="names an image that was not read"):
            session.generate([{"prompt": "what?", "image": "a.png"}], options={}, seeds=[])
    picture, text = server.seen[0].body["messages"][0]["content"]
    assert text == {"type": "text", "text": "what?"}
    kind, data = picture["image_url"]["url"].split(",")
    assert kind == "data:image/png;base64"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))), image)


def test_requests_are_paced_and_only_so_many_are_under_way() -> None:
    def slow(body: dict[str, Any]) -> dict[str, Any]:
        time.sleep(0.05)
        return message("yes")

    with serving(answer=slow) as server:
        ask(server, ["a"] * 8, concurrency=3)
    assert server.most_at_once == 3
    with serving() as server:
        ask(server, ["a"] * 5, concurrency=5, requests_per_minute=600)
    assert max(each.at for each in server.seen) - min(each.at for each in server.seen) >= 4 * 0.1 - 0.02


def test_a_key_that_the_server_repeats_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", KEY)
    with serving(answer=lambda body: message(f"your key is {KEY}")) as server:
        assert ask(server, ["a"], api_key_env="SOME_KEY")[0]["text"] == "your key is [key]"
    told = json.dumps({"error": {"message": f"wrong key {KEY}"}}).encode()
    for status in (401, 429, 500):
        with (
            serving(behave=lambda handler, number, status=status: send(handler, status, told)) as server,
            pytest.raises(CannotRunError, match="wrong key") as caught,
        ):
            ask(server, ["a"], api_key_env="SOME_KEY", attempts=2)
        assert KEY not in repr(caught.getrepr(chain=True))


def test_what_is_asked_makes_the_identity_and_how_does_not() -> None:
    plain = identify_endpoint(subject("https://example.org/v1"), HERE)
    same = subject(
        "https://example.org/v1", api_key_env="KEY", timeout=5, attempts=2, concurrency=9, requests_per_minute=3
    )
    assert identify_endpoint(same, HERE) == plain
    for other in (
        subject("https://example.com/v1"),
        subject("https://example.org/v1", model="large"),
        subject("https://example.org/v1", system="Be brief."),
        subject("https://example.org/v1", parameters={"top_p": 0.5}),
        subject("https://example.org/v1", top_logprobs=5),
    ):
        assert identify_endpoint(other, HERE) != plain
    later = subject("https://example.org/v1").model_copy(update={"version": "2"})
    assert identify_endpoint(later, HERE) != plain


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"network": False}, "write `network: true`"),
        ({"base_url": "https://user:password@example.org/v1"}, "no user, password"),
        ({"base_url": "https://example.org/v1?key=x"}, "no user, password"),
        ({"base_url": "ftp://example.org"}, "must be an address"),
        ({"base_url": "http://[::1/v1"}, "no address"),
        ({"base_url": "http://example.org/v1", "api_key_env": "KEY"}, "only sent over https"),
        ({"api_key_env": "sk-not a name"}, "match pattern"),
        ({"parameters": {"seed": 3}}, "must not hold 'seed'"),
    ],
)
def test_options_that_leak_or_mislead_are_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        EndpointOptions.model_validate({"base_url": "https://example.org/v1", "model": "m", "network": True, **options})
