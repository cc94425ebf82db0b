"""./bench: time, SQL queries and peak memory of this addon's work, next to Odoo's own
documents and to PostgreSQL itself, measured in the same run.

    ./bench                   all cases
    ./bench region payment    those whose names contain one of these, and what they
                              are compared with
    ./bench --list            what there is

Each run of a case is a process of its own with a fresh copy of one database. The cases
take turns, so that a slow moment of the machine hits all of them; the median counts.
Times differ between machines and days, ratios much less.
"""

import argparse
import json
import os
import statistics
import sys

from .bench_cases import CASES
from .bench_worker import MARK
from .console import Failure, guard, say, step
from .machine import ready
from .odoo import MODULE, fingerprint
from .store import CHECKOUT, digest
from .test import sweep

REFERENCES = ("account", "maintenance", "purchase")
SCRIPT = """
import sys

sys.path.append({checkout!r})
from dev.bench_worker import measure

measure(env, {name!r}, {n!r})
"""
ACCOUNTS = """
company = env.company
if not company.chart_template:
    chart = env["account.chart.template"]
    chart.try_loading("generic_coa", company, install_demo=False)
env.cr.commit()
"""


def main():
    return guard(_main)


def _main(arguments):
    options = _options(arguments)
    if options.list:
        for case in CASES.values():
            say(f"{case.name:<28}{case.n:>7} × {case.unit}")
        return 0
    names = _chosen(options.names)
    with ready() as odoo:
        sweep(odoo)
        template = _template(odoo)
        results = {name: [] for name in names}
        for turn in range(options.repeat):
            for name in names:
                with step(f"turn {turn + 1} of {options.repeat}: {name}"):
                    results[name].append(_run(odoo, template, name, options.n))
    say()
    say(_table(results))
    return 0


def _options(arguments):
    parser = argparse.ArgumentParser(
        prog="./bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="tell what there is")
    parser.add_argument("--repeat", type=int, default=5, metavar="N", help="turns")
    parser.add_argument(
        "--n",
        type=int,
        metavar="N",
        help="units of each run",
    )
    return parser.parse_args(arguments)


def _chosen(words):
    """Return the names of the cases meant, with those they are compared with."""
    for word in words:
        if not any(word in name for name in CASES):
            raise Failure(f"No case's name contains {word!r}; see ./bench --list")
    meant = [name for name in CASES if not words or any(w in name for w in words)]
    needed = {other for name in meant for other in CASES[name].against}
    return [name for name in CASES if name in meant or name in needed]


def _template(odoo):
    """Return the database that is copied for each run, made anew when the addon has
    changed."""
    base = odoo.template(REFERENCES, after=ACCOUNTS)
    name = f"bench_{digest(base, fingerprint())}"
    known = odoo.cluster.databases()
    if name in known:
        return name
    for old in known:
        if old.startswith("bench_"):
            odoo.drop(old)
    making = f"test_{os.getpid()}_bench"
    odoo.drop(making)
    odoo.copy(base, making)
    with step("installing the addon beside account and purchase"):
        odoo.install(making, [MODULE], "--no-http", log="bench").require("This")
    odoo.rename(making, name)
    return name


def _run(odoo, template, name, n):
    database = f"test_{os.getpid()}_bench"
    odoo.drop(database)
    odoo.copy(template, database)
    try:
        script = SCRIPT.format(checkout=str(CHECKOUT), name=name, n=n)
        log = odoo.shell(database, script, log=f"bench-{os.getpid()}").require(name)
    finally:
        odoo.drop(database)
    for line in log.text.splitlines():
        if line.startswith(MARK):
            return json.loads(line.removeprefix(MARK))
    raise Failure(f"{name} gave no result, its log is {log.path}")


def _table(results):
    """Return the table: medians, and ratios of time to the cases compared with."""
    medians = {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for name, runs in results.items()
    }
    lines = [
        f"{'case':<24}{'ms/unit':>10}{'spread':>9}{'queries':>9}{'peak MB':>9}"
        "  time against"
    ]
    for name, median in medians.items():
        times = [run["seconds"] for run in results[name]]
        spread = (max(times) - min(times)) / median["seconds"]
        ratios = [
            f"{median['seconds'] / medians[other]['seconds']:.3g} × {other}"
            for other in CASES[name].against
            if other in medians
        ]
        ratios += [
            f"{key} {value:.3g}"
            for key, value in median.items()
            if key not in ("seconds", "queries", "memory")
        ]
        lines.append(
            f"{name:<24}{median['seconds'] * 1000:>10.4g}{spread:>9.0%}"
            f"{median['queries']:>9.3g}{median['memory']:>9.1f}  {', '.join(ratios)}"
        )
    lines.append("")
    lines += [f"{name}: {CASES[name].n} × {CASES[name].unit}" for name in medians]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
