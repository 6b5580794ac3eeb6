"""A PostgreSQL of a test's own, from the system's packages."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path

HAS_POSTGRESQL = bool(shutil.which("pg_ctl") and shutil.which("postgres"))


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextlib.contextmanager
def postgres(folder: Path):
    """A PostgreSQL of its own, by a user without rights where the test runs as root."""
    binaries = Path(str(shutil.which("pg_ctl"))).resolve().parent
    data, port = folder / "data", free_port()
    prefix: list[str] = []
    if os.geteuid() == 0:
        folder.chmod(0o777)
        for parent in folder.parents:
            if str(parent).startswith("/tmp/"):
                parent.chmod(0o755)
        prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

    def run(*words: str) -> None:
        done = subprocess.run([*prefix, *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    run(str(binaries / "initdb"), "-D", str(data), "-U", "harness", "-A", "trust")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={data}"
    run(
        str(binaries / "pg_ctl"),
        "-D",
        str(data),
        "-w",
        "-l",
        str(data / "log"),
        "-o",
        options,
        "start",
    )
    try:
        yield f"postgresql://harness@127.0.0.1:{port}/postgres"
    finally:
        run(str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
