"""./test: everything that a change must pass, or only what is named.

./test                                   everything
./test test_welfare_region                       one file of tests/
./test test_welfare_region.TestRegion            one class
./test test_welfare_region.TestRegion.test_tree  one method
./test lint i18n tours                   gates by their names (see --list)
"""

import argparse
import contextlib
import dataclasses
import functools
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from . import apt, crash, translations
from .console import Failure, guard, note, say
from .machine import ready
from .odoo import MODULE, free_port, stop_all
from .store import CHECKOUT, DAY, remove, state

TESTS = CHECKOUT / "tests"
DEMO_TAG = "welfare_demo"  # tests that need the demonstration data

# What Odoo's own linter can say about a single addon; the rest of it is about Odoo.
ODOO_LINT = (
    "ManifestLinter",
    "PotLinter",
    "RoutesLinter",
    "TestIndex",
    "TestLintOverrideSignatures",
    "TestNaming",
    "TestTestHoles",
)

# Lines of level WARNING or worse that are let pass: (pattern, why).
ALLOWED = ()


class Wrong(Exception):
    """What a gate found; the message is shown below its line."""


@dataclasses.dataclass
class Gate:
    """One check.

    :ivar str name: how it is called on the command line
    :ivar str title: what it makes sure of
    :ivar check: function that takes the :class:`Bench` and may raise :class:`Wrong`;
        it may return (tests that ran, tests that failed)
    :ivar needs: name of the database that it works on, or None
    """

    name: str
    title: str
    check: Callable
    needs: str | None = None


class Suite:
    """One run: its databases, and the gates' results."""

    def __init__(self, odoo):
        self.odoo = odoo
        self.passed = self.failed = 0
        self.databases = {}
        self.interrupted = False
        self._lock = threading.Lock()

    def run(self, gate, stack):
        """Run a gate and print its line."""
        began = time.monotonic()
        tests = bad = 0
        try:
            if gate.needs and not self._has_addon(gate.needs):
                raise Wrong("it needs an installation that went through")
            tests, bad = gate.check(self, stack) or (0, 0)
            problem = None
        except (Wrong, Failure) as error:
            problem = str(error)
            tests, bad = getattr(error, "counts", (0, 0))
        if self.interrupted:
            return
        seconds = time.monotonic() - began
        with self._lock:
            self.passed += tests - bad + (problem is None)
            self.failed += bad + (problem is not None)
        count = f", {tests} tests" if tests else ""
        verdict = "FAILED" if problem is not None else "ok"
        note(f"{verdict:<7}{gate.title} ({seconds:.0f} s{count})")
        if problem is not None:
            say("\n".join(f"         {line}" for line in problem.splitlines()))

    def lend(self, stack, name, *, demo=False):
        """Make a database that the later gates of a lane find under this name."""
        database = stack.enter_context(scratch(self.odoo, name, demo=demo))
        self.databases[name] = database
        return database

    def _has_addon(self, name):
        """Tell whether the addon is installed, even if with warnings."""
        query = f"SELECT state FROM ir_module_module WHERE name = '{MODULE}'"
        database = self.databases.get(name)
        return database and self.odoo.cluster.sql(query, database) == [["installed"]]

    def tool(self, what, command, **options):
        """Run a checker, which is content when it ends with status 0."""
        result = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=self.odoo.environment,
            **options,
        )
        (self.odoo.logs / f"{what}.log").write_text(result.stdout)
        if result.returncode:
            raise Wrong(_shorten(result.stdout) or f"{what} ended badly")


# === Gates: the source ===


def check_ruff(suite, stack):
    ruff = [suite.odoo.python, "-m", "ruff"]
    suite.tool("ruff", [*ruff, "check", "--output-format=concise", "."], cwd=CHECKOUT)
    suite.tool("ruff-format", [*ruff, "format", "--check", "--diff", "."], cwd=CHECKOUT)


def check_pylint(suite, stack):
    suite.tool(
        "pylint",
        [
            suite.odoo.python,
            "-m",
            "pylint",
            f"--rcfile={CHECKOUT / '.pylintrc'}",
            MODULE,
        ],
        cwd=state() / "addons",
    )


def check_oca(suite, stack):
    """Check the data files with the association's own hooks."""
    program = suite.odoo.python.parent / "oca-checks-odoo-module"
    suite.tool("oca-checks", [program, MODULE], cwd=state() / "addons")


# === Gates: without demonstration data ===


def check_tests(suite, stack):
    database = suite.lend(stack, "plain")
    _require_browser()
    return _test(suite, database, f"/{MODULE}", "tests")


def check_translations(suite, stack):
    exported = translations.export(suite.odoo, suite.databases["plain"])
    command = [suite.odoo.python, translations.__file__, "faults", exported]
    result = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True
    )
    if result.returncode or result.stdout.strip():
        raise Wrong(_shorten(result.stdout + result.stderr))


def check_crash(suite, stack):
    """Kill PostgreSQL while others post."""
    database = suite.databases["plain"]
    found = crash.check(suite.odoo, database, "crash")
    bad = found["lost"] or found["unknown"] or found["differences"]
    if bad or not found["is_balanced"] or not found["is_once"]:
        raise Wrong(f"the fund ledger after the death of PostgreSQL: {found}")


def install_plain(suite, stack):
    database = suite.lend(stack, "plain")
    log = suite.odoo.install(database, [MODULE], "--no-http", log="install")
    _inspect(log)


# === Gates: with demonstration data ===


def install_demo(suite, stack):
    database = suite.lend(stack, "demo", demo=True)
    return _test(suite, database, DEMO_TAG, "demo", demo=True)


def check_upgrade(suite, stack):
    _inspect(suite.odoo.upgrade(suite.databases["demo"], log="upgrade-test"))


def check_odoo_lint(suite, stack):
    tags = ",".join(f"/test_lint:{name}" for name in ODOO_LINT)
    return _test(suite, suite.databases["demo"], tags, "odoo-lint", module="test_lint")


def check_uninstall(suite, stack):
    odoo, database = suite.odoo, suite.databases["demo"]
    log = odoo.run(database, MODULE, verb=("module", "uninstall"), log="uninstall")
    _inspect(log)
    before = _catalogue(odoo, odoo.template(dependencies(), demo=True))
    left = sorted(_catalogue(odoo, database) - before)
    left = [item for item in left if MODULE.split("_")[0] in item]
    left += [
        f"{count} rows of {table}"
        for table, count in odoo.cluster.sql(LEFT_ROWS, database)
        if count != "0"
    ]
    if left:
        raise Wrong("the uninstallation left behind:\n" + "\n".join(left))


CATALOGUE = """
SELECT 'relation ' || relname FROM pg_class
 WHERE relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'column ' || attrelid::regclass || '.' || attname FROM pg_attribute
 WHERE attnum > 0 AND NOT attisdropped
   AND attrelid IN (SELECT oid FROM pg_class
                     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace)
UNION ALL
SELECT 'function ' || oid::regprocedure FROM pg_proc
 WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger ' || tgname || ' on ' || tgrelid::regclass FROM pg_trigger
 WHERE NOT tgisinternal
UNION ALL
SELECT 'type ' || typname FROM pg_type
 WHERE typnamespace = 'public'::regnamespace
UNION ALL
SELECT 'schema ' || nspname FROM pg_namespace
UNION ALL
SELECT 'event trigger ' || evtname FROM pg_event_trigger
"""
LEFT_ROWS = f"""
SELECT 'ir_model_data', count(*) FROM ir_model_data WHERE module = '{MODULE}'
UNION ALL
SELECT 'ir_model', count(*) FROM ir_model WHERE model LIKE 'welfare.%'
UNION ALL
SELECT 'ir_model_fields', count(*) FROM ir_model_fields
 WHERE model LIKE 'welfare.%' OR name LIKE 'welfare\\_%'
UNION ALL
SELECT 'ir_attachment', count(*) FROM ir_attachment WHERE res_model LIKE 'welfare.%'
UNION ALL
SELECT 'mail_message', count(*) FROM mail_message WHERE model LIKE 'welfare.%'
UNION ALL
SELECT 'ir_config_parameter', count(*) FROM ir_config_parameter
 WHERE key LIKE 'welfare\\_%' OR key LIKE 'welfare.%'
"""


def _catalogue(odoo, database):
    return {row[0] for row in odoo.cluster.sql(CATALOGUE, database)}


# The two lanes run side by side; each one's gates run in this order.
LANES = (
    (
        Gate("tests", "installation without demo data, and all tests", check_tests),
        Gate("i18n", "zh_CN complete and up to date", check_translations, "plain"),
        Gate("crash", "the books when PostgreSQL is killed", check_crash, "plain"),
    ),
    (
        Gate("ruff", "ruff", check_ruff),
        Gate("pylint", "pylint-odoo", check_pylint),
        Gate("oca", "data files (oca-odoo-pre-commit-hooks)", check_oca),
        Gate("demo", "installation with demo data, and its tests", install_demo),
        Gate("upgrade", "upgrade", check_upgrade, "demo"),
        Gate("odoo-lint", "Odoo's own test_lint", check_odoo_lint, "demo"),
        Gate(
            "uninstall", "uninstallation leaves nothing behind", check_uninstall, "demo"
        ),
    ),
)
PLAIN = Gate("plain", "installation without demo data", install_plain)
GATES = {gate.name: gate for lane in LANES for gate in lane}
GROUPS = {"lint": ("ruff", "pylint", "oca", "odoo-lint"), "tours": ("test_tours",)}


# === Databases and logs ===


@contextlib.contextmanager
def scratch(odoo, name, *, demo=False):
    """Lend a database that has what the addon depends on, and delete it afterwards."""
    database = f"test_{os.getpid()}_{name}"
    template = odoo.template(dependencies(), demo=demo)
    odoo.drop(database)
    odoo.copy(template, database)
    try:
        yield database
    finally:
        odoo.drop(database)


@functools.cache
def dependencies():
    """Return the addons that this one depends on, from its manifest."""
    import ast

    manifest = ast.literal_eval((CHECKOUT / "__manifest__.py").read_text())
    return tuple(sorted({"web", *manifest.get("depends", ["base"])}))


def sweep(odoo):
    """Delete the databases of runs that were killed."""
    for database in odoo.cluster.databases():
        match = re.match(r"test_(\d+)_", database)
        if match and not os.path.exists(f"/proc/{match[1]}"):
            odoo.drop(database)


def _test(suite, database, tags, log, *, module=MODULE, demo=False):
    """Install an addon with tests, and hold the run to account.

    :return: (tests that ran, tests that failed)
    :raise Wrong: for a failure, a skipped test, a warning, or no test at all
    """
    result = suite.odoo.install(
        database,
        [module],
        *("--test-tags", tags, "--http-port", free_port()),
        *(["--with-demo"] if demo else []),
        log=log,
    )
    ran, bad = result.tests
    counts = ran, bad + len(result.skipped)
    try:
        _inspect(result)
        if result.skipped:
            raise Wrong("skipped tests:\n" + "\n".join(result.skipped))
        if not ran:
            raise Wrong(f"no test ran, the log is {result.path}")
        if bad:
            raise Wrong(f"{bad} tests failed, the log is {result.path}")
    except Wrong as error:
        error.counts = counts
        raise
    return counts


def _inspect(log):
    """Accept a log without problems only."""
    problems = [
        text
        for text in log.problems
        if not any(re.search(pattern, text) for pattern, _why in ALLOWED)
    ]
    if problems:
        raise Wrong(_shorten("\n".join(problems)) + f"\nthe log is {log.path}")
    if log.status:
        raise Wrong(
            f"{log.tail()}\nOdoo ended with {log.status}, the log is {log.path}"
        )


def _require_browser():
    if not any(shutil.which(name) for name in apt.BROWSERS):
        raise Wrong("there is no Chromium, so the browser tours cannot run")


def _shorten(text, limit=120):
    lines = text.strip().splitlines()
    if len(lines) > limit:
        lines[limit // 2 : -limit // 2] = [f"… {len(lines) - limit} lines …"]
    return "\n".join(lines)


# === What is named ===


def resolve(name):
    """Turn the name of a file, class or method of the tests into Odoo's tag for it.

    :return: (file, tag)
    """
    path = name.removeprefix("tests/")
    stem, _dot, rest = path.replace(".py", "").partition(".")
    file = TESTS / f"{stem}.py"
    if not file.exists():
        rest = path
        klass, _dot, method = path.rpartition(".")
        wanted = klass or method
        kind = "def" if wanted.startswith("test_") else "class"
        found = [
            file
            for file in sorted(TESTS.glob("test_*.py"))
            if re.search(rf"^ *{kind} {wanted}\b", file.read_text(), re.MULTILINE)
        ]
        if len(found) != 1:
            problem = "in several files" if found else "nowhere in tests/"
            raise Failure(f"{name} is {problem}; ./test --list tells what there is.")
        file = found[0]
        rest = f".{path}" if kind == "def" else path
    if rest and not rest.startswith(".") and not rest[0].isupper():
        rest = f".{rest}"  # a method, whatever its class
    selector = rest if rest.startswith(".") or not rest else f":{rest}"
    return file, f"/{MODULE}/tests/{file.name}{selector}"


def named(names):
    """Return the gates for names given on the command line."""
    names = [part for name in names for part in GROUPS.get(name, (name,))]
    chosen, plain, demo = [], [], []
    for name in names:
        if name in GATES:
            chosen.append(name)
        else:
            file, tag = resolve(name)
            # Any tag will do: what is named runs even if it is not a standard test.
            wants_demo = f'"{DEMO_TAG}"' in file.read_text()
            (demo if wants_demo else plain).append(f"*{tag}")
    gates = []
    if "demo" in {GATES[name].needs for name in chosen}:
        chosen.append("demo")
    order = [gate for lane in LANES for gate in lane]
    for gate in order:
        if gate.needs == "plain" and gate.name in chosen and "tests" not in chosen:
            if PLAIN not in gates:
                gates.append(PLAIN)
            gates.append(gate)
        elif gate.name in chosen:
            gates.append(gate)
    for tags, with_demo in ((plain, False), (demo, True)):
        if tags:
            gates.append(_gate_for(tags, with_demo))
    return gates


def _gate_for(tags, with_demo):
    def check(suite, stack):
        database = suite.lend(stack, "named", demo=with_demo)
        return _test(suite, database, ",".join(tags), "named", demo=with_demo)

    return Gate("named", " ".join(tag[1:].split("/tests/")[1] for tag in tags), check)


def main():
    return guard(_main)


def _main(arguments):
    parser = argparse.ArgumentParser(
        prog="./test",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="tell what can be named")
    options = parser.parse_args(arguments)
    if options.list:
        for gate in GATES.values():
            say(f"{gate.name:<24}{gate.title}")
        for name, members in GROUPS.items():
            say(f"{name:<24}= {' '.join(members)}")
        for file in sorted(TESTS.glob("test_*.py")):
            say(file.stem)
        return 0
    lanes = [named(options.names)] if options.names else LANES
    with ready() as odoo:
        sweep(odoo)
        _own_logs(odoo)
        suite = Suite(odoo)
        _run_lanes(suite, lanes)
    say(f"{suite.passed} passed, {suite.failed} failed")
    return 1 if suite.failed or not suite.passed else 0


def _own_logs(odoo):
    """Keep this run's logs apart, for several may go on in one checkout, and delete
    those of the days before."""
    for folder in odoo.logs.glob("test-*"):
        if time.time() - folder.stat().st_mtime > DAY:
            remove(folder)
    odoo.logs = odoo.logs / f"test-{os.getpid()}"
    odoo.logs.mkdir(exist_ok=True)


def _run_lanes(suite, lanes):
    """Run the lanes side by side, one per core."""
    errors = queue.Queue()

    def work(lane):
        try:
            with contextlib.ExitStack() as stack:
                for gate in lane:
                    if not suite.interrupted:
                        suite.run(gate, stack)
        except BaseException as error:
            errors.put(error)

    threads = [
        threading.Thread(target=work, args=(lane,), daemon=True) for lane in lanes
    ]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
    except BaseException:
        note("stopping")
        suite.interrupted = True
        stop_all()
        for thread in threads:
            thread.join(30)  # they delete their databases
        raise
    if not errors.empty():
        raise errors.get()


if __name__ == "__main__":
    sys.exit(main())
