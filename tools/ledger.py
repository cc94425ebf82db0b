"""Find the table in a worksheet as a bureau keeps it, and read typed rows out of it.

A ledger is made for people: a title, a line with the unit and the date, headings in
one to three rows with merged cells, streets written once for all their communities,
sub-totals, notes. :func:`read_table` needs to know the columns that may occur, each
with the headings it goes by (:class:`Column`), and nothing about their order or place.

What cannot be read, or does not add up, becomes a :class:`Problem` with sheet, row and
cell. Nothing is dropped in silence: a heading that is not known is listed, too.
"""

import calendar
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import islice

from openpyxl.utils import get_column_letter

from odoo.tools.translate import LazyGettext, LazyTranslate

from .money import to_yuan
from .textvalue import (
    AREA_UNITS,
    MONEY_UNITS,
    OtherTextError,
    TextValueError,
    area_factor,
    clean_text,
    is_blank,
    match_key,
    money_factor,
    normalize,
    parse_area,
    parse_boolean,
    parse_code,
    parse_date,
    parse_money,
    parse_number,
)
from .workbook import UNCALCULATED, CellError, Sheet, cell_name

_lt = LazyTranslate(__name__, default_lang="en_US")

#: Where headings are looked for, and how many rows they may have.
_SEARCHED_ROWS, _SEARCHED_COLUMNS, _HEADING_ROWS = 40, 256, 3
#: A line of text is no heading, though it may contain a word that is one.
_LEAST_COLUMNS = 2
_SAMPLES = 3
#: Texts that a row has at least to be guessed to be the headings, and their length.
_LEAST_GUESSED, _HEADING_LENGTH = 3, 20
#: Stands in a sheet for each row that was read and is not kept.
_READ = []
#: Stands between the headings of a path.
_PATH_SIGN = " › "
#: Stands in a choice for the year that a text names: ``{year}年计划``.
_YEAR_SIGN = "{year}"

_PARENTHESES = re.compile(r"[(\[{〔【〈<]([^()\[\]{}〔〕【】〈〉<>]*)[)\]}〕】〉>]")
_UNIT_LABEL = re.compile(r"^.*单位:?")
_UNITS = sorted(MONEY_UNITS.keys() | AREA_UNITS.keys(), key=len, reverse=True)
_YEAR = re.compile(r"(?:19|20)\d{2}")
_LABEL = r"[^\s:：;；,，()（）]{1,12}"
_LABELLED = re.compile(
    rf"({_LABEL})\s*[:：]\s*(.*?)(?=[;；]|\s+{_LABEL}\s*[:：]|$)", re.DOTALL
)
_SIGNATURE = re.compile(rf"{_LABEL}\s*[:：]")
_DAY = r"\d{4}(?:年(?:\d{1,2}月(?:\d{1,2}日?)?)?|[./-]\d{1,2}(?:[./-]\d{1,2})?)"
_BETWEEN_UNITS = re.compile(r"[\s、,，/()（）]+")


# === WHAT MAY STAND IN A LEDGER === #


#: What the cells of a column hold, and the type that they become.
KINDS = {
    "text": str,  # without stray blanks
    "place": str,  # a name in normalized form
    "code": str,  # also where the cell holds a number
    "number": Decimal,
    "money": Decimal,  # yuan, to the fen
    "area": Decimal,  # square metres, to two decimals
    "date": date,
    "boolean": bool,
    "choice": str,  # a value of Column.choices
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that a ledger may have.

    :ivar str name: the name of its values.
    :ivar str kind: one of :data:`KINDS`.
    :ivar synonyms: the headings it goes by. Blanks, signs, letter case, full or half
        width, and a unit behind the heading do not count.
    :ivar groups: headings that may stand above it. Another heading above it makes it
        another column: 资金投入 › 合计 is not 面积 › 合计.
    :ivar bool required: the table must have it, and each row must fill it.
    :ivar bool key: no two rows may have the same value.
    :ivar str unit: the unit that holds where neither heading nor note states one; a
        plain number may have it behind it (40小时).
    :ivar choices: the value for each text of a choice; ``{year}`` in a text stands
        for any year.
    :ivar bool fill_down: an empty cell means the value of the row above. A merged
        cell means it for all of its rows anyway, unless it is a quantity.
    :ivar bool negative: a quantity may be less than zero.
    :ivar total_of: names of the columns of which this one is the sum.
    :ivar str text_as: the name under which a text in a quantity or date column is
        kept; without it such a text is an error.
    :ivar str precision_as: the name under which ``day``, ``month`` or ``year`` of a
        date is kept.
    :ivar str year_as: the name under which the year of a choice is kept.
    """

    name: str
    kind: str
    synonyms: tuple[str, ...]
    groups: tuple[str, ...] = ()
    required: bool = False
    key: bool = False
    unit: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)
    fill_down: bool = False
    negative: bool = False
    total_of: tuple[str, ...] = ()
    text_as: str | None = None
    precision_as: str | None = None
    year_as: str | None = None

    @property
    def is_quantity(self):
        return KINDS[self.kind] is Decimal

    @property
    def label(self):
        """The heading that people know it by."""
        return self.synonyms[0] if self.synonyms else self.name


@dataclass(frozen=True, slots=True)
class Words:
    """The words that clerks put around their tables.

    :ivar totals: what a total row is called, from the smallest to the largest. A total
        covers the rows since the last total of its own or a larger sort.
    :ivar notes: what a line of remarks begins with.
    :ivar serials: headings of columns that only count the rows.
    :ivar as_of: what stands before the date for which the ledger holds.
    :ivar reporters: what stands before the office that keeps it.
    :ivar units: what stands before the unit of its figures.
    """

    totals: tuple[tuple[str, ...], ...] = (("小计",), ("合计", "共计"), ("总计",))
    notes: tuple[str, ...] = ("说明", "填表说明", "注", "备注")
    serials: tuple[str, ...] = ("序号", "No.")
    as_of: tuple[str, ...] = ("截止", "截至", "统计日期", "数据日期")
    reporters: tuple[str, ...] = ("填报单位", "填表单位", "编制单位", "报送单位")
    units: tuple[str, ...] = ("单位", "金额单位", "货币单位", "面积单位", "计量单位")


# === WHAT WAS FOUND === #


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Something that a person has to look at.

    :ivar str level: ``error``: the value or table cannot be used; ``warning``: it can,
        but does not agree with the rest.
    :ivar message: one translatable sentence.
    :ivar str sheet: the name of the sheet.
    :ivar row: the number of the row as the program shows it, or ``None``.
    :ivar cell: the name of the cell, for example ``E15``, or ``None``.
    :ivar column: the name of the :class:`Column`, or ``None``.
    """

    level: str
    message: LazyGettext
    sheet: str
    row: int | None = None
    cell: str | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """The heading of one column of a sheet.

    :ivar int index: the position of the column, counted from 0.
    :ivar tuple path: its texts from the group down to the column itself.
    """

    index: int
    path: tuple[str, ...]

    @property
    def letter(self):
        return get_column_letter(self.index + 1)

    @property
    def text(self):
        """The path as one text, which is also its key in a mapping by hand."""
        return _PATH_SIGN.join(self.path) or f"[{self.letter}]"


@dataclass(frozen=True, slots=True)
class FoundColumn:
    """A :class:`Column` in its place.

    :ivar str unit: the unit of its figures, as the sheet or the column states it.
    """

    column: Column
    heading: Heading
    unit: str = ""

    def figure(self, value):
        """Return a quantity as people know it: money in the unit of the sheet.

        :param decimal.Decimal value: yuan, square metres or a plain number.
        :rtype: str
        """
        unit = ""
        if self.column.kind == "money":
            unit = self.unit
            value /= money_factor(unit)
        elif self.column.kind == "area":
            unit = "㎡"
        return f"{value:,.10f}".rstrip("0").rstrip(".") + unit


@dataclass(frozen=True, slots=True)
class UnknownHeading:
    """A heading that no column goes by, with the first different values below it."""

    heading: Heading
    samples: list[str]


@dataclass(slots=True)
class Context:
    """What the lines above the headings say.

    :ivar list titles: the lines themselves.
    :ivar as_of: the last day for which the ledger holds.
    :ivar str reporter: the office that keeps it.
    :ivar str money_unit: the unit of money, or an empty text.
    :ivar str area_unit: the unit of area, or an empty text.
    """

    titles: list[str] = field(default_factory=list)
    as_of: date | None = None
    reporter: str = ""
    money_unit: str = ""
    area_unit: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A row of the table.

    :ivar int number: the number of the row as the program shows it.
    :ivar dict values: the typed values by name; ``None`` where the cell is empty or
        could not be read.
    :ivar list raw: the cells as they stand in the sheet.
    :ivar problems: what is wrong in this row.
    """

    number: int
    values: dict
    raw: list
    problems: list[Problem]
    _letters: dict[str, str]

    @property
    def has_errors(self):
        return any(problem.level == "error" for problem in self.problems)

    @property
    def cells(self):
        """The name of the cell of each value."""
        return {name: self.cell(name) for name in self.values}

    def cell(self, name):
        """Return the name of the cell from which a value comes.

        :param str name: the name of a value.
        :return: for example ``E15``; ``None`` if the table has no such column.
        """
        letter = self._letters.get(name)
        return letter and f"{letter}{self.number}"


@dataclass(slots=True)
class Total:
    """A row of totals.

    :ivar int number: the number of the row as the program shows it.
    :ivar str label: what it is called.
    :ivar int level: the place of its sort in :class:`Words`.
    :ivar dict stated: the figures that it states.
    :ivar dict computed: the sums of the rows that it covers, for the same names.
    :ivar int rows: the number of these rows.
    """

    number: int
    label: str
    level: int
    stated: dict[str, Decimal]
    computed: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0


@dataclass(slots=True, eq=False)
class Table:
    """A table that was found in a sheet.

    :ivar Context context: what stands above the headings.
    :ivar tuple header_rows: the numbers of the rows of the headings.
    :ivar dict columns: the columns found, by name.
    :ivar list unknown: headings that no column goes by, for a mapping by hand.
    :ivar list mapped: headings that the mapping by hand explains.
    :ivar list missing: required columns that the sheet does not have.
    :ivar list rows: the rows, once :func:`read_table` has read them.
    :ivar list notes: remarks below or between the rows.
    :ivar list totals: rows of totals.
    :ivar list problems: those of the table and of all rows that were read.
    """

    sheet: Sheet
    words: Words
    context: Context = field(default_factory=Context)
    header_rows: tuple[int, ...] = ()
    columns: dict[str, FoundColumn] = field(default_factory=dict)
    unknown: list[UnknownHeading] = field(default_factory=list)
    mapped: list[UnknownHeading] = field(default_factory=list)
    missing: list[Column] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def iter_rows(self, keep=True):
        """Read the rows one by one, without keeping them.

        ``notes``, ``totals`` and ``problems`` grow meanwhile; sums are compared when
        the last row has been read. To be used once.

        :param bool keep: whether the sheet keeps the cells of what was read, and the
            table the problems of its rows; each row has its own anyhow.
        :return: an iterator of :class:`Row`.
        """
        return _RowReader(self).iter_rows(keep) if self.columns else iter(())


@dataclass(frozen=True, slots=True, eq=False)
class SheetMatch:
    """The kind of table that a sheet holds.

    :ivar kind: the key of the columns that fit best, or ``None``.
    :ivar table: where they are, not yet read, or ``None``.
    :ivar reason: why there is none, translatable.
    """

    sheet: Sheet
    kind: str | None = None
    table: Table | None = None
    reason: LazyGettext | None = None


# === FINDING === #


def find_tables(workbook, kinds, mappings=None, words=None):
    """Tell for each sheet of a workbook which kind of table it holds.

    :param Workbook workbook: what :func:`.workbook.read_workbook` returned.
    :param dict kinds: the columns of each kind of table.
    :param dict mappings: for each kind the mapping by hand, see :func:`locate_table`.
    :param Words words: the words around the tables, where the usual ones do not do.
    :return: one match for each sheet, in their order.
    :rtype: list[SheetMatch]
    """
    return [
        _match_sheet(sheet, kinds, mappings or {}, words) for sheet in workbook.sheets
    ]


def _match_sheet(sheet, kinds, mappings, words):
    if not sheet.rows:
        return SheetMatch(sheet, reason=_lt("The sheet is empty."))
    if sheet.hidden:
        return SheetMatch(sheet, reason=_lt("The sheet is hidden."))
    best, best_fit = None, None
    for kind, columns in kinds.items():
        table = locate_table(sheet, columns, mappings.get(kind), words)
        found, known = len(table.columns), len(list(columns))
        if table.missing and 2 * found < known:
            continue
        fit = (not table.missing, found, found / known)
        if found and (best is None or fit > best_fit):
            best, best_fit = SheetMatch(sheet, kind, table), fit
    return best or SheetMatch(
        sheet, reason=_lt("No row has the headings of a known table.")
    )


def read_table(sheet, columns, mapping=None, words=None):
    """Find the table of a sheet and read all its rows.

    :param Sheet sheet: a sheet of :func:`.workbook.read_workbook`.
    :param columns: each :class:`Column` that the table may have.
    :param dict mapping: see :func:`locate_table`.
    :param Words words: the words around the table, where the usual ones do not do.
    :rtype: Table
    """
    table = locate_table(sheet, columns, mapping, words)
    table.rows.extend(table.iter_rows())
    return table


def guess_headings(sheet):
    """Return the row that looks most like headings, though nobody knows any of them.

    :return: its number as the program shows it; 0 where no row does.
    :rtype: int
    """
    best, most = 0, _LEAST_GUESSED - 1
    for number, cells in enumerate(sheet.rows[:-1][:_SEARCHED_ROWS], start=1):
        filled = [value for value in cells if not is_blank(value)]
        if not all(isinstance(value, str) for value in filled):
            continue
        texts = {text for text in filled if len(text) <= _HEADING_LENGTH}
        if len(texts) > most:
            best, most = number, len(texts)
    return best


def locate_table(sheet, columns, mapping=None, words=None, header_row=0):
    """Find the headings of a table, without reading its rows.

    :param Sheet sheet: a sheet of :func:`.workbook.read_workbook`.
    :param columns: each :class:`Column` that the table may have.
    :param dict mapping: for headings that no synonym covers, the name of the column by
        the text of the heading (建设情况 › 状态), or ``None`` to leave it out.
    :param Words words: the words around the table, where the usual ones do not do.
    :param int header_row: the last row of the headings, where somebody has said it;
        then they need not be known.
    :return: a table without rows; with an error among its problems if there are no
        headings or a required column is missing.
    :rtype: Table
    """
    words = words or Words()
    table = Table(sheet=sheet, words=words)
    finder = _HeadingFinder(sheet, columns, mapping or {}, words)
    header = finder.at(header_row) if header_row else finder.best()
    if header is None:
        table.missing = [column for column in columns if column.required]
        table.problems.append(
            Problem(
                "error",
                _lt("No row has the headings of this table."),
                sheet.name,
            )
        )
        return table
    table.header_rows = tuple(range(header.top + 1, header.bottom + 1))
    table.context = _read_context(sheet.rows[: header.top], words)
    for heading, column in sorted(header.columns, key=lambda found: found[0].index):
        table.columns[column.name] = _with_unit(table, heading, column)
    table.unknown, table.mapped = finder.list_open(header)
    for column in columns:
        if column.required and column.name not in table.columns:
            table.missing.append(column)
            table.problems.append(
                Problem(
                    "error",
                    _lt("The column “%(column)s” is missing.", column=column.label),
                    sheet.name,
                    row=header.bottom,
                    column=column.name,
                )
            )
    return table


# === HEADINGS === #


@dataclass(slots=True)
class _Header:
    """Rows that may be the headings; ``bottom`` lies outside of them."""

    top: int
    bottom: int
    headings: list[Heading]
    columns: list[tuple[Heading, Column]]
    rank: tuple = ()


class _HeadingFinder:
    """Tries rows as headings and keeps those under which most columns are known."""

    def __init__(self, sheet, columns, mapping, words):
        self.sheet = sheet
        self.columns = list(columns)
        self.by_name = {column.name: column for column in self.columns}
        # A remembered mapping may name a column that is no longer there.
        self.mapping = {
            match_key(text): name
            for text, name in mapping.items()
            if name is None or name in self.by_name
        }
        self.serials = {match_key(text) for text in words.serials}
        self.synonyms = {
            column.name: _keys_of(column.synonyms) for column in self.columns
        }
        self.groups = {column.name: _keys_of(column.groups) for column in self.columns}
        self.texts, self.merged_cells = self._spread_texts()
        #: The rows that merged cells join to the row above.
        self.joined = {
            row
            for merge in sheet.merged
            for row in range(merge.top + 1, min(merge.bottom, len(self.texts)))
        }

    def best(self):
        """Return the rows of the headings, or ``None``."""
        best = None
        for top in range(min(_SEARCHED_ROWS, len(self.texts))):
            if not any(self.texts[top]):
                continue
            for bottom in range(top + 1, min(top + _HEADING_ROWS, len(self.texts)) + 1):
                header = self._try(top, bottom)
                if best is None or header.rank > best.rank:
                    best = header
        least = min(_LEAST_COLUMNS, len(self.columns))
        return best if best and len(best.columns) >= least else None

    def at(self, row):
        """Return the rows of the headings of which the last one was told."""
        if not (0 < row <= len(self.texts) and any(self.texts[row - 1])):
            return None
        tops = range(max(0, row - _HEADING_ROWS), row)
        return max((self._try(top, row) for top in tops), key=lambda each: each.rank)

    def list_open(self, header):
        """Return the headings that a person has to explain, or has explained.

        :return: those that nothing explains, and those that the mapping does, each
            with samples of its values.
        """
        found = {heading.index for heading, _column in header.columns}
        unknown, mapped = [], []
        for heading in header.headings:
            key = match_key(heading.text)
            is_mapped = key in self.mapping
            if key in self.serials or (heading.index in found and not is_mapped):
                continue
            samples = self._samples(heading.index, header.bottom)
            if is_mapped:
                mapped.append(UnknownHeading(heading, samples))
            elif heading.path or samples:
                unknown.append(UnknownHeading(heading, samples))
        return unknown, mapped

    def _samples(self, index, top):
        below = self.sheet.rows[top : top + _SEARCHED_ROWS]
        cells = (row[index] for row in below if index < len(row))
        texts = (clean_text(value) for value in cells if not is_blank(value))
        return list(islice(dict.fromkeys(texts), _SAMPLES))

    def _spread_texts(self):
        """Return the upper texts of the sheet, written into all cells of a merge."""
        rows = self.sheet.rows[: _SEARCHED_ROWS + _HEADING_ROWS]
        width = min(_SEARCHED_COLUMNS, max(map(len, rows), default=0))
        texts = [
            [_one_line(value) for value in row[:width]] + [""] * (width - len(row))
            for row in rows
        ]
        merged_cells = set()
        for merge in self.sheet.merged:
            first = (merge.top, merge.left)
            # Damaged files have merges upon merges; only the outermost counts.
            if merge.top >= len(rows) or merge.left >= width or first in merged_cells:
                continue
            for row in range(merge.top, min(merge.bottom, len(rows))):
                for index in range(merge.left, min(merge.right, width)):
                    texts[row][index] = texts[merge.top][merge.left]
                    merged_cells.add((row, index))
        return texts, merged_cells

    def _try(self, top, bottom):
        """Match the columns as if these rows were the headings."""
        headings = [
            Heading(index, path) for index, path in enumerate(self._paths(top, bottom))
        ]
        fits = [
            (fit, heading, column)
            for heading in headings
            if heading.path
            for fit, column in self._fits(heading)
        ]
        # The surest first; in doubt the column further left.
        fits.sort(key=lambda item: -item[0])
        taken = {}
        places = set()
        sureness = 0
        for fit, heading, column in fits:
            if column.name not in taken and heading.index not in places:
                taken[column.name] = (heading, column)
                places.add(heading.index)
                sureness += fit
        is_whole = top not in self.joined and bottom not in self.joined
        return _Header(
            top=top,
            bottom=bottom,
            headings=headings,
            columns=list(taken.values()),
            rank=(len(taken), is_whole, sureness, top - bottom, -top),
        )

    def _paths(self, top, bottom):
        """Return for each position the headings from the group down."""
        rows = [list(self.texts[row]) for row in range(top, bottom)]
        for depth, row in enumerate(rows[:-1]):
            below = [any(texts) for texts in zip(*rows[depth + 1 :], strict=True)]
            for index in range(1, len(row)):
                # A group that is not merged stands above its first column only.
                if (
                    not row[index]
                    and below[index]
                    and below[index - 1]
                    and (top + depth, index - 1) not in self.merged_cells
                ):
                    row[index] = row[index - 1]
        paths = []
        for texts in zip(*rows, strict=True):
            path = []
            for text in texts:
                if text and text not in path[-1:]:
                    path.append(text)
            paths.append(tuple(path))
        return paths

    def _fits(self, heading):
        """Yield the columns that a heading may mean, with how sure that is."""
        key = match_key(heading.text)
        if key in self.mapping:
            if self.mapping[key] is not None:
                yield 4, self.by_name[self.mapping[key]]
            return
        above = _keys_of(heading.path[:-1])
        last = _keys_of(heading.path[-1:])
        for column in self.columns:
            synonyms, groups = self.synonyms[column.name], self.groups[column.name]
            if len(heading.path) > 1 and key in synonyms:
                yield 3, column
            elif not synonyms.isdisjoint(last):
                if not groups.isdisjoint(above):
                    yield 3, column
                elif not groups:
                    yield 2, column
                elif not above:
                    yield 1, column


def _one_line(value):
    """Return the text of a heading, which people break where it suits the width."""
    return clean_text(value).replace("\n", "")


@lru_cache(maxsize=4096)
def _keys_of(texts):
    """Return the keys of headings, each with and without what is in parentheses."""
    keys = set()
    for text in texts:
        keys.update((match_key(text), match_key(_split_unit(text)[0])))
    return frozenset(keys)


def _split_unit(text):
    """Split a heading from its unit.

    :return: the heading without unit, and what may be its unit: what stands in
        parentheses, or a known unit at its end.
    :rtype: tuple[str, list[str]]
    """
    text = normalize(text)
    units = [_UNIT_LABEL.sub("", inside) for inside in _PARENTHESES.findall(text)]
    rest = _PARENTHESES.sub("", text)
    if not units:
        for unit in _UNITS:
            if rest.endswith(unit) and rest != unit:
                return rest.removesuffix(unit), [unit]
    return rest, units


def _with_unit(table, heading, column):
    """Return a column in its place, with the unit that holds for its figures."""
    stated = [unit for text in reversed(heading.path) for unit in _split_unit(text)[1]]
    if column.kind == "money":
        known, noted, usual = money_factor, table.context.money_unit, "元"
    elif column.kind == "area":
        known, noted, usual = area_factor, table.context.area_unit, "㎡"
    else:
        return FoundColumn(column, heading, stated[0] if stated else column.unit)
    for unit in stated:
        if known(unit):
            return FoundColumn(column, heading, unit)
    unit = noted or column.unit or usual
    if stated or not (noted or column.unit):
        table.problems.append(
            Problem(
                "warning",
                _lt(
                    "“%(heading)s” states no known unit: its figures are read as "
                    "%(unit)s.",
                    heading=heading.text,
                    unit=unit,
                ),
                table.sheet.name,
                row=table.header_rows[-1],
                cell=cell_name(table.header_rows[-1] - 1, heading.index),
                column=column.name,
            )
        )
    return FoundColumn(column, heading, unit)


def _read_context(rows, words):
    """Read the lines above the headings."""
    context = Context()
    as_of = re.compile(rf"(?:{'|'.join(map(re.escape, words.as_of))})\D{{0,6}}({_DAY})")
    for row in rows:
        line = "  ".join(clean_text(value) for value in row if not is_blank(value))
        if not line:
            continue
        context.titles.append(line)
        if context.as_of is None and (match := as_of.search(normalize(line))):
            context.as_of = _last_day(match[1])
        for label, value in _LABELLED.findall(line):
            if label in words.reporters and not context.reporter:
                context.reporter = value.strip()
            elif label in words.units:
                for unit in _BETWEEN_UNITS.split(value):
                    if money_factor(unit):
                        context.money_unit = context.money_unit or normalize(unit)
                    elif area_factor(unit):
                        context.area_unit = context.area_unit or normalize(unit)
    return context


def _last_day(text):
    """Return the last day of the day, month or year that a text names."""
    try:
        day, precision = parse_date(text)
    except TextValueError:
        return None
    if precision == "year":
        return day.replace(month=12, day=31)
    if precision == "month":
        return day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return day


# === CELLS === #


class _ColumnReader:
    """Reads the cells of one column."""

    def __init__(self, found, date1904):
        self.found = found
        self.column = found.column
        self.name = found.column.name
        self.index = found.heading.index
        self.date1904 = date1904
        self._read = getattr(self, f"_read_{found.column.kind}")
        # A ledger repeats most of what it says; 1, 1.0 and True are not the same.
        self.interpret = lru_cache(maxsize=1024, typed=True)(self.interpret)
        self.choices = {
            match_key(text.replace(_YEAR_SIGN, "2000")): value
            for text, value in found.column.choices.items()
        }

    @property
    def names(self):
        """The names of all values that come from this column."""
        column = self.column
        names = (column.name, column.text_as, column.precision_as, column.year_as)
        return [name for name in names if name]

    def interpret(self, value):
        """Read one cell.

        :param value: what stands in the cell.
        :return: the values by name, and what people should know of it or ``None``;
            nothing at all for a blank cell.
        :rtype: tuple[dict, ~odoo.tools.translate.LazyGettext | None] | None
        :raise TextValueError: if it cannot be read.
        """
        if is_blank(value):
            return None
        if isinstance(value, CellError):
            raise TextValueError(_error_reason(value))
        meaning = {}
        try:
            return meaning, self._read(value, meaning)
        except OtherTextError:
            if not self.column.text_as or not isinstance(value, str):
                raise
            return {self.column.text_as: clean_text(value)}, None

    def _read_text(self, value, values):
        values[self.name] = clean_text(value)

    def _read_place(self, value, values):
        values[self.name] = normalize(clean_text(value))

    def _read_code(self, value, values):
        values[self.name] = parse_code(value)

    def _read_boolean(self, value, values):
        values[self.name] = parse_boolean(value)

    def _read_number(self, value, values):
        values[self.name] = self._signed(parse_number(value, self.found.unit))

    def _read_area(self, value, values):
        values[self.name] = self._signed(parse_area(value, self.found.unit))

    def _read_money(self, value, values):
        exact = self._signed(parse_money(value, self.found.unit))
        values[self.name] = amount = to_yuan(exact)
        if amount != exact:
            return _lt(
                "%(exact)s yuan are rounded to %(amount)s",
                exact=f"{exact:f}",
                amount=amount,
            )

    def _signed(self, number):
        if number < 0 and not self.column.negative:
            raise TextValueError(
                _lt("“%(value)s” is less than zero", value=self.found.figure(number))
            )
        return number

    def _read_date(self, value, values):
        day, precision = parse_date(value, self.date1904)
        values[self.name] = day
        if self.column.precision_as:
            values[self.column.precision_as] = precision

    def _read_choice(self, value, values):
        text = clean_text(value)
        key = match_key(text)
        if key in self.choices:
            values[self.name] = self.choices[key]
            return
        year = _YEAR.search(key)
        # A year that no text names: 2019年计划 is {year}年计划.
        general = _YEAR.sub("2000", key, count=1)
        if not year or general not in self.choices:
            raise TextValueError(
                _lt(
                    "“%(value)s” is none of: %(known)s",
                    value=text,
                    known="、".join(self.column.choices).replace(_YEAR_SIGN, "20××"),
                )
            )
        values[self.name] = self.choices[general]
        if self.column.year_as:
            values[self.column.year_as] = int(year[0])


def _error_reason(error):
    """Return what a failed formula means to people."""
    if error == UNCALCULATED:
        return _lt(
            "the formula has no result yet (open the file in Excel or WPS, save it and "
            "import it again)"
        )
    return _lt("the formula gives the error %(error)s", error=error.code)


# === TOTALS === #


@dataclass(slots=True)
class _Block:
    """The rows between two rows of totals."""

    sums: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0


class _Totals:
    """Adds up the rows between the totals, then tells what each total covers."""

    def __init__(self, names):
        self.names = names
        self.blocks = [_Block()]
        self.totals = []

    def add_row(self, values):
        block = self.blocks[-1]
        block.rows += 1
        for name in self.names:
            value = values[name]
            if value:
                block.sums[name] = block.sums.get(name, 0) + value

    def add_total(self, total):
        self.totals.append(total)
        self.blocks.append(_Block())

    def settle(self):
        """Compute the totals from the rows that they cover."""
        # Some ledgers put a total above its rows: rows follow the last one then.
        leading = not self.blocks[0].rows and self.blocks[-1].rows
        for position, total in enumerate(self.totals):
            if leading:
                end = self._next(position + 1, len(self.totals), 1, total.level)
                covered = self.blocks[position + 1 : end + 1]
            else:
                start = self._next(position - 1, -1, -1, total.level)
                covered = self.blocks[start + 1 : position + 1]
            if not any(block.rows for block in covered):
                # Right beside a total of its own sort, it covers the whole table.
                covered = self.blocks
            total.rows = sum(block.rows for block in covered)
            total.computed = {
                name: sum((block.sums.get(name, 0) for block in covered), Decimal(0))
                for name in total.stated
            }

    def _next(self, start, stop, step, level):
        """Return the nearest position of a total that is no smaller sort."""
        for position in range(start, stop, step):
            if self.totals[position].level >= level:
                return position
        return stop


# === ROWS === #


class _RowSorter:
    """Tells the rows of the table from those around them."""

    def __init__(self, table):
        words = table.words
        columns = list(table.columns.values())
        self.columns = {found.heading.index: found.column for found in columns}
        self.headings = {part for found in columns for part in found.heading.path}
        self.identity = [found.heading.index for found in _identifying(columns)]
        self.levels = [_ending(names) for names in words.totals]
        self.any_level = _ending(sum(words.totals, ()))
        self.last_signs = {word[-1] for names in words.totals for word in names}
        self.last_signs.update(":：")
        self.note = re.compile(
            rf"\s*(?:{_alternatives(words.notes)})\s*\d*\s*[:：.．、]"
        )
        width = max(self.columns) - min(self.columns) + 1
        self.wide = {
            (merge.top, merge.left)
            for merge in table.sheet.merged
            if 2 * (merge.right - merge.left) > width
        }

    def total(self, number, raw):
        """Return the total that a row states, without its figures, or ``None``.

        Its label stands before all other texts, except that of a street.
        """
        for value in islice((v for v in raw if isinstance(v, str)), 2):
            if not self.is_total(value):
                continue
            for level in reversed(range(len(self.levels))):
                if self.levels[level].fullmatch(value):
                    return Total(number, normalize(value), level, {})
        return None

    def is_total(self, text):
        # Almost all texts are sifted out by their last sign, at a tenth of the cost.
        return text.rstrip()[-1:] in self.last_signs and bool(
            self.any_level.fullmatch(text)
        )

    def is_data(self, raw):
        """Tell whether a row names what it is about; not every data row does."""
        cells = [raw[index] for index in self.identity if index < len(raw)]
        filled = [value for value in cells if not is_blank(value)]
        return bool(filled) and not any(map(self.is_mark, filled))

    def is_mark(self, value):
        """Tell whether a text says what its row is, instead of being a value."""
        if not isinstance(value, str):
            return False
        # Letters and digits alone are clean already, as most names are.
        text = value if value.isalnum() else _one_line(value)
        return text in self.headings or self.is_total(value)

    def is_note(self, index, raw, below_total):
        """Tell whether a row is a remark or a line of signatures."""
        cells = (
            (place, value) for place, value in enumerate(raw) if not is_blank(value)
        )
        place, first = next(cells)
        if not isinstance(first, str):
            return False
        if self.note.match(first):
            return True
        if second := next(cells, None):
            # 填表人：…  审核人：…
            return bool(_SIGNATURE.match(first)) and all(
                isinstance(value, str) for _place, value in (second, *cells)
            )
        column = self.columns.get(place)
        if column and column.fill_down:
            # The name of a street for the rows below it.
            return False
        return below_total or (index, place) in self.wide

    def is_heading(self, raw):
        """Tell whether the headings stand here again, at the top of a printed page."""
        texts = [
            _one_line(value)
            for index, value in _filled(raw).items()
            if index in self.columns
        ]
        return len(texts) > 1 and self.headings.issuperset(texts)

    def is_band(self, raw):
        """Tell whether a row only has names that the rows below it inherit."""
        columns = [self.columns.get(index) for index in _filled(raw)]
        return all(column and column.fill_down for column in columns)


def _filled(raw):
    return {index: value for index, value in enumerate(raw) if not is_blank(value)}


def _identifying(columns):
    """Return the columns of which a data row fills at least one."""
    named = [found for found in columns if not found.column.is_quantity]
    needed = [found for found in named if found.column.key or found.column.required]
    return needed or named


def _alternatives(words):
    """Return a pattern for words that clerks space out (合  计)."""
    return "|".join(r"\s*".join(map(re.escape, word)) for word in words)


def _ending(words):
    """Return a pattern for short texts that end with one of some words."""
    return re.compile(rf".{{0,20}}?(?:{_alternatives(words)})\s*[:：]?\s*", re.DOTALL)


class _RowReader:
    """Reads the rows below the headings of a table."""

    def __init__(self, table):
        self.table = table
        self.sheet = table.sheet
        self.first = table.header_rows[-1]
        self.readers = [
            _ColumnReader(found, table.sheet.date1904)
            for found in table.columns.values()
        ]
        self.quantities = [r for r in self.readers if r.column.is_quantity]
        self.inheriting = [r for r in self.readers if r.column.fill_down]
        self.sums = [r for r in self.readers if r.column.total_of]
        self.letters = {
            name: reader.found.heading.letter
            for reader in self.readers
            for name in reader.names
        }
        self.empty = dict.fromkeys(self.letters)
        self.sorter = _RowSorter(table)
        self.totals = _Totals([reader.name for reader in self.quantities])
        # The first row of each value of each key.
        self.keys = [reader for reader in self.readers if reader.column.key]
        self.seen = {reader.name: {} for reader in self.keys}
        # What an empty cell means: by name for columns to fill down, and by position
        # for merged cells, with the row at which the merge ends.
        self.carried = {}
        self.merged = {}
        self.merges = self._vertical_merges()

    def iter_rows(self, keep):
        """Yield the rows and record all else in the table."""
        table, sorter = self.table, self.sorter
        for index in range(self.first, len(self.sheet.rows)):
            raw = self.sheet.rows[index]
            if not keep:
                self.sheet.rows[index] = _READ
            if all(map(is_blank, raw)):
                continue
            row = None
            problems = self._enter_merges(index, raw)
            if total := sorter.total(index + 1, raw):
                self._carry(raw)
                problems.extend(self._read_total(index, raw, total))
            elif sorter.is_note(index, raw, bool(table.totals)):
                table.notes.extend(map(clean_text, _filled(raw).values()))
            elif sorter.is_data(raw):
                row = self._read_row(index, raw, problems)
            elif sorter.is_heading(raw):
                pass
            elif sorter.is_band(raw):
                self._carry(raw)
            else:
                row = self._read_row(index, raw, problems)
            if keep or not row:
                table.problems.extend(problems)
            if row:
                yield row
        table.problems.extend(self._compare_totals())

    # === CELLS THAT HOLD FOR SEVERAL ROWS === #

    def _vertical_merges(self):
        """Return the merges of several rows, by the row in which they begin."""
        readers = {reader.index: reader for reader in self.readers}
        merges = {}
        for merge in self.sheet.merged:
            reader = readers.get(merge.left)
            if reader and merge.top >= self.first and merge.bottom - merge.top > 1:
                merges.setdefault(merge.top, []).append((reader, merge.bottom))
        return merges

    def _enter_merges(self, index, raw):
        """Note the merged cells that begin in a row.

        :return: the problems that they are.
        """
        problems = []
        for reader, bottom in self.merges.get(index, ()):
            value = raw[reader.index] if reader.index < len(raw) else None
            if is_blank(value):
                continue
            if reader.column.is_quantity and not reader.column.fill_down:
                # Filled down, an amount for three rows would count three times.
                message = _lt(
                    "%(column)s is merged down to row %(last)s: the figure is taken "
                    "once, in row %(first)s.",
                    column=reader.found.heading.text,
                    first=index + 1,
                    last=bottom,
                )
                problems.append(self._report("warning", index, reader, message))
            else:
                self.merged[reader.index] = (value, bottom)
        return problems

    def _carry(self, raw):
        for reader in self.inheriting:
            if reader.index < len(raw):
                value = raw[reader.index]
                if not is_blank(value) and not self.sorter.is_mark(value):
                    self.carried[reader.name] = value

    def _inherited(self, reader, index):
        """Return what an empty cell means."""
        value, bottom = self.merged.get(reader.index, (None, 0))
        if index < bottom:
            return value
        return self.carried.get(reader.name)

    # === ROWS === #

    def _read_row(self, index, raw, problems):
        self._carry(raw)
        values = dict(self.empty)
        width = len(raw)
        for reader in self.readers:
            value = raw[reader.index] if reader.index < width else None
            try:
                known = value is not None and reader.interpret(value)
                if not known and (value := self._inherited(reader, index)) is not None:
                    known = reader.interpret(value)
            except TextValueError as error:
                problems.append(
                    self._report("error", index, reader, _of(reader, error.message))
                )
                continue
            if not known:
                if reader.column.required:
                    problems.append(
                        self._report("error", index, reader, self._is_empty(reader))
                    )
                continue
            meaning, remark = known
            values.update(meaning)
            if remark:
                problems.append(
                    self._report("warning", index, reader, _of(reader, remark))
                )
        problems.extend(self._check_keys(index, values))
        problems.extend(self._check_sums(index, values, problems))
        self.totals.add_row(values)
        return Row(index + 1, values, raw, problems, self.letters)

    def _is_empty(self, reader):
        return _lt("%(column)s is empty.", column=reader.found.heading.text)

    def _check_keys(self, index, values):
        for reader in self.keys:
            value = values[reader.name]
            if value is None:
                continue
            first = self.seen[reader.name].setdefault(value, index)
            if first != index:
                yield self._report(
                    "error",
                    index,
                    reader,
                    _lt(
                        "%(column)s “%(value)s” stands in row %(first)s and again in "
                        "row %(row)s.",
                        column=reader.found.heading.text,
                        value=value,
                        first=first + 1,
                        row=index + 1,
                    ),
                )

    def _check_sums(self, index, values, problems):
        unread = {problem.column for problem in problems if problem.level == "error"}
        for reader in self.sums:
            names = [name for name in reader.column.total_of if name in values]
            if values[reader.name] is None or not unread.isdisjoint(names):
                continue
            parts = [values[name] for name in names if values[name] is not None]
            if names and sum(parts, Decimal(0)) != values[reader.name]:
                yield self._report(
                    "warning",
                    index,
                    reader,
                    _lt(
                        "%(column)s states %(stated)s, but its parts add up to "
                        "%(computed)s.",
                        column=reader.found.heading.text,
                        stated=reader.found.figure(values[reader.name]),
                        computed=reader.found.figure(sum(parts, Decimal(0))),
                    ),
                )

    # === TOTALS === #

    def _read_total(self, index, raw, total):
        """Yield what of a row of totals cannot be read."""
        values = {}
        for reader in self.quantities:
            value = raw[reader.index] if reader.index < len(raw) else None
            if is_blank(value):
                continue
            try:
                values.update(reader.interpret(value)[0])
            except OtherTextError:
                continue
            except TextValueError as error:
                yield self._report("error", index, reader, _of(reader, error.message))
            if reader.name in values:
                total.stated[reader.name] = values[reader.name]
        self.totals.add_total(total)
        self.table.totals.append(total)

    def _compare_totals(self):
        """Yield which totals differ from the rows that they cover."""
        self.totals.settle()
        for total in self.table.totals:
            for reader in self.quantities:
                stated = total.stated.get(reader.name)
                if stated is None or stated == total.computed[reader.name]:
                    continue
                yield self._report(
                    "warning",
                    total.number - 1,
                    reader,
                    _lt(
                        "%(label)s of %(column)s states %(stated)s, but the %(rows)s "
                        "rows that it covers add up to %(computed)s.",
                        label=total.label,
                        column=reader.found.heading.text,
                        stated=reader.found.figure(stated),
                        rows=total.rows,
                        computed=reader.found.figure(total.computed[reader.name]),
                    ),
                )

    def _report(self, level, index, reader, message):
        """Return a problem of one cell."""
        return Problem(
            level,
            message,
            self.sheet.name,
            row=index + 1,
            cell=cell_name(index, reader.index),
            column=reader.name,
        )


def _of(reader, reason):
    """Return a reason as a sentence about its column."""
    return _lt(
        "%(column)s: %(reason)s.", column=reader.found.heading.text, reason=reason
    )
