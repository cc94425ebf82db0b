"""The fund ledger and the death of PostgreSQL: a server of its own is killed (kill -9,
all of its processes) while others post, and comes up again with whole books."""

import contextlib
import json
import os
import subprocess
from pathlib import Path

from .cluster import PORT, ROLE, Cluster
from .console import Failure
from .store import CHECKOUT, remove, state

WORKERS = 4
ENOUGH = 200  # postings that were confirmed before the server dies
PATIENCE = 60  # seconds until it dies anyway

SCRIPT = """
import sys

sys.path.append({checkout!r})
from dev import crash_worker

crash_worker.{function}(env, {folder!r}, {data!r})
"""


def check(odoo, database, log):
    """Kill a server with a copy of a database, and prove the books.

    :param str database: one with the addon
    :return: what the proof has counted
    :rtype: dict
    :raise Failure: something is missing, doubled or wrong
    """
    with _server() as (cluster, folder):
        cluster.create("crash")
        _copy(odoo.cluster, database, cluster)
        for function in ("post_and_kill", "prove"):
            script = SCRIPT.format(
                checkout=str(CHECKOUT),
                function=function,
                folder=str(folder),
                data=str(cluster.data),
            )
            odoo.run(
                "crash",
                *("--no-http", f"--db_host={cluster.socket}"),
                verb=("shell",),
                log=f"{log}-{function}",
                script=script,
            )
            cluster.revive()
        verdict = folder / "verdict"
        if not verdict.exists():
            raise Failure(f"there was no proof; see the logs in {odoo.logs}")
        return json.loads(verdict.read_text())


@contextlib.contextmanager
def _server():
    """Lend a server that may be killed."""
    for leftover in state().glob("crash-*"):
        if not Path(f"/proc/{leftover.name.removeprefix('crash-')}").exists():
            remove(leftover)  # its server goes when the next one is made
    folder = state() / f"crash-{os.getpid()}"
    folder.mkdir()
    cluster = Cluster(folder)
    try:
        with cluster.running():
            yield cluster, folder
    finally:
        if cluster.base != folder:
            remove(cluster.base)
        remove(folder)


def _copy(source, database, target):
    """Bring a database from one server to another."""
    programs = source.programs
    connect = ("-p", str(PORT), "-U", ROLE)
    with subprocess.Popen(
        [programs / "pg_dump", "-h", source.socket, *connect, "-Fc", "-Z0", database],
        stdout=subprocess.PIPE,
    ) as dump:
        restore = subprocess.run(
            [
                programs / "pg_restore",
                *("-h", target.socket, *connect, "-d", "crash", "--no-comments"),
            ],
            stdin=dump.stdout,
            stderr=subprocess.PIPE,
            text=True,
        )
    if dump.returncode or restore.returncode:
        raise Failure(f"the database could not be copied: {restore.stderr}")
