"""Building blocks of every table that is handed out as an ``.xlsx`` file.

Figures are written as numbers and days as days, so that the receiver can go on
calculating; texts are never read as formulas. Nothing here knows Odoo.
"""

import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from io import BytesIO

import xlsxwriter

_FONT = "宋体"
_NARROWEST, _WIDEST = 6, 40
#: The name of a sheet holds no more signs, and none of these.
_MAX_SHEET_NAME = 31
_FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))


@dataclass(frozen=True)
class Column:
    """A column of a sheet.

    :param str kind: ``text``, ``integer``, ``decimal`` (two places), ``hours`` (one
        place), ``percent`` (a figure such as 61.18, in percent already) or ``date``.
    :param int width: in signs of half width; found from the content when not given.
    """

    kind: str = "text"
    width: int = 0


_NUMBER_FORMATS = {
    "integer": "#,##0",
    "decimal": "#,##0.00",
    "hours": "0.0",
    "percent": '0.00"%"',
    "date": "yyyy-mm-dd",
}


def width_of(text):
    """Return the width of a text in signs of half width: a Chinese sign takes two."""
    return max(
        sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in line)
        for line in str(text).split("\n")
    )


class Workbook:
    """A workbook that is written from the first sheet to the last, in memory."""

    def __init__(self, title, author="", comments=""):
        self._buffer = BytesIO()
        self._book = xlsxwriter.Workbook(self._buffer, {"in_memory": True})
        self._book.set_properties(
            {"title": title, "author": author, "comments": comments}
        )
        self._formats = {}
        self._names = set()

    def add_sheet(
        self,
        name,
        *,
        title,
        heading,
        columns,
        rows,
        subtitle="",
        spans=(),
        total_rows=0,
        notes=(),
        footer="",
    ):
        """Add a sheet with a title, a table and notes below it.

        :param heading: the rows of the heading, one text per column.
        :param columns: one :class:`Column` per column.
        :param rows: the cells of each row: texts, numbers, days, or ``None``.
        :param spans: merged cells of the heading as (row, column, rows, columns).
        :param int total_rows: number of rows at the end that are printed bold.
        :param notes: texts below the table, each across its whole width.
        :param footer: text at the foot of each printed page.
        """
        sheet = self._book.add_worksheet(self._get_name(name))
        last = len(columns) - 1
        sheet.set_row(0, 28)
        self._merge(sheet, 0, 0, 1, len(columns), title, "title")
        self._merge(sheet, 1, 0, 1, len(columns), subtitle, "subtitle")
        top = 2
        self._write_heading(sheet, top, heading, spans)
        top += len(heading)
        rows = list(rows)
        for number, row in enumerate(rows):
            bold = number >= len(rows) - total_rows
            for index, (column, value) in enumerate(zip(columns, row, strict=True)):
                self._write(sheet, top + number, index, column.kind, value, bold)
        bottom = top + len(rows)
        for index, column in enumerate(columns):
            sheet.set_column(
                index, index, column.width or self._fit(heading, rows, index)
            )
        room = sum(
            column.width or self._fit(heading, rows, index)
            for index, column in enumerate(columns)
        )
        for number, note in enumerate(notes, start=bottom + 1):
            lines = sum(
                -(-max(1, width_of(line)) // room) for line in str(note).split("\n")
            )
            sheet.set_row(number, 15 * lines)
            self._merge(sheet, number, 0, 1, len(columns), note, "note")
        sheet.freeze_panes(top, 2 if last > 2 else 0)
        if rows:
            sheet.autofilter(top - 1, 0, max(top, bottom - total_rows - 1), last)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2, top - 1)
        # && is the sign itself: & begins a code.
        sheet.set_footer(f"&L{footer.replace('&', '&&')}&R&P / &N")

    def close(self):
        """Return the file.

        :rtype: bytes
        """
        self._book.close()
        return self._buffer.getvalue()

    def _write_heading(self, sheet, top, heading, spans):
        covered = set()
        for row, column, height, breadth in spans:
            text = heading[row][column]
            self._merge(sheet, top + row, column, height, breadth, text, "heading")
            covered.update(
                (row + down, column + across)
                for down in range(height)
                for across in range(breadth)
            )
        for row, texts in enumerate(heading):
            sheet.set_row(top + row, 30 if row == len(heading) - 1 else 18)
            for column, text in enumerate(texts):
                if (row, column) not in covered:
                    sheet.write_string(top + row, column, text, self._style("heading"))

    def _write(self, sheet, row, column, kind, value, bold):
        style = self._style(kind, bold)
        if value is None or value is False or value == "":
            sheet.write_blank(row, column, None, style)
        elif isinstance(value, date):
            sheet.write_datetime(row, column, value, style)
        elif isinstance(value, (int, float, Decimal)):
            sheet.write_number(row, column, value, style)
        else:
            # Not write(): a name that begins with “=” is no formula.
            sheet.write_string(row, column, str(value), self._style("text", bold))

    def _merge(self, sheet, row, column, height, breadth, text, style):
        style = self._style(style)
        if height * breadth == 1:
            sheet.write_string(row, column, text, style)
            return
        # Blank first: merge_range() would read a text that begins with “=”.
        sheet.merge_range(
            row, column, row + height - 1, column + breadth - 1, "", style
        )
        sheet.write_string(row, column, text, style)

    def _style(self, kind, bold=False):
        if (kind, bold) not in self._formats:
            options = {"font_name": _FONT, "font_size": 10, "valign": "vcenter"}
            if kind == "title":
                options |= {"bold": True, "font_size": 16, "align": "center"}
            elif kind == "subtitle":
                options |= {"align": "center", "font_color": "#595959"}
            elif kind == "note":
                options |= {"text_wrap": True, "valign": "top"}
            elif kind == "heading":
                options |= {
                    "bold": True,
                    "border": 1,
                    "align": "center",
                    "text_wrap": True,
                    "bg_color": "#EEF1F5",
                }
            else:
                options |= {"border": 1, "bold": bold}
                if kind in _NUMBER_FORMATS:
                    options |= {"num_format": _NUMBER_FORMATS[kind], "align": "right"}
                else:
                    options["text_wrap"] = True
            self._formats[kind, bold] = self._book.add_format(options)
        return self._formats[kind, bold]

    def _fit(self, heading, rows, index):
        """Return the width of a column for most of its content."""
        # A heading is broken in two; of a long list the beginning is enough.
        widths = [width_of(texts[index]) / 2 for texts in heading]
        widths += [
            width_of(f"{row[index]:,.2f}")
            if isinstance(row[index], (float, Decimal))
            else width_of(row[index])
            for row in rows[:500]
            if row[index] not in (None, False)
        ]
        return min(max(*widths, _NARROWEST) + 2, _WIDEST)

    def _get_name(self, name):
        """Return a name that no other sheet has."""
        name = name.translate(_FORBIDDEN).strip() or "1"
        for number in range(1, 10000):
            ending = f" {number}" if number > 1 else ""
            candidate = name[: _MAX_SHEET_NAME - len(ending)] + ending
            if candidate.lower() not in self._names:
                self._names.add(candidate.lower())
                return candidate
        raise ValueError("Too many sheets of one name")
