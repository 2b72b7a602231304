"""A small real server that speaks the chat-completions protocol on loopback, with the faults that real ones have."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Seen:
    """One request as it arrived: body, headers in small letters, and the time."""

    body: dict[str, Any]
    headers: dict[str, str]
    at: float


@dataclass
class ChatServer:
    """What the server saw, and what it does: `behave(handler, number)` may answer itself and then returns True."""

    url: str = ""
    answer: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: message("Yes, there is.")
    behave: Callable[[Any, int], bool] = lambda handler, number: False
    seen: list[Seen] = field(default_factory=list)
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    under_way: int = 0

    def prompts(self) -> list[str]:
        return [each.body["messages"][-1]["content"] for each in self.seen]


def message(content: Any, **more: Any) -> dict[str, Any]:
    """Return one choice of an answer."""
    choice: dict[str, Any] = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    choice["message"] |= more.pop("message", {})
    return {**choice, **more}


def send(handler: Any, status: int, content: bytes, headers: dict[str, str] | None = None) -> bool:
    """Answer with a status and these bytes."""
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
    return True


def drop(handler: Any) -> bool:
    """Close the connection without an answer."""
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True
    return True


@contextmanager
def serving(**behaviour: Any) -> Iterator[ChatServer]:
    """Serve on a free port of this machine."""
    server = ChatServer(**behaviour)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                headers = {key.lower(): value for key, value in self.headers.items()}
                server.seen.append(Seen(body, headers, time.monotonic()))
                number = len(server.seen)
                server.under_way += 1
                server.most_at_once = max(server.most_at_once, server.under_way)
            try:
                if not server.behave(self, number):
                    assert self.path == "/v1/chat/completions", self.path
                    choice = server.answer(body)
                    whole = {
                        "id": "c-1",
                        "object": "chat.completion",
                        "model": f"{body['model']}-2026-11",
                        "system_fingerprint": "fp_1",
                        "choices": [choice],
                        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
                    }
                    send(self, 200, json.dumps(whole).encode(), {"Content-Type": "application/json"})
            finally:
                with server.lock:
                    server.under_way -= 1

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    listener.handle_error = lambda *arguments: None  # type: ignore[method-assign]
    server.url = f"http://127.0.0.1:{listener.server_address[1]}/v1"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
