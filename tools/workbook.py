"""Read an ``.xls`` or ``.xlsx`` workbook into plain values, or say why it cannot be.

The file is judged by its content, never by its name. A cell is a plain Python value:
``str``, ``int`` or ``float``, ``bool``, :class:`~datetime.date`,
:class:`~datetime.datetime` (only with a time of day), :class:`~datetime.time`,
:class:`CellError`, or ``None`` when it is empty.
"""

import io
import mmap
import re
import warnings
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import NamedTuple

import openpyxl
import xlrd
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__, default_lang="en_US")

MEBIBYTE = 1024 * 1024
#: Bytes of an uploaded file: 65,536 rows of 14 columns fill 14 MiB as ``.xls``.
MAX_BYTES = 32 * MEBIBYTE
#: Cells of all sheets together, formatted empty ones included: 65,536 rows of 22.
MAX_CELLS = 1_500_000
#: Bytes to which an ``.xlsx`` may unpack: about what the most cells need.
MAX_UNPACKED = 128 * MEBIBYTE
#: XML elements for each cell. Two hold a number and three a formula; a part that has
#: more is made to fill the memory (a bomb of 40 kB was seen to fill 1.2 GB).
_ELEMENTS_PER_CELL = 3

_OLE_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: First record of workbooks older than the OLE container (Excel 2 to 5).
_BIFF_SIGNATURES = (b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x08")
_ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06")
_FOREIGN_SIGNATURES = {
    b"%PDF": _lt("a PDF document"),
    b"\x89PNG": _lt("a picture"),
    b"\xff\xd8\xff": _lt("a picture"),
    b"GIF8": _lt("a picture"),
    b"BM": _lt("a picture"),
    b"II*\x00": _lt("a picture"),
    b"MM\x00*": _lt("a picture"),
    b"{\\rtf": _lt("a text document"),
    b"Rar!": _lt("a compressed archive"),
    b"7z\xbc\xaf": _lt("a compressed archive"),
    b"\x1f\x8b": _lt("a compressed archive"),
}
#: What the text of a file contains near its beginning, the surer sign first.
_TEXT_SIGNS = {
    "urn:schemas-microsoft-com:office:spreadsheet": _lt("an XML spreadsheet of 2003"),
    "mime-version:": _lt("a web archive"),
    "<html": _lt("a web page"),
    "<!doctype html": _lt("a web page"),
    "<table": _lt("a web page"),
}
#: A workbook has no document type; a bomb of nested entities needs one.
_DOCUMENT_TYPES = tuple(
    "<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be")
)
_DOCUMENT_TYPE = max(map(len, _DOCUMENT_TYPES))
#: Bytes of a cell of an ``.xlsx``: a formula has no more than 8,192 signs.
_LONGEST_CELL = 64 * 1024
_XML_STARTS = (b"<", b"\x00<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

_ERROR_CODES = frozenset(xlrd.error_text_from_code.values())
_MERGED_REF = re.compile(
    rb"<(?:\w+:)?mergeCell\b[^>]*?\bref=[\"']([A-Z]+\d+:[A-Z]+\d+)"
)
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
#: A cell that has a formula and no value; an empty text is a value.
_UNCALCULATED = re.compile(
    rb"<(?:\w+:)?c\b(?![^>]*\bt=[\"']str)[^>]*?\br=[\"']([A-Z]+\d+)[^>]*>\s*"
    rb"<(?:\w+:)?f\b(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*"
    rb"</(?:\w+:)?c>"
)


class WorkbookError(ValueError):
    """The file cannot be read as a workbook.

    :ivar message: one translatable sentence that says what is wrong and what to do.
    """

    def __init__(self, message):
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class CellError:
    """The result of a formula that failed, for example ``#REF!``."""

    code: str

    def __str__(self):
        return self.code


#: A formula that no program has calculated yet: the file holds no result.
UNCALCULATED = CellError("=")


class MergedRange(NamedTuple):
    """A merged range, counted from 0; ``bottom`` and ``right`` lie outside of it."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet.

    :ivar str name: the name on its tab.
    :ivar list rows: the values of each row without its empty end, so that rows differ
        in length; the last row is not empty.
    :ivar list merged: the merged ranges; the value stands in their first cell only.
    :ivar bool hidden: people who open the file do not see this sheet.
    :ivar bool date1904: the serial numbers of dates count from 1904, not from 1900.
    """

    name: str
    rows: list[list]
    merged: list[MergedRange] = field(default_factory=list)
    hidden: bool = False
    date1904: bool = False


@dataclass(frozen=True, slots=True)
class Workbook:
    """The worksheets of a file in the order of their tabs."""

    sheets: list[Sheet]


class MappedFile(mmap.mmap):
    """A file that is read where it lies, without a copy of it in the memory."""

    def __new__(cls, path):
        with open(path, "rb") as file:
            return super().__new__(cls, file.fileno(), 0, access=mmap.ACCESS_READ)

    def close(self):
        """Keep it open: xlrd closes what it has read, and messages look into it."""


def cell_name(row, column):
    """Return the name of a cell as spreadsheet programs show it.

    :param int row: counted from 0.
    :param int column: counted from 0.
    :rtype: str
    """
    return f"{get_column_letter(column + 1)}{row + 1}"


def read_workbook(
    content,
    filename,
    *,
    max_bytes=MAX_BYTES,
    max_cells=MAX_CELLS,
    max_unpacked=MAX_UNPACKED,
):
    """Read all worksheets of an ``.xls`` or ``.xlsx`` file.

    :param content: the file, as ``bytes`` or as :class:`MappedFile`.
    :param str filename: its name, which only the messages use.
    :param int max_bytes: the largest file that is read.
    :param int max_cells: the most cells that are read, of all sheets together.
    :param int max_unpacked: the most bytes to which an ``.xlsx`` may unpack.
    :rtype: Workbook
    :raise WorkbookError: whenever there is nothing to read.
    """
    reader = _Reader(content, filename, max_cells, max_unpacked)
    if len(content) > max_bytes:
        raise reader.too_large(len(content), max_bytes)
    try:
        sheets = reader.read_sheets()
    except WorkbookError:
        raise
    except Exception as error:
        # On damaged bytes the libraries fail in any way (struct.error, IndexError,
        # AssertionError, RecursionError …), and all of it means the same to people.
        raise reader.damaged() from error
    if not any(sheet.rows for sheet in sheets):
        raise reader.without_data()
    return Workbook(sheets)


class _Reader:
    """One reading of one file, with what its messages and limits need."""

    def __init__(self, content, filename, max_cells, max_unpacked):
        self.content = content
        self.filename = filename
        self.max_cells = max_cells
        self.max_unpacked = max_unpacked
        self.cells = 0

    def read_sheets(self):
        """Return the sheets of the file."""
        beginning = self.content[: len(_OLE_SIGNATURE)]
        if beginning.startswith((_OLE_SIGNATURE, *_BIFF_SIGNATURES)):
            return self._read_xls()
        if beginning.startswith(_ZIP_SIGNATURES):
            return self._read_xlsx()
        raise self._foreign_file()

    def _count(self, cells):
        """Stop before a sheet that is mostly format fills the memory."""
        self.cells += cells
        if self.cells > self.max_cells:
            raise self._too_many_cells()

    # === .XLS === #

    def _read_xls(self):
        sheets = []
        try:
            # formatting_info gives the merged ranges, on_demand leaves the sheets to
            # be read below, and without a log file xlrd prints its warnings.
            with xlrd.open_workbook(
                file_contents=self.content,
                logfile=io.StringIO(),
                formatting_info=True,
                on_demand=True,
                ragged_rows=True,
            ) as book:
                for index in range(book.nsheets):
                    source = _XlsSheet.of_book(book, index, self._count)
                    sheets.append(
                        Sheet(
                            name=source.name,
                            rows=source.rows,
                            merged=[MergedRange(*each) for each in source.merged_cells],
                            hidden=bool(source.visibility),
                            date1904=bool(book.datemode),
                        )
                    )
        except xlrd.XLRDError as error:
            raise self._unreadable_xls(error) from error
        return sheets

    def _unreadable_xls(self, error):
        """Return what an error of xlrd means to the person who chose the file."""
        if "encrypted" in str(error) or self._lists_stream("EncryptedPackage"):
            return self._protected()
        if "Can't find workbook" in str(error):
            # Other Office documents of the time before 2007.
            if self._lists_stream("WordDocument"):
                return self._not_a_workbook(_lt("a Word document"))
            if self._lists_stream("PowerPoint Document"):
                return self._not_a_workbook(_lt("a presentation"))
        return self.damaged()

    def _lists_stream(self, name):
        """Tell whether the directory of the OLE container names a stream."""
        return self.content.find(name.encode("utf-16-le")) >= 0

    # === .XLSX === #

    def _read_xlsx(self):
        stream = io.BytesIO(self.content)
        with zipfile.ZipFile(stream) as archive:
            self._check_archive(archive)
            with warnings.catch_warnings():
                # openpyxl warns of what it leaves out: pictures, lists of choices …
                warnings.simplefilter("ignore")
                book = openpyxl.load_workbook(
                    stream,
                    read_only=True,
                    data_only=True,
                    keep_links=False,
                )
                date1904 = book.epoch == CALENDAR_MAC_1904
                return [
                    self._read_xlsx_sheet(source, archive, date1904)
                    for source in book.worksheets
                ]

    def _read_xlsx_sheet(self, source, archive, date1904):
        merged, uncalculated = self._scan_sheet(archive, source._worksheet_path)
        # The extent that a file states may be wrong and would cut the table.
        source.reset_dimensions()
        rows = []
        once = _Once()
        for values in source.iter_rows(values_only=True):
            # One for the row itself: a single cell in row 1,048,576 brings all of them.
            self._count(1 + len(values))
            plain = (_plain_value(value) for value in values)
            rows.append(_without_empty_end([once.keep(value) for value in plain]))
        for row, column in uncalculated:
            if row < len(rows):
                rows[row].extend([None] * (column + 1 - len(rows[row])))
                rows[row][column] = UNCALCULATED
        return Sheet(
            name=source.title,
            rows=_without_empty_end(rows),
            merged=merged,
            hidden=source.sheet_state != "visible",
            date1904=date1904,
        )

    def _scan_sheet(self, archive, path):
        """Find what openpyxl's lean mode does not tell.

        :param str path: the part of the sheet.
        :return: its merged ranges, and the positions of formulas without a result.
        """
        # Pieces overlap: what is found twice is one.
        merged, uncalculated = {}, {}
        for xml, _is_xml in _unpack(archive, path, overlap=_LONGEST_CELL):
            for match in _MERGED_REF.finditer(xml):
                if match[1] not in merged:
                    self._count(1)
                    left, top, right, bottom = range_boundaries(match[1].decode())
                    merged[match[1]] = MergedRange(top - 1, bottom, left - 1, right)
            if _FORMULA.search(xml):
                for match in _UNCALCULATED.finditer(xml):
                    column, row, _right, _bottom = range_boundaries(match[1].decode())
                    uncalculated[row - 1, column - 1] = None
        return list(merged.values()), list(uncalculated)

    def _check_archive(self, archive):
        """Refuse what is no workbook, and what would not fit into memory."""
        members = archive.infolist()
        names = {member.filename for member in members}
        if any(member.flag_bits & 1 for member in members):
            raise self._protected()
        if "xl/workbook.bin" in names:
            raise self._not_a_workbook(_lt("a binary workbook (.xlsb)"))
        if "content.xml" in names:
            raise self._not_a_workbook(_lt("an OpenDocument file"))
        if any(name.startswith("word/") for name in names):
            raise self._not_a_workbook(_lt("a Word document"))
        if any(name.startswith("ppt/") for name in names):
            raise self._not_a_workbook(_lt("a presentation"))
        if "[Content_Types].xml" not in names:
            raise self._not_a_workbook(_lt("a compressed archive"))
        if sum(member.file_size for member in members) > self.max_unpacked:
            raise self._unpacks_too_large()
        unpacked = elements = 0
        for member in members:
            # A declared size may be a lie: count what comes out, too.
            for chunk, is_xml in _unpack(archive, member, overlap=_DOCUMENT_TYPE - 1):
                unpacked += len(chunk)
                if unpacked > self.max_unpacked:
                    raise self._unpacks_too_large()
                if not is_xml:
                    continue
                if any(mark in chunk for mark in _DOCUMENT_TYPES):
                    raise self.damaged()
                elements += chunk.count(b"<") - chunk.count(b"</")
                if elements > self.max_cells * _ELEMENTS_PER_CELL:
                    raise self._too_many_cells()

    # === WHAT PEOPLE ARE TOLD === #

    def _foreign_file(self):
        """Return the error for a file that is neither kind of workbook."""
        content = bytes(self.content)
        if not content.strip(b"\x00 \t\r\n"):
            return WorkbookError(
                _lt(
                    "“%(name)s” is empty: choose the file again.",
                    name=self.filename,
                )
            )
        for signature, kind in _FOREIGN_SIGNATURES.items():
            if content.startswith(signature):
                return self._not_a_workbook(kind)
        text = _text_beginning(content)
        if text is None:
            return self._not_a_workbook(_lt("a file of an unknown kind"))
        for sign, kind in _TEXT_SIGNS.items():
            if sign in text:
                return self._not_a_workbook(kind)
        return self._not_a_workbook(_lt("plain text, such as CSV"))

    def _not_a_workbook(self, kind):
        return WorkbookError(
            _lt(
                "“%(name)s” is %(kind)s and not a workbook, whatever its name says: "
                "open it in Excel or WPS and save the table as .xlsx.",
                name=self.filename,
                kind=kind,
            )
        )

    def _protected(self):
        return WorkbookError(
            _lt(
                "“%(name)s” is protected by a password: remove the password in Excel "
                "or WPS and save the file again.",
                name=self.filename,
            )
        )

    def _too_many_cells(self):
        return WorkbookError(
            _lt(
                "“%(name)s” has more than %(limit)s cells: delete the empty rows and "
                "columns behind the table, or split the file.",
                name=self.filename,
                limit=f"{self.max_cells:,}",
            )
        )

    def _unpacks_too_large(self):
        return WorkbookError(
            _lt(
                "“%(name)s” unpacks to more than %(limit)d MB: delete pictures and "
                "unused sheets, or split the file.",
                name=self.filename,
                limit=self.max_unpacked // MEBIBYTE,
            )
        )

    def too_large(self, size, limit):
        return WorkbookError(
            _lt(
                "“%(name)s” has %(size).1f MB and more than %(limit).1f MB cannot be "
                "read: delete pictures and unused sheets, or split the file.",
                name=self.filename,
                size=size / MEBIBYTE,
                limit=limit / MEBIBYTE,
            )
        )

    def damaged(self):
        return WorkbookError(
            _lt(
                "“%(name)s” is damaged or incomplete: choose the file again, or open "
                "it in Excel or WPS and save it as a new file.",
                name=self.filename,
            )
        )

    def without_data(self):
        return WorkbookError(
            _lt(
                "“%(name)s” has no worksheet with a filled cell: choose the file that "
                "holds the ledger.",
                name=self.filename,
            )
        )


# === VALUES === #


def _unpack(archive, member, overlap):
    """Yield a member piece by piece, and whether it is XML.

    Each piece begins with the end of the one before it, so that nothing that is looked
    for is cut in two.

    :param int overlap: bytes of the longest thing that is looked for, less one.
    """
    with archive.open(member) as stream:
        tail = b""
        is_xml = None
        while chunk := stream.read(MEBIBYTE):
            if is_xml is None:
                is_xml = chunk.lstrip().startswith(_XML_STARTS)
            piece = tail + chunk
            yield piece, is_xml
            tail = piece[-overlap:]


class _Once:
    """Keeps equal figures and texts once in the memory, of the first that come.

    A ledger repeats most of what it says, and a figure takes more than its place in a
    row. Without an end the rest, such as codes, would take more than it saves.
    """

    _MOST = 4096

    def __init__(self):
        self._known = {}

    def keep(self, value):
        # Not whole numbers of their own type: 1, 1.0 and True are one key.
        if type(value) not in (float, str):
            return value
        known = self._known.get(value)
        if known is None and len(self._known) < self._MOST:
            known = self._known[value] = value
        return value if known is None else known


class _XlsSheet(xlrd.sheet.Sheet):
    """A sheet that keeps the plain value of each cell, as :class:`Sheet` promises it.

    xlrd's own keeps a type and a format beside each value, and would have to be copied
    afterwards: more time, and twice the memory.
    """

    @classmethod
    def of_book(cls, book, index, count):
        """Read a sheet of an open workbook.

        :param count: called with the cells that are about to be kept.
        """
        if book.on_demand:
            # As Book.get_sheet() does it, which knows no other class.
            book._position = book._sh_abs_posn[index]
            book.getbof(xlrd.biffh.XL_WORKSHEET)
            sheet = cls(book, book._position, book.sheet_names()[index], index)
            sheet._count = count
            sheet.read(book)
            # It points to the sheet, which would keep the file until Python looks for
            # such circles.
            del sheet.put_cell
            return sheet
        # Books of the time before Excel 5 have been read as they were opened.
        source = book.sheet_by_index(index)
        sheet = cls(book, 0, source.name, index)
        sheet._count = count
        for row in range(source.nrows):
            for column, cell in enumerate(source.row(row)):
                sheet._keep(row, column, cell.ctype, cell.value, None)
        del sheet.put_cell
        return sheet

    def __init__(self, book, position, name, number):
        super().__init__(book, position, name, number)
        self.put_cell = self._keep
        self.rows = []
        # A ledger repeats its dates, and a date costs more than the rest of its row.
        self._moments = {}
        self._once = _Once()

    def _keep(self, row, column, kind, value, xf_index):
        """Take a cell, in place of xlrd's own ways to keep it."""
        if kind is None:
            kind = self._xf_index_to_xl_type_map[xf_index]
        if kind == xlrd.XL_CELL_NUMBER:
            value = self._once.keep(value)
        elif kind == xlrd.XL_CELL_TEXT and value:
            pass
        elif kind == xlrd.XL_CELL_DATE:
            if value not in self._moments:
                self._moments[value] = _moment_from_serial(value, self.book.datemode)
            value = self._moments[value]
        elif kind == xlrd.XL_CELL_BOOLEAN:
            value = bool(value)
        elif kind == xlrd.XL_CELL_ERROR:
            value = CellError(xlrd.error_text_from_code.get(value, "#VALUE!"))
        else:
            self._count(1)
            return
        rows = self.rows
        while row >= len(rows):
            rows.append([])
        cells = rows[row]
        gap = column - len(cells)
        if gap >= 0:
            self._count(gap + 1)
            if gap:
                cells.extend([None] * gap)
            cells.append(value)
        else:
            cells[column] = value


def _moment_from_serial(serial, datemode):
    """Return the date, time or both that a serial number stands for."""
    try:
        moment = xlrd.xldate.xldate_as_datetime(serial, datemode)
    except (OverflowError, ValueError):
        return CellError("#VALUE!")
    return moment.time() if 0 <= serial < 1 else _plain_value(moment)


def _plain_value(value):
    """Return a value of openpyxl as this module promises it."""
    if isinstance(value, datetime):
        # Excel keeps a date as a moment at midnight.
        return value.date() if value.time() == time.min else value
    if isinstance(value, str):
        return CellError(value) if value in _ERROR_CODES else value or None
    if isinstance(value, timedelta):
        return str(value)
    return value


def _without_empty_end(items):
    """Remove empty cells from the end of a row, or empty rows from that of a sheet."""
    while items and items[-1] in (None, []):
        items.pop()
    return items


def _text_beginning(content):
    """Return the beginning of a text file in lower case, ``None`` if it is no text."""
    beginning = content[:4096]
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        return beginning.decode("utf-16", "ignore").lower()
    if re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", beginning):
        return None
    # The signs that are looked for are ASCII, in GB 18030 as in UTF-8.
    return beginning.decode("utf-8", "ignore").lower()
