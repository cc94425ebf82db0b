from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_list

from ..tools.ledger import (
    Column,
    SheetMatch,
    find_tables,
    guess_headings,
    locate_table,
)
from ..tools.workbook import WorkbookError, read_workbook


def _lines(text):
    return tuple(line.strip() for line in (text or "").splitlines() if line.strip())


class WelfareImportColumn(models.Model):
    """What a heading of a bureau's table means (台账栏目).

    Each bureau heads its columns in its own way. The headings that are understood are
    data, so that an administrator adds one instead of asking for a new program.
    """

    _name = "welfare.import.column"
    _description = "Column of an Imported Table"
    _order = "table_type, sequence, id"

    table_type = fields.Selection(
        selection=[
            ("region", "List of Regions"),
            ("facility", "Ledger of Facilities"),
            ("institution", "Ledger of Institutions"),
            ("funding", "Ledger of Funds"),
            ("standard", "Standards"),
            ("budget", "Budget System: Appropriations"),
            ("payment", "Budget System: Payments"),
        ],
        required=True,
    )
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="What the program calls the column.")
    synonyms = fields.Text(
        string="Headings", required=True, help="One heading a line, as tables write it."
    )
    group_headings = fields.Text(
        string="Headings above",
        help="Headings that may stand above it where headings take two rows, one a "
        "line. Under another one the column is not this one.",
    )
    words = fields.Text(
        help="What words in the column mean, one a line: the word, “=” and the value. "
        "“{year}” in the word stands for any year."
    )

    example = fields.Char(help="What a cell of it may say, for the blank form.")

    _code_uniq = models.Constraint(
        "UNIQUE (table_type, code)", "This table has such a column already."
    )

    # === CONSTRAINT METHODS === #

    @api.constrains("words")
    def _check_words(self):
        for column in self:
            for line in (column.words or "").splitlines():
                if line.strip() and not all(
                    part.strip() for part in line.split("=", 1)
                ):
                    raise ValidationError(
                        self.env._(
                            "“%(line)s”: write the word, “=” and the value.", line=line
                        )
                    )

    # === BUSINESS METHODS === #

    def _get_words(self):
        """Return what the words of the column mean.

        :rtype: dict[str, str]
        """
        self.ensure_one()
        pairs = (line.partition("=") for line in (self.words or "").splitlines())
        return {word.strip(): value.strip() for word, _sign, value in pairs if value}

    def _get_headings(self):
        """Return the headings that mean the column, the usual one first.

        :rtype: tuple[str]
        """
        self.ensure_one()
        return _lines(self.synonyms)

    def _get_heading(self):
        """Return the usual heading of the column."""
        return self._get_headings()[0]

    def _get_group(self):
        """Return the usual heading above it, where headings take two rows."""
        self.ensure_one()
        return next(iter(_lines(self.group_headings)), "")

    def _make_reader(self, **options):
        """Return the description by which a table's cells are read.

        :param options: what is not data: the kind of the cells and the like.
        :rtype: Column
        """
        self.ensure_one()
        if options["kind"] == "choice":
            options["choices"] = self._get_words()
        return Column(
            name=self.code,
            synonyms=_lines(self.synonyms),
            groups=_lines(self.group_headings),
            **options,
        )

    @api.model
    def _get_columns(self, table_type):
        """Return the columns of a table by their codes.

        :param str table_type: a value of the field of that name.
        :rtype: dict
        """
        return {
            column.code: column
            for column in self.search([("table_type", "=", table_type)])
        }

    @api.model
    def _get_table_label(self, table_type):
        """Return how a type of table is called."""
        field = self._fields["table_type"]
        return dict(field._description_selection(self.env))[table_type]

    @api.model
    def _get_readers(self, table_type, options):
        """Return the descriptions by which a table's columns are found and read.

        :param str table_type: a value of the field of that name.
        :param dict options: by column, how its cells are read, see
            :class:`~..tools.ledger.Column`.
        :rtype: list[Column]
        """
        columns = self._get_columns(table_type)
        return [
            columns[code]._make_reader(**column_options)
            for code, column_options in options.items()
            if code in columns
        ]

    @api.model
    def _read_workbook(self, filename, content):
        """Return a workbook's sheets.

        :param str filename: name of the file, for the messages.
        :param bytes content: an .xls or .xlsx workbook.
        :rtype: ~..tools.workbook.Workbook
        :raise UserError: the file cannot be read; the message says why.
        """
        try:
            return read_workbook(content, filename)
        except WorkbookError as error:
            raise UserError(self.env._(error.message)) from error

    @api.model
    def _find_tables(
        self,
        workbook,
        filename,
        options,
        mappings=None,
        header_row=0,
        has_page=False,
    ):
        """Return what each sheet of a workbook holds.

        A table that lacks a required column is found, too, so that the heading of that
        column can be told by hand.

        :param dict options: see :meth:`_get_readers`, by type of table; the first type
            is the one that is looked for hardest.
        :param dict mappings: what headings mean by hand, see
            :func:`~..tools.ledger.locate_table`, by type of table.
        :param int header_row: the row of the first sheet that somebody pointed at as
            its headings, or 0.
        :param bool has_page: whether somebody can say what the headings mean: then a
            sheet will do of which no heading is known.
        :rtype: list[~..tools.ledger.SheetMatch]
        :raise UserError: no sheet has such a table.
        """
        mappings = mappings or {}
        readers = {
            table_type: self._get_readers(table_type, columns)
            for table_type, columns in options.items()
        }
        matches = find_tables(workbook, readers, mappings)
        main_type = next(iter(options))
        columns, mapping = readers[main_type], mappings.get(main_type)
        shown = [
            (index, match)
            for index, match in enumerate(matches)
            if match.sheet.rows and not match.sheet.hidden
        ]
        if header_row and shown:
            index, match = shown[0]
            table = locate_table(match.sheet, columns, mapping, header_row=header_row)
            if table.header_rows:
                matches[index] = SheetMatch(match.sheet, main_type, table)
        if all(match.kind != main_type for match in matches):
            guesses = [
                (index, locate_table(match.sheet, columns, mapping))
                for index, match in shown
                if not match.table
            ]
            # Beside another table a cover page must not be taken for one.
            least = 3 if any(match.table for match in matches) else 1
            index, table = max(
                guesses, key=lambda guess: len(guess[1].columns), default=(0, None)
            )
            if table and len(table.columns) >= least:
                matches[index] = SheetMatch(table.sheet, main_type, table)
        if has_page and not any(match.table for match in matches):
            for index, match in shown:
                row = guess_headings(match.sheet)
                if row:
                    table = locate_table(match.sheet, columns, mapping, header_row=row)
                    matches[index] = SheetMatch(match.sheet, main_type, table)
                    break
        if not any(match.table for match in matches):
            raise UserError(self._message_no_table(filename, main_type, options))
        return matches

    @api.model
    def _read_table(self, table_type, options, filename, content):
        """Return the first table of that kind in a workbook, with its rows.

        :param str table_type: a value of the field of that name.
        :param dict options: by column, how its cells are read.
        :param str filename: name of the file, for the messages.
        :param bytes content: an .xls or .xlsx workbook.
        :rtype: ~..tools.ledger.Table
        :raise UserError: the file cannot be read, or has no such table.
        """
        workbook = self._read_workbook(filename, content)
        matches = self._find_tables(workbook, filename, {table_type: options})
        table = next(match.table for match in matches if match.table)
        if table.missing:
            raise UserError(
                self._message_no_table(filename, table_type, {table_type: options})
            )
        table.rows.extend(table.iter_rows())
        return table

    @api.model
    def _message_no_table(self, filename, table_type, options):
        return self.env._(
            "%(file)s has no sheet with the table “%(table)s”: no row of it has "
            "the headings %(headings)s.",
            file=filename,
            table=self._get_table_label(table_type),
            headings=format_list(
                self.env,
                [
                    column.label
                    for column in self._get_readers(table_type, options[table_type])
                    if column.required
                ],
            ),
        )
