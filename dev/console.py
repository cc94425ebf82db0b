"""The screen: steps with the seconds gone by, and failures in one sentence."""

import contextlib
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

START = time.monotonic()
HEARTBEAT = 15  # seconds after which a silent step says that it is still at work

_screen = threading.Lock()


class Failure(Exception):
    """Something that the user can mend; its message is all that he is shown."""


def say(text=""):
    """Print lines at once, unmixed with those of other threads."""
    with _screen:
        print(text, flush=True)


def note(text):
    """Print a line headed by the seconds since the command started."""
    say(f"[{time.monotonic() - START:4.0f} s] {text}")


@contextlib.contextmanager
def step(text, detail=None):
    """Announce a piece of work, and remind of it while it lasts.

    :param str text: what is being done
    :param detail: function that tells how far it is, or None
    """
    done = threading.Event()

    def remind():
        while not done.wait(HEARTBEAT):
            note(f"{text} … {detail() if detail else 'still at it'}")

    note(text)
    threading.Thread(target=remind, daemon=True).start()
    try:
        yield
    finally:
        done.set()


# What a tool's complaint means to somebody who only typed ./run.
REASONS = (
    (
        r"No space left on device|ENOSPC|not enough free space",
        "the disk is full: free some space and start again",
    ),
    (
        r"Temporary failure resolving|Could not resolve|Name or service not known"
        r"|Temporary failure in name resolution|Network is unreachable|ENOTFOUND"
        r"|EAI_AGAIN|ENETUNREACH|ECONNREFUSED|ETIMEDOUT|Connection refused"
        r"|NewConnectionError|Connection timed out|Failed to fetch|Could not connect"
        r"|No route to host|ECONNRESET|EHOSTUNREACH",
        "there is no way to the package registry: check the network and start again",
    ),
    (
        r"Could not get lock|is locked by another process|lock-frontend",
        "another package manager is at work: wait for it and start again",
    ),
    (
        r"a password is required|a terminal is required|not in the sudoers",
        "sudo refused: start from a terminal as a user who may use sudo",
    ),
)


def explain(output):
    """Turn the output of a failed tool into one sentence."""
    for pattern, sentence in REASONS:
        if re.search(pattern, output):
            return sentence
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def call(command, what, *, log=None, outlives=False, **options):
    """Run a tool to its end and return what it printed.

    :param list command: the command line
    :param str what: name of the work, for the message when it fails
    :param Path log: file that keeps the output, or None
    :param bool outlives: whether it goes on when this process is killed
    :param options: passed on to ``subprocess.run``
    :raise Failure: when the tool is missing or fails
    """
    command = [str(word) for word in command]
    if not shutil.which(command[0]):
        raise Failure(f"{what}: {command[0]} is missing")
    if not outlives:
        # The kernel ends it when this process ends, even by kill -9.
        command = ["setpriv", "--pdeathsig", "KILL", *command]
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        errors="replace",
        **options,
    )
    if log:
        Path(log).write_text(result.stdout)
    if result.returncode:
        raise Failure(f"{what} failed: {explain(result.stdout)}")
    return result.stdout


def guard(main, arguments=None):
    """Run a command's main function; return its exit status, never a traceback
    for what the user can mend himself."""
    # A closed terminal or a `kill` ends a command as orderly as Ctrl-C does, and Ctrl-C
    # works even where a shell in the background had it ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return main(sys.argv[1:] if arguments is None else arguments)
    except Failure as failure:
        print(f"\n{failure}", file=sys.stderr, flush=True)
        return 2
    except KeyboardInterrupt:
        print(file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        print(f"\n{explain('ENOSPC')}", file=sys.stderr, flush=True)
        return 2


def _interrupt(number, frame):
    raise KeyboardInterrupt
