"""The translation files: `./test i18n` checks them, `python3 -m dev.translations`
brings them up to date and tells what is left to translate.

This file is started in two ways: by the commands above and, because it needs polib,
once more by the environment's Python as a program of its own (see ``__main__`` below).
"""

import re
import sys
from pathlib import Path

I18N = Path(__file__).resolve().parent.parent / "i18n"
TEMPLATE = I18N / "welfare_facility.pot"
CHINESE = I18N / "zh_CN.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[#0 +-]*[\d.]*[a-z]|%[sdf]|\$\{[^}]*\}")


def faults(exported):
    """Return what is wrong with the translation files, each as one line.

    :param Path exported: the template as the present code gives it
    """
    import polib

    wanted = _entries(polib.pofile(str(exported)))
    if not TEMPLATE.exists() or not CHINESE.exists():
        yield "i18n/welfare_facility.pot or i18n/zh_CN.po is missing"
        return
    kept = _entries(polib.pofile(str(TEMPLATE)))
    chinese = polib.pofile(str(CHINESE))
    known = _entries(chinese)
    for key, entry in wanted.items():
        if key not in kept:
            yield f"not in the template: {_name(entry)}"
        elif set(entry.occurrences) != set(kept[key].occurrences):
            yield f"other places in the template: {_name(entry)}"
    for key in kept.keys() - wanted.keys():
        yield f"no longer in the code, but in the template: {_name(kept[key])}"
    for entry in chinese:
        if entry.obsolete or _key(entry) not in wanted:
            yield f"no longer in the code, but in zh_CN.po: {_name(entry)}"
    for key, entry in wanted.items():
        translated = known.get(key)
        if not translated or not translated.msgstr:
            yield f"not translated: {_name(entry)}"
        elif translated.fuzzy:
            yield f"marked fuzzy: {_name(entry)}"
        elif _placeholders(entry.msgid) != _placeholders(translated.msgstr):
            yield f"other placeholders than the original: {_name(entry)}"


def merge(exported):
    """Take over the terms of the present code, keeping what is translated.

    :return: the terms that are not translated
    """
    import polib

    template = polib.pofile(str(exported), wrapwidth=78)
    old = _entries(polib.pofile(str(CHINESE))) if CHINESE.exists() else {}
    chinese = polib.POFile(wrapwidth=78)
    chinese.metadata = {**template.metadata, "Language": "zh_CN"}
    if CHINESE.exists():
        chinese.metadata = polib.pofile(str(CHINESE)).metadata
    missing = []
    for entry in template:
        known = old.get(_key(entry))
        entry.msgstr = known.msgstr if known else ""
        entry.flags = known.flags if known else entry.flags
        if not entry.msgstr:
            missing.append(_name(entry))
        chinese.append(entry)
    I18N.mkdir(exist_ok=True)
    chinese.save(str(CHINESE))
    for entry in template:
        entry.msgstr = ""
        entry.flags = []
    template.save(str(TEMPLATE))
    return missing


def _entries(file):
    return {_key(entry): entry for entry in file if not entry.obsolete}


def _key(entry):
    return entry.msgctxt, entry.msgid


def _name(entry):
    where = ", ".join(f"{path}:{line}".rstrip(":") for path, line in entry.occurrences)
    return f"{entry.msgid!r} ({where})"


def _placeholders(text):
    return sorted(PLACEHOLDER.findall(text))


def export(odoo, database):
    """Write the template that the code of a database gives, and return its path."""
    path = odoo.logs / "exported.pot"
    path.unlink(missing_ok=True)
    odoo.run(
        database,
        *("-o", path, "welfare_facility", "-l", "pot"),
        verb=("i18n", "export"),
        log="i18n-export",
    ).require("The export of the terms")
    return path


def _update(arguments):
    """Bring the files up to date with the code."""
    from .console import call, say, step
    from .machine import ready
    from .test import scratch

    with ready() as odoo, scratch(odoo, "i18n") as database:
        with step("installing the addon to find its terms"):
            odoo.install(
                database, ["welfare_facility"], "--no-http", log="i18n"
            ).require("The installation")
        command = [odoo.python, __file__, "merge", export(odoo, database)]
        say(call(command, "merging the translations").rstrip())
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["faults"]:
        print("\n".join(faults(Path(sys.argv[2]))))
    elif sys.argv[1:2] == ["merge"]:
        missing = merge(Path(sys.argv[2]))
        print("\n".join([*missing, f"{len(missing)} terms are not translated"]))
    else:
        from .console import guard

        sys.exit(guard(_update))
