"""The odoo command: its configuration, its processes, its databases and its logs."""

import contextlib
import dataclasses
import functools
import json
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path

from .cluster import PORT, ROLE
from .console import Failure, call, note
from .store import CHECKOUT, digest, locked, remove, state

MODULE = "welfare_facility"
SERIES = "19.0"
# Folders and files of the checkout that are no part of what a database contains.
NOT_INSTALLED = {"dev", "tests", "readme", "run", "test", "bench", "LICENSE"}
# Settings of the developer's own that must not reach an Odoo process of ours.
FOREIGN = re.compile(r"PG|ODOO|PYTHON|OPENERP|VIRTUAL_ENV|LC_|LANG|TZ$")

LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\d [\d:,]+) (?P<pid>\d+) (?P<level>[A-Z]+) "
    r"(?P<database>\S+) (?P<logger>\S+): (?P<message>.*)"
)
RESULT = re.compile(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests when loading")
SKIPPED = re.compile(r"skipped (.+?) : (.*)")

_children = {}  # each process with its leash
_children_lock = threading.Lock()


class Odoo:
    """An Odoo 19 with this checkout among its addons.

    :param Cluster cluster: the server of its databases
    :param list command: how to start the odoo command
    :param dict environment: variables that its processes get
    """

    def __init__(self, cluster, command, environment):
        self.cluster = cluster
        self.command = [str(word) for word in command]
        self.environment = _environment(environment)
        self.logs = state() / "logs"
        self.logs.mkdir(exist_ok=True)
        self.data = state() / "odoo"
        self.data.mkdir(exist_ok=True)
        self.configuration = state() / "odoo.conf"
        self.version = self._check_version()
        self._configure()

    def _check_version(self):
        said = call(
            [*self.command, "--version"], "odoo --version", env=self.environment
        )
        match = re.search(r"Odoo Server (\S+)", said)
        if not match or not match[1].startswith(SERIES):
            found = match[0] if match else "something else"
            raise Failure(
                f"{self.command[-1]} is {found}, but Odoo {SERIES} is needed: name one "
                "with ODOO_BIN, or unset it to have one fetched."
            )
        return match[1]

    def _configure(self):
        """Write the configuration. The checkout may have any name; Odoo takes an
        addon's name from its folder's, so it is offered under a link."""
        addons = state() / "addons"
        addons.mkdir(exist_ok=True)
        link = addons / MODULE
        if not link.is_symlink() or link.readlink() != CHECKOUT:
            link.unlink(missing_ok=True)
            link.symlink_to(CHECKOUT)
        secret = state() / "master-password"
        if not secret.exists():
            secret.touch(0o600)
            secret.write_text(secrets.token_urlsafe())
        settings = {
            "addons_path": addons,
            "admin_passwd": secret.read_text(),
            "data_dir": self.data,
            "db_host": self.cluster.socket,
            "db_port": PORT,
            "db_user": ROLE,
            "http_interface": "127.0.0.1",
            "list_db": False,
            "limit_time_cpu": 600,
            "limit_time_real": 1200,
        }
        text = "".join(f"{key} = {value}\n" for key, value in settings.items())
        if self.configuration.exists() and self.configuration.read_text().endswith(
            text
        ):
            return
        self.configuration.touch(0o600)
        self.configuration.write_text(f"[options]\n{text}")

    # === Processes ===

    def start(self, arguments, output, *, verb=(), stdin=None):
        """Start the odoo command, to die with this process whatever ends it.

        :param arguments: options
        :param output: open file or pipe for what it prints
        :param verb: sub-command, such as ``("module", "uninstall")``
        :param stdin: open file that it reads, or None
        :rtype: subprocess.Popen
        """
        command = [*self.command, *verb, "-c", self.configuration, *arguments]
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL if stdin is None else stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=self.environment,
            cwd=state(),
            # Ctrl-C is for the command; it stops its children itself, and in order.
            start_new_session=True,
        )
        with _children_lock:
            _children[child] = _leash(child)
        return child

    def run(self, database, *arguments, log, verb=(), script=None):
        """Run the odoo command to its end.

        :param str log: name of the log file
        :param str script: Python source for its standard input, or None
        :rtype: Log
        """
        file = self.logs / f"{log}.log"
        source = self.logs / f"{log}.py"
        if script is not None:
            source.write_text(script)
        with open(file, "w") as output, contextlib.ExitStack() as stack:
            stdin = stack.enter_context(open(source)) if script is not None else None
            child = self.start(
                ["-d", database, *arguments], output, verb=verb, stdin=stdin
            )
            try:
                status = child.wait()
            finally:
                stop(child)
        return Log(file, status)

    def install(self, database, modules, *arguments, log):
        """Install modules; the database is made when it is not there."""
        return self.run(
            database,
            *("-i", ",".join(modules), "--stop-after-init", "--max-cron-threads=0"),
            *arguments,
            log=log,
        )

    def upgrade(self, database, *arguments, log):
        """Upgrade the addon."""
        return self.run(
            database,
            *("-u", MODULE, "--stop-after-init", "--max-cron-threads=0", "--no-http"),
            *arguments,
            log=log,
        )

    def shell(self, database, script, *, log):
        """Run a script that finds ``env`` in its names."""
        return self.run(
            database,
            "--no-http",
            log=log,
            verb=("shell",),
            script=script,
        )

    # === Databases ===

    def filestore(self, database):
        return self.data / "filestore" / database

    def drop(self, database):
        """Delete a database with its files."""
        self.cluster.drop(database)
        remove(self.filestore(database))

    def rename(self, database, name):
        """Give a database another name; a crash in the middle leaves the old one."""
        remove(self.filestore(name))
        if self.filestore(database).exists():
            self.filestore(database).rename(self.filestore(name))
        self.cluster.rename(database, name)

    def copy(self, template, name):
        """Make a database that equals another one."""
        self.cluster.create(name, template)
        remove(self.filestore(name))
        if self.filestore(template).exists():
            # Files of the store are named after their content and never change.
            shutil.copytree(
                self.filestore(template), self.filestore(name), copy_function=os.link
            )

    def template(self, modules, *, demo=False, after=""):
        """Return the name of a database that has these modules, to be copied.

        It is made once for each version of Odoo and each set of modules.

        :param str after: script for the shell, run when they are installed
        """
        key = digest(self.version, self.command, sorted(modules), demo, after)
        name = f"template_{key}"
        with locked(state() / "template.lock", "waiting for a template database"):
            if name not in self.cluster.databases():
                self._make_template(name, key, modules, demo, after)
        return name

    def _make_template(self, name, key, modules, demo, after):
        making = f"making_{key}"
        self.drop(making)
        note(f"template database: installing {', '.join(modules)}")
        options = ["--no-http", *(["--with-demo"] if demo else [])]
        self.install(making, modules, *options, log=name).require("The template")
        if after:
            self.shell(making, after, log=f"{name}-after").require("The template")
        self.rename(making, name)


class Log:
    """What an odoo process has written.

    :ivar list problems: lines of level WARNING or worse, each with what follows it
    """

    def __init__(self, path, status):
        self.path = path
        self.status = status
        self.text = path.read_text(errors="replace")

    @functools.cached_property
    def records(self):
        """Return the lines, each joined with those that belong to it."""
        records = []
        for line in self.text.splitlines():
            match = LINE.match(line)
            if match:
                records.append(Record(**match.groupdict(), lines=[line]))
            elif records:
                records[-1].lines.append(line)
        return records

    @property
    def problems(self):
        return [record.text for record in self.records if record.is_problem()]

    @property
    def tests(self):
        """Return how many tests ran and how many of them failed."""
        counts = [tuple(map(int, found)) for found in RESULT.findall(self.text)]
        ran = sum(total for _failed, _errors, total in counts)
        bad = sum(failed + errors for failed, errors, _total in counts)
        return ran, bad

    @property
    def skipped(self):
        """Return the skipped tests, each with its reason."""
        found = (SKIPPED.match(record.message) for record in self.records)
        return [f"{match[1]}: {match[2]}" for match in found if match]

    def tail(self, count=15):
        return "\n".join(self.text.splitlines()[-count:])

    def require(self, what):
        """Accept only a good end.

        :raise Failure: with the last words of the process
        """
        if self.status:
            raise Failure(
                f"{self.tail()}\n\n{what} failed; above are the last lines, the whole "
                f"log is {self.path}"
            )
        return self


@dataclasses.dataclass
class Record:
    """One entry of a log."""

    time: str
    pid: str
    level: str
    database: str
    logger: str
    message: str
    lines: list

    @property
    def text(self):
        return "\n".join(self.lines)

    def is_problem(self):
        return self.level in ("WARNING", "ERROR", "CRITICAL")


def stop(child, patience=20):
    """End a process and what it started, in an orderly way if it can."""
    try:
        if child.poll() is None:
            _signal(child, signal.SIGTERM, whole=False)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(patience)
        _signal(child, signal.SIGKILL)
        child.wait()
    finally:
        with _children_lock:
            leash = _children.pop(child, None)
        if leash:
            leash.kill()
            leash.communicate()


def _leash(child):
    """Start what ends a process, with the browsers that it started, once this process
    is gone: its standard input closes then, even after kill -9."""
    script = f"read _; kill -s TERM {child.pid}; sleep 5; kill -s KILL -- -{child.pid}"
    return subprocess.Popen(
        ["sh", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def stop_all():
    """End all processes that are still running."""
    with _children_lock:
        children = list(_children)
    for child in children:
        _signal(child, signal.SIGTERM, whole=False)
    for child in children:
        stop(child, patience=5)


def _signal(child, number, *, whole=True):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if whole:
            os.killpg(child.pid, number)
        else:
            os.kill(child.pid, number)


def _environment(extra):
    """Return the variables for Odoo: the user's, less what would steer it."""
    environment = {
        name: value for name, value in os.environ.items() if not FOREIGN.match(name)
    }
    # A proxy has no business between a test and the server on the same machine.
    local = "localhost,127.0.0.1"
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, (os.environ.get(name), local)))
    return {**environment, "LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1", **extra}


def free_port():
    """Return a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def fingerprint():
    """Return a digest of all files that a database takes from the addon."""
    parts = []
    for folder, names, files in os.walk(CHECKOUT):
        inside = Path(folder).relative_to(CHECKOUT)
        names[:] = sorted(
            name
            for name in names
            if not name.startswith((".", "__pycache__"))
            and not (folder == str(CHECKOUT) and name in NOT_INSTALLED)
        )
        for name in sorted(files):
            at_root = folder == str(CHECKOUT)
            if name.startswith(".") or name.endswith((".md", ".pyc")):
                continue
            if at_root and (name in NOT_INSTALLED or name.endswith(".toml")):
                continue
            content = (Path(folder) / name).read_bytes()
            parts.append(f"{inside / name} {digest(content)}")
    return digest(*parts)


def notes(cluster, database):
    """Return what ./run noted about a database."""
    try:
        return json.loads(cluster.comment(database) or "{}")
    except ValueError:
        return {}
