"""The workbooks that go back to people: the list of errors, and the blank form."""

import io
from itertools import groupby

import xlsxwriter

from odoo.fields import Date

from ..tools.workbook import CellError
from .welfare_facility_import import TABLES

_WIDTHS = {"place": 24, "message": 60}
_HEADING_ROWS, _LAST_ROW = 4, 2000
#: The line above the headings is for the reader of the file, which knows these words,
#: so it is Chinese in every language, as the headings are.
_CONTEXT = "填报单位：    截止日期：{year}年12月31日    金额单位：元    面积单位：㎡"


def make_error_list(ledger):
    """Return the rows of an import that have errors or warnings, as an .xlsx.

    Behind what is wrong stands the row as the file has it.

    :param ledger: the ``welfare.facility.import``.
    :rtype: bytes
    """
    env = ledger.env
    Line = env["welfare.facility.import.line"]
    lines = Line.search(
        [
            ("import_id", "=", ledger.id),
            "|",
            ("status", "in", ("error", "warning")),
            ("is_warned", "=", True),
        ]
    )
    sheets = ledger._read_sheets()
    names = ("sheet", "row", "cell", "place", "status", "message")
    labels = Line.fields_get(names, ["string"])
    statuses = dict(Line._fields["status"]._description_selection(env))
    width = max(
        (len(row) for row in (_raw_row(sheets, line) for line in lines)), default=0
    )

    def fill(book):
        bold = book.add_format({"bold": True, "bg_color": "#EEEEEE", "border": 1})
        wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        plain = book.add_format({"valign": "top"})
        sheet = book.add_worksheet(env._("Errors"))
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(names):
            sheet.write_string(0, column, labels[name]["string"], bold)
            sheet.set_column(column, column, _WIDTHS.get(name, 12))
        for column in range(width):
            title = env._("Column %(letter)s", letter=_letter(column))
            sheet.write_string(0, len(names) + column, title, bold)
        for number, line in enumerate(lines, start=1):
            values = [line[name] or "" for name in names]
            values[names.index("status")] = statuses[line.status]
            raw = [_plain(value) for value in _raw_row(sheets, line)]
            for column, value in enumerate([*values, *raw]):
                is_message = column == names.index("message")
                _write(sheet, number, column, value, wrapped if is_message else plain)
        if lines:
            sheet.autofilter(0, 0, len(lines), len(names) - 1)

    return _make(fill)


def make_template(env, table_types=None):
    """Return an empty ledger with the headings that are understood, as an .xlsx.

    A sheet is to be filled in for each table; the last one says what belongs under each
    heading, with an example.

    :param dict table_types: how the columns are read, by type of table; by default
        those of ledgers.
    :rtype: bytes
    """
    Column = env["welfare.import.column"]
    tables = [
        (
            Column._get_table_label(table_type),
            [
                (column, options[code]["kind"])
                for code, column in Column._get_columns(table_type).items()
                if code in options
            ],
        )
        for table_type, options in (table_types or TABLES).items()
    ]

    def fill(book):
        formats = {
            "title": book.add_format({"bold": True, "font_size": 14}),
            "heading": book.add_format(
                {
                    "bold": True,
                    "border": 1,
                    "align": "center",
                    "valign": "vcenter",
                    "text_wrap": True,
                    "bg_color": "#E8F0F8",
                }
            ),
            "note": book.add_format({"text_wrap": True, "valign": "top"}),
            "code": book.add_format({"num_format": "@"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "money": book.add_format({"num_format": "#,##0.00"}),
            "area": book.add_format({"num_format": "#,##0.00"}),
        }
        for title, columns in tables:
            sheet = book.add_worksheet(title)
            _head(sheet, formats, title, columns)
            for index, (column, _kind) in enumerate(columns):
                _offer_words(env, sheet, index, column)
        _explain(env, book, formats, tables)

    return _make(fill)


def _head(sheet, formats, title, columns):
    """Write what stands above the rows: title, units, headings in two rows."""
    last = max(1, len(columns) - 1)
    sheet.merge_range(0, 0, 0, last, title, formats["title"])
    context = _CONTEXT.format(year=Date.today().year - 1)
    sheet.merge_range(1, 0, 1, last, context)
    top, bottom = _HEADING_ROWS - 2, _HEADING_ROWS - 1
    index = 0
    # Neighbours only: odoo.tools.groupby would move columns next to each other.
    for group, members in groupby(  # pylint: disable=bad-builtin-groupby
        columns, lambda item: item[0]._get_group()
    ):
        start = index
        for column, kind in members:
            heading = column._get_heading()
            width = max(12, 2 * len(heading))
            sheet.set_column(index, index, width, formats.get(kind))
            if group:
                sheet.write_string(bottom, index, heading, formats["heading"])
            else:
                sheet.merge_range(
                    top, index, bottom, index, heading, formats["heading"]
                )
            index += 1
        if group and index - start > 1:
            sheet.merge_range(top, start, top, index - 1, group, formats["heading"])
        elif group:
            sheet.write_string(top, start, group, formats["heading"])
    sheet.freeze_panes(_HEADING_ROWS, 0)


def _offer_words(env, sheet, index, column):
    """Let people choose from the words that a column understands."""
    # {year} in a word stands for a year, which nobody can choose from a list.
    words = [word for word in column._get_words() if "{" not in word]
    if not words:
        return
    sheet.data_validation(
        _HEADING_ROWS,
        index,
        _LAST_ROW,
        index,
        {
            "validate": "list",
            "source": words[: _fitting(words)],
            # Other words may be right, too: a year's plan, or a remark.
            "error_type": "warning",
            "error_title": column.name[:32],
            "error_message": env._("This word is not in the list."),
        },
    )


def _explain(env, book, formats, tables):
    """Write the sheet of notes: one heading a row, with an example."""
    sheet = book.add_worksheet(env._("How to fill it in"))
    titles = {
        env._("Sheet"): 16,
        env._("Heading"): 24,
        env._("Example"): 24,
        env._("Also understood"): 50,
        env._("Words"): 50,
    }
    for place, (title, width) in enumerate(titles.items()):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, formats["heading"])
    row = 1
    for title, columns in tables:
        for column, _kind in columns:
            texts = (
                title,
                column._get_heading(),
                column.example or "",
                "、".join(column._get_headings()[1:]),
                "、".join(column._get_words()),
            )
            for place, text in enumerate(texts):
                sheet.write_string(row, place, text, formats["note"])
            row += 1
    for text in (
        env._("Dates may also be written as 2018.10.9, 2018年10月 or 2018年."),
        env._("A blank cell says nothing: what the register has stays as it is."),
        env._("The code decides which community it is; without it, street and name."),
    ):
        row += 1
        sheet.write_string(row, 0, text)


# === CELLS === #


def _make(fill):
    stream = io.BytesIO()
    # Whatever a file holds is text: no formula, link or number is made of it.
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(stream, {"in_memory": True, **options}) as book:
        fill(book)
    return stream.getvalue()


def _write(sheet, row, column, value, cell_format):
    if isinstance(value, str):
        sheet.write_string(row, column, value, cell_format)
    else:
        sheet.write_number(row, column, value, cell_format)


def _raw_row(sheets, line):
    """Return the cells of a row as the file has them."""
    rows = sheets.get(line.sheet, [])
    return rows[line.row - 1] if 0 < line.row <= len(rows) else []


def _plain(value):
    """Return a cell as a number or as a text."""
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value) if not isinstance(value, CellError) else value.code
    return value


def _letter(index):
    return xlsxwriter.utility.xl_col_to_name(index)


def _fitting(words):
    """Return how many words a list of Excel takes: 255 signs with their commas."""
    length = 0
    for count, word in enumerate(words):
        length += len(word) + 1
        if length > 255:
            return count
    return len(words)
