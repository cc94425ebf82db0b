from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..tools.ledger import Column, find_tables
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
    def _read_table(self, table_type, options, filename, content):
        """Return the first table of that kind in a workbook.

        :param str table_type: a value of the field of that name.
        :param dict options: by column, how its cells are read, see
            :class:`~..tools.ledger.Column`.
        :param str filename: name of the file, for the messages.
        :param bytes content: an .xls or .xlsx workbook.
        :rtype: ~..tools.ledger.Table
        :raise UserError: the file cannot be read, or has no such table.
        """
        data = self._get_columns(table_type)
        columns = [
            data[code]._make_reader(**column_options)
            for code, column_options in options.items()
            if code in data
        ]
        try:
            workbook = read_workbook(content, filename)
        except WorkbookError as error:
            raise UserError(self.env._(error.message)) from error
        for found in find_tables(workbook, {table_type: columns}):
            if found.table:
                found.table.rows.extend(found.table.iter_rows())
                return found.table
        raise UserError(
            self.env._(
                "%(file)s has no sheet with the table “%(table)s”: no row of it has "
                "the headings %(headings)s.",
                file=filename,
                table=dict(self._fields["table_type"]._description_selection(self.env))[
                    table_type
                ],
                headings=", ".join(
                    column.label for column in columns if column.required
                ),
            )
        )
