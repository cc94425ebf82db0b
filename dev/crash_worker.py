"""What runs inside Odoo while ./test kills PostgreSQL."""

import contextlib
import itertools
import json
import os
import signal
import time
from pathlib import Path

from dev.bench_cases import funds
from dev.cluster import _processes_in
from dev.crash import ENOUGH, PATIENCE, WORKERS


def post_and_kill(env, folder, data):
    """Post with several processes until the server is killed under them."""
    account = funds.setup_account(env)
    folder = Path(folder)
    (folder / "account").write_text(str(account.id))
    workers = []
    for number in range(WORKERS):
        pid = os.fork()
        if not pid:
            try:
                _post_until_it_ends(env, account.id, number, folder)
            finally:
                os._exit(0)
        workers.append(pid)
    confirmed = folder / "confirmed"
    until = time.monotonic() + PATIENCE
    while not confirmed.exists() or len(_lines(confirmed)) < ENOUGH:
        if time.monotonic() > until:
            break
        time.sleep(0.005)
    for pid in _processes_in(Path(data)):
        # One that ends by itself meanwhile is dead as well.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in workers:
        os.waitpid(pid, 0)
    os._exit(0)


def _post_until_it_ends(env, account_id, number, folder):
    import odoo.sql_db
    from odoo import api

    uid, database = env.uid, env.cr.dbname
    odoo.sql_db._Pool = odoo.sql_db._Pool_readonly = None
    env.registry._db = odoo.sql_db.db_connect(database)
    with open(folder / "tried", "a") as tried, open(folder / "confirmed", "a") as told:
        for step in itertools.count():
            key = f"{number} {step}"
            tried.write(f"{key}\n")
            tried.flush()
            cr = env.registry.cursor()
            _post(api.Environment(cr, uid, {}), account_id, key)
            cr.commit()
            cr.close()
            told.write(f"{key}\n")
            told.flush()


def _post(env, account_id, key):
    account = env["welfare.fund.account"].browse(account_id)
    account._begin_posting()
    return account._post([funds._posting(account, key)])


def prove(env, folder, data):
    """Compare the ledger with what the processes know, and post all requests again."""
    folder = Path(folder)
    account_id = int((folder / "account").read_text())
    tried, confirmed = _lines(folder / "tried"), _lines(folder / "confirmed")
    posted = _posted(env)
    account = env["welfare.fund.account"].browse(account_id)
    verdict = {
        "confirmed": len(confirmed),
        "tried": len(tried),
        "lost": sorted(set(confirmed) - set(posted)),
        "unknown": sorted(set(posted) - set(tried)),
        "differences": account._find_differences(),
        "is_balanced": account.reserved == 50000 * len(posted),
    }
    for key in tried:
        _post(env, account_id, key)
        env.cr.commit()
    again = _posted(env)
    verdict["is_once"] = len(again) == len(set(again)) == len(set(tried))
    verdict["differences"] += account._find_differences()
    (folder / "verdict").write_text(json.dumps(verdict))


def _lines(path):
    # A line that a killed process could not finish does not count.
    return path.read_text().split("\n")[:-1]


def _posted(env):
    keys = env["welfare.fund.entry"].search([("kind", "=", "reserve")])
    return [
        key.removeprefix("bench ")
        for key in keys.mapped("posting_key")
        if key.startswith("bench ")
    ]
