from collections.abc import Callable
from dataclasses import dataclass

from odoo import fields, models
from odoo.fields import Datetime
from odoo.tools import format_date

from ..tools.coverage import digest
from . import layout, workbook

_RIGHT = ("integer", "decimal", "hours", "percent", "date")
_PLACES = {"decimal": 2, "hours": 1, "percent": 2}


@dataclass(frozen=True)
class Column:
    """A column of a register, for the printed page and the workbook alike.

    :param str label: its heading, in the reader's language.
    :param float width: its share of the page; think of millimetres.
    :param read: what a record has there: text, number, day, or nothing.
    :param str kind: as in :class:`~.workbook.Column`.
    :param bool is_added: whether the last row gives the sum.
    :param bool is_label: whether it is worded by language: the digest leaves it out.
    :param draw: a flowable for the printed page, from a record, in place of the value.
    """

    label: str
    width: float
    read: Callable
    kind: str = "text"
    is_added: bool = False
    is_label: bool = False
    draw: Callable | None = None


def figure(label, width, name, kind, is_added=False):
    """Return a column with a number of each record; one that is 0 was not said."""
    return Column(label, width, lambda record: record[name] or None, kind, is_added)


def word(label, width, records, name):
    """Return a column with what a selection of each record is called."""
    words = dict(records._fields[name]._description_selection(records.env))
    return Column(label, width, lambda record: words.get(record[name]), is_label=True)


class WelfareRegister(models.AbstractModel):
    """A register (登记表、清单): records as they are now, one a line, with totals.

    A list declares its columns once and is a PDF and a workbook. The model of its
    workbook inherits that of its PDF and adds nothing.
    """

    _name = "report.welfare_facility.register"
    _description = "Register"

    #: What the QR code calls the list, in ASCII.
    _register_code = None

    # === WHAT A LIST DECLARES === #

    def _get_title(self):
        raise NotImplementedError

    def _get_columns(self, records):
        """Return the columns after that of the numbers.

        :rtype: list[Column]
        """
        raise NotImplementedError

    def _get_lines(self, records):
        """Return what stands on the lines, in order."""
        return records

    def _get_day(self):
        """Return the day of the figures, and their units, in words."""
        return self.env._(
            "as of %(date)s",
            date=format_date(self.env, fields.Date.context_today(self)),
        )

    def _get_subtitle(self, records):
        return self._get_day()

    def _is_counted(self, line):
        """Tell whether the sums have what stands on a line."""
        return True

    def _get_count(self, count):
        """Return how many lines there are, in words."""
        return self.env._("%(count)s lines", count=count)

    def _get_notes(self, records):
        """Return sentences that stand below the list."""
        return []

    def _get_signatures(self):
        return [
            self.env._("Filled in by:"),
            self.env._("Checked by:"),
            self.env._("Date:"),
        ]

    # === THE LIST === #

    def _get_filename(self, records, data):
        return f"{self._get_title()} {fields.Date.context_today(self)}"

    def _get_all_columns(self, records):
        number = Column(self.env._("No."), 10, None, "integer", is_label=True)
        return [number, *self._get_columns(records)]

    def _get_rows(self, columns, lines):
        """Return the cells of each line, and at the end those of the totals."""
        rows = [
            [number, *(column.read(line) for column in columns[1:])]
            for number, line in enumerate(lines, start=1)
        ]
        return [*rows, self._get_total(columns, rows, lines)]

    def _get_total(self, columns, rows, lines):
        total = [None] * len(columns)
        total[1], total[2] = self.env._("Total"), self._get_count(len(rows))
        for index, column in enumerate(columns):
            if column.is_added:
                figures = (
                    row[index] or 0
                    for row, line in zip(rows, lines, strict=True)
                    if self._is_counted(line)
                )
                total[index] = round(sum(figures), 2)
        return total

    def _get_digest(self, columns, rows):
        """Return the SHA-256 of the figures, whatever the language."""
        facts = [index for index, column in enumerate(columns) if not column.is_label]
        return digest([[row[index] for index in facts] for row in rows[:-1]])[:32]

    def _get_seal(self, columns, rows):
        """Return what the QR code says: kind, number, day and digest, in ASCII."""
        today = fields.Date.context_today(self).isoformat()
        seal = self._get_digest(columns, rows)
        return f"{self._register_code};{len(rows) - 1};{today};SHA256={seal}"

    def _render_pdf(self, records, data):
        """Draw the list.

        :return: the file.
        :rtype: bytes
        """
        lines = self._get_lines(records)
        columns = self._get_all_columns(records)
        rows = self._get_rows(columns, lines)
        return layout.build_document(
            [
                layout.table(
                    [
                        [column.label for column in columns],
                        *(
                            self._draw_row(columns, row, line)
                            for row, line in zip(rows[:-1], lines, strict=True)
                        ),
                        self._draw_row(columns, rows[-1]),
                    ],
                    [
                        layout.Column(
                            column.width, "right" if column.kind in _RIGHT else "left"
                        )
                        for column in columns
                    ],
                    total_rows=1,
                    zebra=True,
                    font_size=8,
                ),
                layout.signatures(self._get_signatures()),
                *(layout.paragraph(note, "small") for note in self._get_notes(records)),
            ],
            title=self._get_title(),
            subtitle=self._get_subtitle(records),
            author=self.env.user.name,
            landscape=True,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            footer=self.env._(
                "Digest of the figures (SHA-256): %(digest)s",
                digest=self._get_digest(columns, rows),
            ),
            qr_text=self._get_seal(columns, rows),
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )

    def _draw_row(self, columns, row, line=None):
        """Return the cells of a row as they are printed."""
        return [
            column.draw(line)
            if column.draw and line
            else f"{value:,.{_PLACES[column.kind]}f}"
            if column.kind in _PLACES and value is not None and value is not False
            else value
            for column, value in zip(columns, row, strict=True)
        ]

    def _render_xlsx(self, records, data):
        """Write the list.

        :return: the file.
        :rtype: bytes
        """
        columns = self._get_all_columns(records)
        rows = self._get_rows(columns, self._get_lines(records))
        seal = self._get_seal(columns, rows)
        title = self._get_title()
        book = workbook.Workbook(title=title, author=self.env.user.name, comments=seal)
        book.add_sheet(
            title,
            title=title,
            subtitle=self._get_subtitle(records),
            heading=[[column.label for column in columns]],
            columns=[workbook.Column(column.kind) for column in columns],
            rows=rows,
            total_rows=1,
            notes=self._get_notes(records),
            footer=seal,
        )
        return book.close()
