"""./run: make everything ready and serve the addon on this machine, with a database
that shows it at work in Chinese."""

import argparse
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import job, logins
from .console import Failure, guard, note, say, step
from .machine import ready
from .odoo import LINE, MODULE, fingerprint, free_port, is_free, notes, stop
from .store import locked, state

ADDRESS = "127.0.0.1"
MOST_KILLS = 3  # in a minute, before ./run gives up


def main():
    return guard(_main)


def _main(arguments):
    options = _options(arguments)
    if not (options.setup_only or options.imports or is_free(options.port)):
        raise Failure(
            f"Port {options.port} is taken by another program: stop that one, or "
            f"choose another port, ./run --port {options.port + 1}"
        )
    with ready() as odoo:
        prepare(odoo, options)
        if options.imports:
            job.run(odoo, options.database, options.imports, options.report)
        elif not options.setup_only:
            serve(odoo, options)
    return 0


def _options(arguments):
    parser = argparse.ArgumentParser(prog="./run", description=__doc__)
    parser.add_argument("--port", type=int, default=8069, help="8069 unless told")
    parser.add_argument("--database", help="welfare_demo unless told")
    parser.add_argument(
        "--no-demo",
        dest="demo",
        action="store_false",
        help="without demonstration data (the database is then welfare_plain)",
    )
    parser.add_argument(
        "--lang", help="language of the users, zh_CN unless told when it was made"
    )
    parser.add_argument(
        "--workers",
        type=int,
        default=0,
        metavar="N",
        help="serve with N processes (live notifications then need a proxy)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="delete the database and make it anew"
    )
    parser.add_argument(
        "--setup-only", action="store_true", help="make everything ready, do not serve"
    )
    parser.add_argument(
        "--import",
        dest="imports",
        type=Path,
        metavar="FILE",
        help="import a ledger (.xls or .xlsx) instead of serving",
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="OUT.pdf",
        help="with --import: where to print the table",
    )
    options = parser.parse_args(arguments)
    if options.report and not options.imports:
        parser.error("--report goes with --import")
    if options.imports and not options.imports.is_file():
        parser.error(f"{options.imports} is not there")
    if not options.database:
        options.database = "welfare_demo" if options.demo else "welfare_plain"
    if not options.database.replace("_", "").replace("-", "").isalnum():
        parser.error("--database takes letters, digits, - and _")
    return options


# === The database ===


def prepare(odoo, options):
    """Make the database, or bring it up to the addon's present code."""
    name = options.database
    waiting = f"waiting for another command that prepares {name}"
    with locked(state() / f"database-{name}.lock", waiting):
        # Several databases may be served from one checkout, each with logs of its own.
        odoo.logs = odoo.logs / name
        odoo.logs.mkdir(exist_ok=True)
        if options.fresh:
            odoo.drop(name)
        if name not in odoo.cluster.databases():
            _create(odoo, options)
        noted = notes(odoo.cluster, name)
        language = options.lang or noted.get("language") or "zh_CN"
        code = fingerprint()
        if noted.get("fingerprint") != code:
            with step(f"{name}: upgrading, the addon has changed"):
                odoo.upgrade(name, log="upgrade").require("The upgrade")
        if noted.get("language") != language:
            with step(f"{name}: speaking {language}"):
                _speak(odoo, name, language)
        noted |= {"fingerprint": code, "language": language}
        odoo.cluster.set_comment(name, json.dumps(noted))


def _create(odoo, options):
    """Make the database under another name, which it keeps until it is complete."""
    making = f"{options.database}--making"
    language = options.lang or "zh_CN"
    code = fingerprint()
    odoo.drop(making)
    with step(f"{options.database}: making the database, about a minute"):
        odoo.install(
            making,
            [MODULE],
            *("--no-http", "--load-language", language),
            *(["--with-demo"] if options.demo else []),
            log="create",
        ).require("Making the database")
        _speak(odoo, making, language)
    noted = {"fingerprint": code, "language": language, "demo": options.demo}
    odoo.cluster.set_comment(making, json.dumps(noted))
    odoo.rename(making, options.database)


SPEAK = """
language = {language!r}
env["res.lang"]._activate_lang(language)
installed = env["ir.module.module"].search([("state", "=", "installed")])
installed._update_translations([language])
everybody = env["res.users"].with_context(active_test=False).search([])
everybody.partner_id.lang = language
everybody.filtered(lambda user: not user.tz).tz = "Asia/Shanghai"
# The chat robot would stand before the work on a phone.
if "odoobot_state" in everybody._fields:
    everybody.odoobot_state = "disabled"
env["ir.default"].set("res.partner", "lang", language)
env["ir.default"].set("res.partner", "tz", "Asia/Shanghai")
# The login page speaks the browser's language if it can; it shall speak this one.
partners = env["res.partner"].with_context(active_test=False)
partners.search([("lang", "!=", language)]).lang = language
env["res.lang"].search([("code", "!=", language)]).active = False
env.cr.commit()
"""


def _speak(odoo, database, language):
    """Set the language of all users and of the login page."""
    script = SPEAK.format(language=language)
    odoo.shell(database, script, log="language").require("Setting the language")


# === The server ===


def serve(odoo, options):
    """Serve until Ctrl-C; warnings are shown, everything is in the log. What is killed
    under it, Odoo or PostgreSQL, is started again."""
    address = f"http://{ADDRESS}:{options.port}"
    kills = []
    try:
        while True:
            status = _serve_once(odoo, options, address, greet=not kills)
            # A server that is killed at once each time will not get better.
            kills = [moment for moment in kills if time.monotonic() - moment < 60]
            kills.append(time.monotonic())
            if status >= 0 or len(kills) > MOST_KILLS:
                raise Failure(
                    f"Odoo ended by itself ({status}), its log is {_log(odoo)}"
                )
            note(f"Odoo was killed (signal {-status})")
    except KeyboardInterrupt:
        note("stopping")


def _log(odoo):
    return odoo.logs / "server.log"


def _serve_once(odoo, options, address, *, greet):
    """Serve until the server ends, and return its exit status."""
    arguments = ["-d", options.database, "--http-port", options.port]
    arguments += ["--db-filter", f"^{options.database}$"]
    if options.workers:
        arguments += ["--workers", options.workers, "--gevent-port", free_port()]
    note(f"Odoo: starting on {address}")
    server = odoo.start(arguments, subprocess.PIPE)
    watcher = threading.Thread(target=_watch, args=(server, _log(odoo)))
    watcher.start()
    try:
        _await(server, f"{address}/web/login", _log(odoo))
        if greet:
            _greet(odoo, options, address)
        while True:
            try:
                return server.wait(1)
            except subprocess.TimeoutExpired:
                if odoo.cluster.revive():
                    note("PostgreSQL had died and runs again")
    finally:
        stop(server)
        watcher.join()


def _greet(odoo, options, address):
    say(f"\n    {address}\n")
    if notes(odoo.cluster, options.database).get("demo"):
        say(f"{logins.table()}\n")
    say(f"    log: {_log(odoo)}\n    Ctrl-C stops it.\n")


def _watch(server, path):
    """Write what the server prints into its log, and show what is amiss."""
    amiss = False
    with open(path, "w") as log:
        for line in server.stdout:
            line = line.decode(errors="replace")
            log.write(line)
            log.flush()
            match = LINE.match(line)
            if match:
                amiss = match["level"] in ("WARNING", "ERROR", "CRITICAL")
            if amiss:
                say(line.rstrip("\n"))


def _await(server, page, log):
    """Wait for the first page.

    :raise Failure: when the server ends before it answers, or never answers
    """
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if server.poll() is not None:
            tail = "\n".join(log.read_text().splitlines()[-15:])
            raise Failure(f"{tail}\n\nOdoo did not start, its log is {log}")
        try:
            with direct.open(page, timeout=60) as answer:
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as error:
            raise Failure(f"Odoo answers with error {error.code}, see {log}") from error
        except OSError:
            time.sleep(0.2)
    raise Failure(f"Odoo does not answer at {page}, its log is {log}")


if __name__ == "__main__":
    sys.exit(main())
