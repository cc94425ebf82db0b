"""The private PostgreSQL server: on a unix socket only, never as root, shared by the
commands that run at the same time, and able to start again after any kind of crash."""

import contextlib
import fcntl
import glob
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .console import Failure, call, explain, note, step
from .store import digest, locked, remove, state

ROLE = "welfare"  # Odoo refuses to work as `postgres`
OLDEST = 13
PORT = 5432  # names the socket file, nothing listens on it
SOCKET_LIMIT = 107  # bytes in the path of a unix socket
# Root's home is closed to the system user that the server runs as.
SYSTEM_FOLDER = Path("/var/lib/welfare_facility")
SETTINGS = f"""
listen_addresses = ''
port = {PORT}
max_connections = 200
shared_buffers = 256MB
work_mem = 16MB
maintenance_work_mem = 128MB
effective_cache_size = 2GB
random_page_cost = 1.1
log_timezone = 'UTC'
timezone = 'UTC'
"""


class Cluster:
    """A PostgreSQL server of this checkout's own.

    :param Path folder: where it is kept; another one than usual is another server
    :ivar Path programs: folder of PostgreSQL's programs
    :ivar Path data: the data folder
    :ivar Path socket: folder of the socket, closed to other users
    """

    def __init__(self, folder=None):
        self.programs, self.version = _find_programs()
        self._account = _account()
        self._state = folder or state() / "cluster"
        self._state.mkdir(exist_ok=True)
        if self._account:
            base = SYSTEM_FOLDER / self._name()
        else:
            base = self._state
        self.base = base
        self.data = base / f"data-{self.version}"
        self.log = base / "server.log"
        self.socket = _socket_folder(base)

    def _name(self):
        """Return the name of the data folder outside the cache. It is kept in the
        cache, so that a removed cache does not find databases without their files."""
        file = self._state / "name"
        if not file.exists():
            file.write_text(secrets.token_hex(6))
        return file.read_text()

    # === Being used ===

    @contextlib.contextmanager
    def running(self):
        """Hold the server up; the last one that leaves stops it."""
        users = open(self._state / "users.lock", "a")
        with users:
            with self._guarded():
                fcntl.flock(users, fcntl.LOCK_SH)
                self._make()
                self._start()
            try:
                yield self
            finally:
                with self._guarded():
                    try:
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        pass  # somebody else still works with it
                    else:
                        self._stop()

    def revive(self):
        """Start the server again if it died while it was in use.

        :return: whether it had
        """
        if self._server_pid() in self._processes():
            return False
        with self._guarded():
            self._start()
        return True

    def _guarded(self):
        return locked(
            self._state / "start.lock",
            "PostgreSQL: waiting for another command that starts or stops it",
        )

    # === Making ===

    def _make(self):
        if (self.data / "complete").exists():
            return
        with step(f"PostgreSQL {self.version}: making a private server"):
            self._sweep()
            self._kill(self._processes())
            for folder in (self.base, self.data, self.socket):
                if folder == self.data:
                    remove(folder)
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(0o700)
                self._own(folder)
            if self._account:
                # The way there must be open to the system user, and to nobody's eyes.
                SYSTEM_FOLDER.chmod(0o711)
                (self.base / "owner").write_text(str(self._state))
            self._call(
                "initdb",
                *(
                    "-D",
                    self.data,
                    "-U",
                    "postgres",
                    "-A",
                    "trust",
                    "--no-instructions",
                ),
                *("-E", "UTF8", "--locale=C.UTF-8"),
            )
            with open(self.data / "postgresql.conf", "a") as file:
                file.write(SETTINGS)
                file.write(f"unix_socket_directories = '{self.socket}'\n")
            marker = self.data / "complete"
            self._start()
            sql = f"CREATE ROLE {ROLE} LOGIN CREATEDB"
            self.sql(sql, role="postgres")
            marker.touch()

    def _sweep(self):
        """Remove servers whose cache has been removed."""
        if not self._account:
            return
        for owner in SYSTEM_FOLDER.glob("*/owner"):
            name = Path(owner.read_text()) / "name"
            if not name.exists() or name.read_text() != owner.parent.name:
                self._kill(
                    pid
                    for data in owner.parent.glob("data-*")
                    for pid in _processes_in(data)
                )
                remove(owner.parent)

    def _own(self, path):
        if self._account:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    # === Starting and stopping ===

    def _start(self):
        processes = self._processes()
        server = self._server_pid()
        if server not in processes:
            # Without a living server of this folder, whatever process has the number
            # in the pid file is somebody else's, and PostgreSQL must not mistake it.
            if processes:
                note("PostgreSQL: ending what a killed server left behind")
                self._kill(processes)
            for leftover in (
                self.data / "postmaster.pid",
                *self.socket.glob(f".s.PGSQL.{PORT}*"),
            ):
                leftover.unlink(missing_ok=True)
            self._launch()
        self._await()

    def _launch(self):
        self.socket.mkdir(exist_ok=True)  # folders under /tmp do not last
        self.socket.chmod(0o700)
        self._own(self.socket)
        with step(f"PostgreSQL {self.version}: starting"):
            self._call(
                "pg_ctl", "start", "-w", "-t", "120", "-D", self.data, "-l", self.log
            )

    def _await(self):
        """Wait for an answer: a server that somebody else started may be recovering."""
        for _ in range(120):
            check = self._run("pg_isready", "-q", "-h", self.socket, "-p", str(PORT))
            if check.returncode == 0:
                return
            time.sleep(0.5)
        raise Failure(
            f"PostgreSQL runs as process {self._server_pid()} but does not answer; end "
            f"that process and start again (its log is {self.log})."
        )

    def _stop(self):
        self._run("pg_ctl", "stop", "-w", "-t", "60", "-m", "fast", "-D", self.data)

    def _server_pid(self):
        """Return the process number in the pid file, which may be stale, or None."""
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n")[0])
        except (FileNotFoundError, ValueError):
            return None

    def _processes(self):
        return _processes_in(self.data)

    def _kill(self, processes):
        processes = list(processes)
        for number in (signal.SIGTERM, signal.SIGQUIT, signal.SIGKILL):
            for pid in processes:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            for _ in range(50):
                processes = [pid for pid in processes if os.path.exists(f"/proc/{pid}")]
                if not processes:
                    return
                time.sleep(0.1)

    # === Programs ===

    def _options(self):
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PG") and name not in ("LANGUAGE", "LC_ALL")
        }
        environment["LC_ALL"] = "C.UTF-8"
        options = {"cwd": "/", "env": environment}
        if self._account:
            environment["HOME"] = str(self.base)
            options |= {
                "user": self._account.pw_uid,
                "group": self._account.pw_gid,
                "extra_groups": [],
            }
        return options

    def _run(self, program, *arguments):
        return subprocess.run(
            [str(word) for word in (self.programs / program, *arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._options(),
        )

    def _call(self, program, *arguments):
        # The server keeps its output open, so only a file can be waited for.
        output = self._state / f"{program}.log"
        with open(output, "w+") as file:
            result = subprocess.run(
                [str(word) for word in (self.programs / program, *arguments)],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                **self._options(),
            )
        if result.returncode:
            said = output.read_text(errors="replace")
            if program == "pg_ctl" and self.log.exists():
                said += self.log.read_text(errors="replace")[-2000:]
            raise Failure(
                f"PostgreSQL's {program} failed: {explain(said)} (log: {self.log})"
            )

    # === Databases ===

    def sql(self, statement, database="postgres", *, role=ROLE):
        """Run a statement and return its rows, each a list of texts.

        :raise Failure: with PostgreSQL's own words
        """
        command = [
            *(
                self.programs / "psql",
                "-X",
                "-q",
                "-A",
                "-t",
                "-F",
                "\x1f",
                "-R",
                "\x1e",
            ),
            *("-v", "ON_ERROR_STOP=1", "-h", self.socket, "-p", PORT),
            *("-U", role, "-d", database, "-c", statement),
        ]
        output = call(command, "PostgreSQL", **self._options())
        rows = output.rstrip("\n").split("\x1e") if output.strip("\n") else []
        return [row.split("\x1f") for row in rows]

    def databases(self):
        """Return the names of all databases of Odoo's."""
        query = (
            "SELECT datname FROM pg_database d JOIN pg_roles r ON r.oid = datdba "
            f"WHERE rolname = '{ROLE}'"
        )
        return {name for (name,) in self.sql(query)}

    def create(self, name, template="template0"):
        """Create a database, as a copy of another one or empty."""
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def drop(self, name):
        """Delete a database if it is there, whoever is connected to it."""
        # Only a superuser may end an autovacuum that happens to be in it.
        statement = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
        self.sql(statement, role="postgres")

    def rename(self, name, new_name):
        self.sql(f'ALTER DATABASE "{name}" RENAME TO "{new_name}"')

    def comment(self, name):
        """Return what was noted about a database, or an empty text."""
        query = (
            "SELECT coalesce(shobj_description(oid, 'pg_database'), '') "
            f"FROM pg_database WHERE datname = '{name}'"
        )
        return "".join(text for (text,) in self.sql(query))

    def set_comment(self, name, text):
        quoted = text.replace("'", "''")
        self.sql(f"COMMENT ON DATABASE \"{name}\" IS '{quoted}'")


def _find_programs():
    """Return the folder of PostgreSQL's programs and its major version."""
    if "PG_BIN" in os.environ:
        folders = [Path(os.environ["PG_BIN"])]
    else:
        folders = [Path(path) for path in glob.glob("/usr/lib/postgresql/*/bin")]
        on_path = shutil.which("initdb")
        folders += [Path(on_path).parent] if on_path else []
    found = []
    for folder in folders:
        version = _version(folder)
        if version:
            found.append((version, folder))
    if not found:
        raise Failure(
            f"PostgreSQL's programs (initdb, pg_ctl, psql) are not in "
            f"{' or '.join(map(str, folders)) or 'any usual place'}: install "
            "postgresql, or name their folder, PG_BIN=/path/to/bin"
        )
    version, folder = max(found)
    if version < OLDEST:
        raise Failure(
            f"PostgreSQL {version} in {folder} is too old: Odoo 19 needs {OLDEST} or "
            "newer; name the folder of another one, PG_BIN=/path/to/bin"
        )
    return folder, version


def _version(folder):
    if not all((folder / name).exists() for name in ("initdb", "pg_ctl", "psql")):
        return None
    said = call([folder / "postgres", "--version"], "postgres --version")
    match = re.search(r"\) (\d+)", said)
    return int(match[1]) if match else None


def _account():
    """Return the system account for the server, or None for one's own."""
    if os.geteuid():
        return None
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        raise Failure(
            "PostgreSQL does not run as root and there is no system user postgres: "
            "install the package postgresql, or start as an ordinary user."
        ) from None


def _socket_folder(base):
    folder = base / "socket"
    longest = folder / f".s.PGSQL.{PORT}.lock"
    if len(os.fsencode(longest)) <= SOCKET_LIMIT:
        return folder
    runtime = os.environ.get("XDG_RUNTIME_DIR") or "/tmp"
    return Path(runtime) / f"welfare-{os.getuid()}-{digest(base)}"


def _processes_in(data):
    """Return the numbers of the PostgreSQL processes of a data folder: they all work
    in that folder, and nothing else does."""
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if os.readlink(f"/proc/{entry.name}/cwd") == str(data.resolve()):
                    program = os.readlink(f"/proc/{entry.name}/exe")
                    if "postgres" in program:
                        found.add(int(entry.name))
    return found
