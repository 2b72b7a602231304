"""The child process that makes PDFs: it fetches nothing, has limits, and one document takes no other with it."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from governance.documents.blocks import Audience
from governance.documents.content import Document
from governance.documents.pdf import RENDERER
from governance.documents.pdf.job import job
from governance.errors import CannotRunError

from .sample_pdf import opened

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(RENDERER.missing() is not None, reason="WeasyPrint, pikepdf or Pango is not installed"),
]


def work(folder: Path, *, settings: str = "") -> None:
    """Run the child process on a folder, with other limits where `settings` says so."""
    code = f"from pathlib import Path; from governance.documents.pdf import worker; {settings}worker.main(Path('.'))"
    command = [sys.executable, "-c", code]
    subprocess.run(command, cwd=folder, check=True, env={"PYTHONPATH": str(Path.cwd()), "PATH": "/usr/bin:/bin"})


def prepare(folder: Path, name: str, body: str, document: Document) -> None:
    style = "<style>body { font-family: sans-serif }</style>"
    source = f"<html lang=en><head><title>x</title>{style}</head><body><h1>x</h1>{body}</body></html>"
    (folder / f"{name}.html").write_text(source, "utf-8")
    (folder / f"{name}.data").write_bytes(b"{}")
    job(document, "A4").write(folder / f"{name}.job")


def test_a_hostile_page_fetches_nothing(documents: dict[Audience, Document], tmp_path: Path) -> None:
    asked: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *arguments: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret of this machine")
    web = f"127.0.0.1:{server.server_port}"
    addresses = [f"http://{web}/a.png", f"HTTP://{web}/b", f"ftp://{web}/c", secret.as_uri(), f"FILE://{secret}"]
    body = "".join(
        f'<img alt="i" src="{at}"><object data="{at}"></object><embed src="{at}"><link rel=stylesheet href="{at}">'
        f'<link rel=attachment href="{at}"><a rel=attachment href="{at}">x</a><p style="background: url({at})">x</p>'
        f'<style>@import url("{at}"); @font-face {{ font-family: x; src: url("{at}") }} p {{ font-family: x }}</style>'
        f'<svg viewBox="0 0 9 9" width=9 height=9><title>t</title><image href="{at}" width=9 height=9 /></svg>'
        for at in addresses
    )
    folder = tmp_path / "work"
    folder.mkdir()
    prepare(folder, "00", body, documents["public"])
    try:
        work(folder)
    finally:
        server.shutdown()
    assert asked == []
    with opened((folder / "00.pdf").read_bytes()) as file:
        assert list(file.attachments) == ["public.json"]
        unpacked = io.BytesIO()
        file.save(unpacked, compress_streams=False, stream_decode_level=2)
    assert b"a secret of this machine" not in unpacked.getvalue()


def test_a_document_that_takes_too_long_is_ended_and_the_others_are_made(
    documents: dict[Audience, Document], tmp_path: Path
) -> None:
    endless = "<table>" + "<tr><td>a long table</td><td>of many rows</td></tr>" * 20_000 + "</table>"
    prepare(tmp_path, "00", endless, documents["public"])
    prepare(tmp_path, "01", "<p>short</p>", documents["public"])
    work(tmp_path, settings="worker.PROCESSOR_LIMIT = 3; ")
    assert not (tmp_path / "00.pdf").exists()
    assert (tmp_path / "00.why").read_text() == "it took more than 3 s of processor time"
    assert (tmp_path / "01.pdf").exists()


def test_memory_is_limited_and_never_dumped() -> None:
    code = (
        "import resource; from governance.documents.pdf import worker; worker._limit()\n"
        "assert resource.getrlimit(resource.RLIMIT_CORE) == (0, 0)\n"
        "try: bytearray(worker.MEMORY_LIMIT)\n"
        "except MemoryError: print('refused')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "refused\n"


def test_a_document_that_fails_is_named_and_takes_no_other_with_it(
    documents: dict[Audience, Document],
) -> None:
    odd = documents["engineer"].identity.model_copy(update={"run_id": "läuft"})
    broken = documents["engineer"].model_copy(update={"identity": odd})
    first, second, third = RENDERER.each([documents["public"], broken, documents["clinician"]])
    assert [first, third] == RENDERER.together([documents["public"], documents["clinician"]])
    assert isinstance(second, CannotRunError)
    assert "'Technical report' (engineer) was not made: UnicodeEncodeError" in second.message
    with pytest.raises(CannotRunError, match="Technical report"):
        RENDERER.together([documents["public"], broken])


def test_the_child_process_gets_no_secret_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    from governance.documents.pdf import _environment

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "secret")
    assert "secret" not in _environment().values()
