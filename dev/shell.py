"""`python3 -m dev.shell [COMMAND …]`: a shell, or one command, with everything of this
checkout at hand: `psql DATABASE`, `odoo …` (already configured), `python` with all
packages, and PostgreSQL running as long as it lasts.

    python3 -m dev.shell psql welfare_demo
    python3 -m dev.shell odoo shell -d welfare_demo
    python3 -m dev.shell odoo i18n export -d welfare_demo welfare_facility -l pot zh_CN
"""

import os
import shlex
import subprocess
import sys

from .cluster import PORT, ROLE
from .console import Failure, guard
from .machine import ready
from .store import state


def main():
    return guard(_main)


def _main(arguments):
    command = arguments or [os.environ.get("SHELL", "/bin/sh")]
    with ready() as odoo:
        programs = _programs(odoo)
        environment = {
            **odoo.environment,
            "ODOO_RC": str(odoo.configuration),
            "PATH": os.pathsep.join(
                [
                    str(programs),
                    str(odoo.python.parent),
                    str(odoo.cluster.programs),
                    os.environ["PATH"],
                ]
            ),
            "PGHOST": str(odoo.cluster.socket),
            "PGPORT": str(PORT),
            "PGUSER": ROLE,
            "PGDATABASE": "postgres",
        }
        try:
            return subprocess.run(command, env=environment).returncode
        except FileNotFoundError as error:
            raise Failure(f"{command[0]} is no command.") from error


def _programs(odoo):
    """Write the `odoo` command of this checkout and return its folder. PostgreSQL's
    variables are not for Odoo, which would take its database from them."""
    folder = state() / "bin"
    folder.mkdir(exist_ok=True)
    program = folder / "odoo"
    unset = "unset PGHOST PGPORT PGUSER PGDATABASE"
    program.write_text(f'#!/bin/sh\n{unset}\nexec {shlex.join(odoo.command)} "$@"\n')
    program.chmod(0o755)
    return folder


if __name__ == "__main__":
    sys.exit(main())
