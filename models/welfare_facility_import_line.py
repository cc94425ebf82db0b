import csv
import io
import json
from itertools import islice

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from .ledger_planner import STATED

#: What a row of a home that is built says of its money: its own columns, by what they
#: are of the facility.
BUILT = {
    "built_district": "amount_district_stated",
    "built_lottery": "amount_lottery_stated",
}
#: The columns that tell what applying a row writes.
PLAN = ("code", "state", "date", "is_approximate", "steps", "is_redated", *STATED)
COLUMNS = (
    *("import_id", "sequence", "sheet", "row", "cell", "place", "status"),
    *("is_warned", "message", "facility_number", "institution", "year_built", *BUILT),
    *PLAN,
)
NO_PLAN = (None,) * len(PLAN)


class _CsvStream:
    """Rows as a file from which PostgreSQL copies: while it takes some of them in, the
    next ones are made.
    """

    ROWS = 50

    def __init__(self, rows):
        self.rows = iter(rows)

    # No super(): this is no model.
    def read(self, _size):  # pylint: disable=method-required-super
        text = io.StringIO()
        csv.writer(text).writerows(islice(self.rows, self.ROWS))
        return text.getvalue()


class WelfareFacilityImportLine(models.Model):
    """One row of an imported ledger, and what becomes of it."""

    _name = "welfare.facility.import.line"
    _description = "Row of an Imported Ledger"
    _order = "import_id desc, sequence, id"
    # Who imported the row, and when, stands on the import.
    _log_access = False
    _audit_excluded = "What a file says; what was written from it is captured."

    import_id = fields.Many2one(
        comodel_name="welfare.facility.import",
        required=True,
        index=True,
        ondelete="cascade",
    )
    sequence = fields.Integer(
        aggregator=None, help="Errors first, then warnings, then what is written."
    )
    sheet = fields.Char()
    row = fields.Integer(aggregator=None)
    cell = fields.Char()
    place = fields.Char(help="Street and community as the ledger writes them.")
    status = fields.Selection(
        selection=[
            ("create", "Created"),
            ("change", "Changed"),
            ("unchanged", "Unchanged"),
            ("skip", "Nothing to Register"),
            ("warning", "Warning"),
            ("error", "Error"),
        ],
        required=True,
    )
    is_warned = fields.Boolean(
        string="To Be Looked at", help="Also a row that is written may be odd."
    )
    message = fields.Text(string="What and Why")
    facility_number = fields.Integer(
        aggregator=None,
        help="The id of the facility. The check reserves that of one to come, so that "
        "applying writes each row once: into the register.",
    )
    facility_id = fields.Many2one(
        comodel_name="welfare.facility", compute="_compute_facility_id"
    )
    # What applying the row writes, as the check has planned it. An empty column says
    # nothing: what the register has stays as it is.
    code = fields.Char(string="Division Code", help="That of the community.")
    state = fields.Char(help="The state that the row tells of.")
    date = fields.Date(string="Since")
    is_approximate = fields.Boolean(string="Day not Known")
    steps = fields.Char(
        help="States that a facility of the register passes, in their order."
    )
    is_redated = fields.Boolean(
        string="Day Corrected", help="The current state began on another day."
    )
    area_indoor = fields.Float(
        string="Indoor Area (m²)", digits=(12, 2), aggregator=None
    )
    area_outdoor = fields.Float(
        string="Outdoor Area (m²)", digits=(12, 2), aggregator=None
    )
    hours_weekly = fields.Float(
        string="Open Hours a Week", digits=(5, 1), aggregator=None
    )
    amount_district_stated = fields.Float(
        string="District Budget (stated)", digits=(16, 2), aggregator=None
    )
    amount_lottery_stated = fields.Float(
        string="Welfare Lottery Fund (stated)", digits=(16, 2), aggregator=None
    )
    hours_note = fields.Char(string="Opening Hours in Words")
    note = fields.Text()
    premises = fields.Char()
    plan_year = fields.Integer(string="Planned for", aggregator=None)

    # What the row says, also where the register has it already.
    year_built = fields.Integer(string="Built in", aggregator=None)
    built_district = fields.Float(
        string="District Budget in the Row", digits=(16, 2), aggregator=None
    )
    built_lottery = fields.Float(
        string="Welfare Lottery Fund in the Row", digits=(16, 2), aggregator=None
    )

    institution = fields.Json(
        help="What applying the row writes of an institution; empty for a home."
    )

    # === COMPUTE METHODS === #

    @api.depends("import_id.filename", "sheet", "row")
    def _compute_display_name(self):
        for line in self:
            line.display_name = self._label(
                line.import_id.filename, line.sheet, line.row
            )

    @api.depends("facility_number")
    def _compute_facility_id(self):
        Facility = self.env["welfare.facility"]
        # A number that is only reserved, or whose plan was dropped, is nobody's.
        known = Facility.browse(filter(None, self.mapped("facility_number"))).exists()
        for line in self:
            line.facility_id = known & Facility.browse(line.facility_number)

    # === CRUD METHODS === #

    # No super(): nobody gets through.
    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(
            self.env._("The rows of an import come from its file and are not edited.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if any(line.import_id.state == "applied" for line in self):
            raise AccessError(
                self.env._("The rows of a ledger that was applied are kept.")
            )

    # === ACTION METHODS === #

    def action_open_facility(self):
        """Open the facility that the row created, changed or left as it was."""
        self.ensure_one()
        return self.facility_id.get_formview_action()

    # === BUSINESS METHODS === #

    @api.model
    def _label(self, filename, sheet, row):
        """Return how a row is called where people read of it."""
        return self.env._(
            "%(sheet)s › row %(row)s › %(file)s", sheet=sheet, row=row, file=filename
        )

    @api.model
    def _load_planned(self, ledger, planned_rows, size=2000):
        """Put the rows of a new check into the place of the former ones.

        They go to the database as they come and are not kept in memory.

        :param ledger: the ``welfare.facility.import``.
        :param planned_rows: iterable of :class:`~.ledger_planner.PlannedRow`.
        """
        self.env.cr.execute(
            SQL(
                "DELETE FROM %s WHERE import_id = %s",
                SQL.identifier(self._table),
                ledger.id,
            )
        )
        columns = ", ".join(COLUMNS)
        planned_rows = iter(planned_rows)
        while rows := list(islice(planned_rows, size)):
            self.env.cr.copy_expert(
                f"COPY {self._table} ({columns}) FROM STDIN WITH (FORMAT csv)",
                _CsvStream(self._prepare_rows(ledger, rows)),
            )
        self.invalidate_model()
        ledger.invalidate_recordset(["line_ids"])

    def _prepare_rows(self, ledger, rows):
        """Return planned rows as the table has them.

        :return: an iterator, which asks the database nothing any more.
        """
        reserved = self._reserve_numbers(sum(map(self._is_home_to_come, rows)))
        return (self._prepare_row(ledger.id, row, reserved) for row in rows)

    def _prepare_row(self, ledger_id, row, reserved):
        number = row.facility and row.facility.id
        if self._is_home_to_come(row):
            number = next(reserved)
        plan = NO_PLAN
        if row.is_written and not row.institution:
            plan = (
                row.region.code,
                row.state,
                row.date,
                row.is_approximate,
                ",".join(row.steps),
                row.is_redated,
                *map(row.vals.get, STATED),
            )
        return (
            ledger_id,
            row.sequence,
            row.sheet,
            row.row,
            row.cell,
            row.place,
            row.status,
            row.is_warned,
            row.message,
            number,
            row.institution and json.dumps(row.institution),
            row.year_built,
            *map(row.stated.get, BUILT.values()),
            *plan,
        )

    @api.model
    def _is_home_to_come(self, row):
        return row.status == "create" and not row.institution

    @api.model
    def _reserve_numbers(self, count):
        """Return so many ids that no other facility will have."""
        numbers = self.env.execute_query(
            SQL(
                "SELECT nextval('welfare_facility_id_seq') FROM generate_series(1, %s)",
                count,
            )
        )
        return (number for [number] in numbers)
