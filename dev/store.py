"""The cache: where fetched things live, and how half-done ones are never used."""

import contextlib
import fcntl
import hashlib
import itertools
import os
import shutil
import time
from pathlib import Path

from .console import Failure, note, step

CHECKOUT = Path(__file__).resolve().parent.parent
CACHE = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    .expanduser()
    .absolute()
    / "welfare_facility"
)
COMPLETE = ".complete"
DAY = 24 * 60 * 60


def digest(*parts):
    """Return a short name for any combination of texts."""
    joined = "\0".join(str(part) for part in parts)
    return hashlib.sha256(joined.encode()).hexdigest()[:12]


def state():
    """Return the folder of what belongs to this checkout alone (databases' files,
    logs, configuration), made when it is missing."""
    folder = CACHE / "checkouts" / digest(CHECKOUT)
    if not (folder / "checkout").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkout").write_text(str(CHECKOUT))
    return folder


def build(name, inputs, make):
    """Return a folder of the cache, made now unless it is there and complete.

    The folder's name holds a digest of ``inputs``, so a change of them makes a new
    one. A marker, written last, tells a complete folder from one whose making was
    cut short; the latter is thrown away.

    :param str name: what it is
    :param inputs: everything that the content depends on
    :param make: function that fills the empty folder it is given
    """
    folder = CACHE / f"{name}-{digest(*inputs)}"
    if (folder / COMPLETE).exists():
        (folder / COMPLETE).touch()
        return folder
    remove(folder)
    folder.mkdir(parents=True)
    try:
        make(folder)
    except BaseException:
        remove(folder)
        raise
    # The data must be on the disk before the marker that vouches for them.
    os.sync()
    (folder / COMPLETE).touch()
    return folder


def prune():
    """Remove what nobody comes back to: fetched things that were not used for a month,
    and databases and logs of checkouts that have been gone for three days."""
    (state() / "checkout").touch()
    for marker in CACHE.glob(f"*/{COMPLETE}"):
        if _age(marker) > 30 * DAY:
            remove(marker.parent)
    for marker in CACHE.glob("checkouts/*/checkout"):
        if _age(marker) > 3 * DAY and not Path(marker.read_text()).exists():
            remove(marker.parent)


def _age(path):
    return time.time() - path.stat().st_mtime


def remove(folder):
    """Delete a folder if it is there, moving it away first so that no half of it
    can be taken for the whole."""
    folder = Path(folder)
    if not folder.exists():
        return
    with (
        step(f"removing {folder.name}") if _large(folder) else contextlib.nullcontext()
    ):
        away = folder.with_name(f".removed-{os.getpid()}-{time.monotonic_ns()}")
        folder.rename(away)
        shutil.rmtree(away, ignore_errors=True)


def _large(folder):
    return len(list(itertools.islice(folder.rglob("*"), 2000))) == 2000


@contextlib.contextmanager
def locked(path, waiting, *, shared=False):
    """Hold a lock file; the kernel lets go of it even after kill -9.

    :param str waiting: said when the lock is held by another process
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as file:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(file, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            note(waiting)
            fcntl.flock(file, kind)
        yield file


def require_space(folder, megabytes):
    """Refuse to begin what the disk cannot hold.

    :raise Failure: when fewer than ``megabytes`` are free
    """
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise Failure(
            f"The disk is too full: {folder} has {free} MB free and {megabytes} MB are "
            "needed; free some space and start again."
        )
