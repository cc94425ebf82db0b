"""One run of one case, inside an Odoo process; ./bench reads the line it prints."""

import ctypes
import gc
import json
import re
import time
from pathlib import Path

MARK = "BENCH-RESULT "


def measure(env, name, n=None):
    """Run a case once and print what it took.

    :param str name: name of the case
    :param int n: units to do, the case's own number unless given
    """
    from dev.bench_cases import CASES

    case = CASES[name]
    n = n or case.n
    prepared = case.setup(env)
    if case.warm:
        case.run(env, prepared, 1)
    env.flush_all()
    env.invalidate_all()
    gc.collect()
    # What the set-up has freed would else hide what the case takes.
    ctypes.CDLL(None).malloc_trim(0)
    queries = env.cr.sql_log_count
    before = _reset_peak()
    began = time.perf_counter()
    # A case that goes past Odoo's cursor returns the number of its own statements, and
    # one that lets processes compete returns the figures of a unit.
    raw_queries = case.run(env, prepared, n)
    seconds = time.perf_counter() - began
    figures = {}
    if isinstance(raw_queries, dict):
        figures = raw_queries
        raw_queries = figures["queries"] * n
    if raw_queries is None:
        raw_queries = env.cr.sql_log_count - queries
    result = {
        "seconds": seconds / n,
        "queries": raw_queries / n,
        "memory": _memory("VmHWM") - before,
        **figures,
    }
    print(MARK + json.dumps(result), flush=True)


def _reset_peak():
    """Let the kernel measure the peak anew; return the memory in use now, in MB."""
    Path("/proc/self/clear_refs").write_text("5")
    return _memory("VmRSS")


def _memory(kind):
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{kind}:\s+(\d+)", status)[1]) / 1024
