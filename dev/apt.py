"""System packages: those that are missing, and files from another Debian suite."""

import glob
import importlib.util
import os
import shutil
import sys
from pathlib import Path

from .console import Failure, call, step

BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
CJK_FONTS = (
    "/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK*",
)
POSTGRESQL = "/usr/lib/postgresql/*/bin/initdb"
# Debian's postgresql package makes and starts a server of its own unless told not to.
NO_SERVER = Path("/etc/postgresql-common/createcluster.d/welfare_facility.conf")


def _program(*names):
    return lambda: any(shutil.which(name) for name in names)


def _file(*patterns):
    return lambda: any(glob.glob(pattern) for pattern in patterns)


# package, how to know that the machine has what it is for
PACKAGES = (
    (
        "postgresql",
        lambda: "PG_BIN" in os.environ or _file(POSTGRESQL)() or _program("initdb")(),
    ),
    ("chromium", _program(*BROWSERS)),
    ("fonts-wqy-microhei", _file(*CJK_FONTS)),
    ("poppler-utils", _program("pdftoppm")),
    ("npm", _program("npm")),
    ("python3-venv", lambda: importlib.util.find_spec("ensurepip") is not None),
)


def install_missing():
    """Install the system packages that the machine lacks.

    :raise Failure: when that takes rights or an apt that are not there
    """
    missing = [package for package, present in PACKAGES if not present()]
    if not missing:
        return
    names = " ".join(missing)
    if not shutil.which("apt-get"):
        raise Failure(
            f"This machine lacks {names} and has no apt-get: install what they hold by "
            "hand (PG_BIN may name the folder of PostgreSQL's programs)."
        )
    root = _as_root(names)

    def as_root(what, *command):
        # dpkg must not be cut short, whatever becomes of this process.
        call([*root, *command], what, outlives=True)

    with step(f"system packages: refreshing the lists, for {names}"):
        as_root("apt-get update", "apt-get", "update", "-q")
    with step(f"system packages: installing {names}"):
        own_server = "postgresql" in missing and not NO_SERVER.exists()
        if own_server:
            setting = f"echo create_main_cluster=false > {NO_SERVER}"
            as_root("mkdir", "mkdir", "-p", NO_SERVER.parent)
            as_root("writing PostgreSQL's settings", "sh", "-c", setting)
        try:
            # An installation that was killed leaves packages half configured.
            as_root("dpkg --configure", "dpkg", "--configure", "-a")
            as_root(
                "apt-get install",
                *("env", "DEBIAN_FRONTEND=noninteractive"),
                *("apt-get", "install", "-y", "-q", "--no-install-recommends"),
                *("-o", "DPkg::Lock::Timeout=300"),
                *missing,
            )
        finally:
            if own_server:
                as_root("rm", "rm", "-f", NO_SERVER)
    importlib.invalidate_caches()
    for package, present in PACKAGES:
        if package in missing and not present():
            raise Failure(f"{package} was installed, but what it is for is not there.")


def _as_root(names):
    """Return what to put before a command so that it runs as root."""
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        raise Failure(
            f"This machine lacks {names} and there is no sudo: let an administrator "
            f"run: apt-get install {names}"
        )
    return ["sudo"] if sys.stdin.isatty() else ["sudo", "-n"]


def download(folder, suites, packages):
    """Unpack packages of other suites into a folder, without installing them.

    They come from the Debian mirror that the machine is configured for, through
    lists and caches of their own; the machine's apt is not touched.

    :param Path folder: where the trees are unpacked, one over the other
    :param suites: names of the suites
    :param packages: names of packages, each ``name`` or ``name/suite``
    """
    work = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial", "files"):
        (work / name).mkdir(parents=True)
    source = work / "debian.sources"
    source.write_text(_mirror(suites))
    if not source.read_text().startswith("Types:"):
        source = source.rename(work / "debian.list")
    # Hooks that other software hung into `apt-get update` need root's rights.
    settings = work / "apt.conf"
    settings.write_text(
        "#clear APT::Update::Pre-Invoke;\n"
        "#clear APT::Update::Post-Invoke;\n"
        "#clear APT::Update::Post-Invoke-Success;\n"
    )
    apt = [
        *("apt-get", "-q", "-c", settings),
        *("-o", f"Dir::Etc::sourcelist={source}"),
        *("-o", "Dir::Etc::sourceparts=-"),
        *("-o", f"Dir::State::lists={work / 'lists'}"),
        *("-o", f"Dir::Cache={work / 'cache'}"),
        *("-o", "Dir::State::status=/var/lib/dpkg/status"),
        *("-o", "APT::Sandbox::User=root"),
        *("-o", "APT::Update::Error-Mode=any"),
        *("-o", "Acquire::Retries=2"),
    ]
    files = work / "files"

    def progress():
        parts = [*files.glob("*"), *(work / "lists").rglob("*")]
        return f"{sum(path.stat().st_size for path in parts) / 1e6:.0f} MB"

    with step(f"{packages[0]}: downloading", progress):
        call([*apt, "update"], "apt-get update")
        call([*apt, "download", *packages], "apt-get download", cwd=files)
    with step(f"{packages[0]}: unpacking"):
        for file in sorted(files.glob("*.deb")):
            call(["dpkg-deb", "-x", file, folder], f"unpacking {file.name}")
    shutil.rmtree(work)


def _mirror(suites):
    """Return a source entry like the machine's own one, for other suites."""
    entries = []
    for name in sorted(glob.glob("/etc/apt/sources.list.d/*.sources")):
        for stanza in Path(name).read_text().split("\n\n"):
            entries.append(_deb822(stanza, suites))
    lists = [
        "/etc/apt/sources.list",
        *sorted(glob.glob("/etc/apt/sources.list.d/*.list")),
    ]
    for name in filter(os.path.exists, lists):
        for line in Path(name).read_text().splitlines():
            entries.append(_one_line(line, suites))
    for entry in filter(None, entries):
        return entry
    raise Failure(
        "No Debian mirror is configured on this machine, so Odoo 19 cannot be fetched: "
        "name an installed one, ODOO_BIN=/path/to/odoo ./run"
    )


def _deb822(stanza, suites):
    fields, key = {}, None
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1] in " \t" and key:  # a field that goes on, such as a whole key
            fields[key] += f"\n{line}"
        elif ":" in line:
            key, value = line.split(":", 1)
            fields[key] = value.strip()
    if (
        "deb" not in fields.get("Types", "").split()
        or fields.get("Enabled", "yes").lower() in ("no", "false", "0")
        or not _is_debian(
            fields.get("URIs", ""),
            fields.get("Suites", "").split(),
            fields.get("Components", "").split(),
        )
    ):
        return None
    fields = {
        "Types": "deb",
        **{key: fields[key] for key in fields if key not in ("Types", "Architectures")},
        "Suites": " ".join(suites),
        "Components": "main",
    }
    return "".join(f"{key}: {value}\n" for key, value in fields.items())


def _one_line(line, suites):
    words = line.split("#")[0].split()
    if words[:1] != ["deb"]:
        return None
    options = []
    if words[1].startswith("["):
        end = next(i for i, word in enumerate(words) if word.endswith("]"))
        options, words = words[1 : end + 1], [words[0], *words[end + 1 :]]
    if len(words) < 4 or not _is_debian(words[1], [words[2]], words[3:]):
        return None
    return "".join(
        " ".join(["deb", *options, words[1], suite, "main"]) + "\n" for suite in suites
    )


def _is_debian(address, suites, components):
    """Tell Debian's own archive from its security archive and from other people's."""
    plain = [suite for suite in suites if "-" not in suite and "/" not in suite]
    return "debian" in address and plain and "main" in components
