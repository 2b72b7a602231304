"""A real PostgreSQL on loopback for an `mlflow server`, started by the tests and ended by its process id."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL that is installed, None without one."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def database() -> Iterator[str]:
    """Make a cluster in a folder of its own, run it, and give the address of its database."""
    # Not below the folder of pytest, which every other session closes to all but its own user.
    with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
        yield from _running(Path(folder))


def _running(folder: Path) -> Iterator[str]:
    place = programs()
    assert place is not None
    folder.chmod(0o755)
    data, port = folder / "data", free_port()
    data.mkdir()
    # PostgreSQL refuses to run as root.
    account = pwd.getpwnam("postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name)
    shutil.chown(data, account.pw_uid, account.pw_gid)
    who = {"user": account.pw_uid, "group": account.pw_gid} if os.getuid() == 0 else {}
    made = subprocess.run(
        [place / "initdb", "-D", data, "-U", "mlflow", "-A", "trust", "-E", "UTF8", "--no-sync"],
        capture_output=True, text=True, check=False, **who,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    with (folder / "postgres.log").open("wb") as log:
        process = subprocess.Popen(
            [place / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", str(data), "-F"],
            stdout=log, stderr=log, **who,
        )  # fmt: skip
    address = f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/postgres"
    try:
        _wait(port, process, folder / "postgres.log")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    import psycopg2

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            psycopg2.connect(host="127.0.0.1", port=port, user="mlflow", dbname="postgres", connect_timeout=2).close()
            return
        except psycopg2.OperationalError:
            time.sleep(0.2)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()[-2000:]}")
