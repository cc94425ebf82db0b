import base64
import hashlib

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, UserError

from ..tools import division_code
from .ledger_planner import LedgerPlanner

#: How the columns of the ledger are read; their headings are data.
LEDGER_COLUMNS = {
    "township": {"kind": "place", "fill_down": True},
    "community": {"kind": "place", "required": True},
    "code": {"kind": "code", "key": True},
    "is_unit_community": {"kind": "boolean"},
    "state": {"kind": "choice", "required": True, "year_as": "plan_year"},
    "date": {"kind": "date", "precision_as": "date_precision"},
    "amount_district": {"kind": "money"},
    "amount_lottery": {"kind": "money"},
    "amount_total": {
        "kind": "money",
        "total_of": ("amount_district", "amount_lottery"),
    },
    "area_indoor": {"kind": "area"},
    "area_outdoor": {"kind": "area"},
    "hours_weekly": {"kind": "number", "text_as": "hours_note"},
    "note": {"kind": "text"},
}


class WelfareFacilityImport(models.Model):
    """A bureau's ledger of 儿童之家, read into the register.

    The file is checked first, row by row, against what the register has; nothing is
    written. Applying it writes everything or nothing. The file stays with its SHA-256,
    its user and its time, and each facility says from which row it comes.
    """

    _name = "welfare.facility.import"
    _description = "Ledger Import"
    _inherit = [
        "welfare.region.mixin",
        "welfare.state.mixin",
        "welfare.progress.mixin",
    ]
    _order = "id desc"
    _rec_name = "filename"

    _initial_states = ("draft",)
    _transitions = {
        "draft": {"checked"},
        "checked": {"draft", "checked", "applied"},
        "applied": set(),
    }
    _guarded_fields = frozenset(("sha256", "applied_uid", "date_applied"))

    region_id = fields.Many2one(
        default=lambda self: self._default_region_id(),
        help="The region whose ledger this is: rows of other places are refused.",
    )
    type_id = fields.Many2one(
        comodel_name="welfare.facility.type",
        string="Facilities",
        required=True,
        domain="[('is_one_per_community', '=', True)]",
        default=lambda self: self._default_type_id(),
        ondelete="restrict",
    )
    file = fields.Binary(string="Ledger", required=True, attachment=True)
    filename = fields.Char(required=True)
    sha256 = fields.Char(string="SHA-256", readonly=True, copy=False)
    date = fields.Date(
        string="As of",
        help="Day to which the ledger speaks; read from the file where it names one.",
    )
    state = fields.Selection(
        selection=[("draft", "New"), ("checked", "Checked"), ("applied", "Applied")],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )
    applied_uid = fields.Many2one(
        comodel_name="res.users", string="Applied by", readonly=True, copy=False
    )
    date_applied = fields.Datetime(string="Applied on", readonly=True, copy=False)
    line_ids = fields.One2many(
        comodel_name="welfare.facility.import.line",
        inverse_name="import_id",
        string="Rows",
        readonly=True,
        copy=False,
    )
    create_count = fields.Integer(string="Created", compute="_compute_counts")
    change_count = fields.Integer(string="Changed", compute="_compute_counts")
    unchanged_count = fields.Integer(string="Unchanged", compute="_compute_counts")
    skip_count = fields.Integer(string="Nothing to Register", compute="_compute_counts")
    warning_count = fields.Integer(string="Warnings", compute="_compute_counts")
    error_count = fields.Integer(string="Errors", compute="_compute_counts")

    # === DEFAULT METHODS === #

    @api.model
    def _default_region_id(self):
        regions = self.env.user.welfare_region_ids
        return regions if len(regions) == 1 else False

    @api.model
    def _default_type_id(self):
        return self.env.ref(
            "welfare_facility.facility_type_children_home", raise_if_not_found=False
        )

    # === COMPUTE METHODS === #

    @api.depends("line_ids.status")
    def _compute_counts(self):
        groups = self.env["welfare.facility.import.line"]._read_group(
            [("import_id", "in", self.ids)], ["import_id", "status"], ["__count"]
        )
        counts = {(record, status): count for record, status, count in groups}
        for record in self:
            for status in record.line_ids._fields["status"].get_values(self.env):
                record[f"{status}_count"] = counts.get((record, status), 0)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._hash_file()
        return records

    def write(self, vals):
        if any(record.state == "applied" for record in self):
            raise UserError(
                self.env._("This ledger was applied; its record does not change.")
            )
        result = super().write(vals)
        if "file" in vals:
            self._hash_file()
        if vals.keys() & {"file", "region_id", "type_id", "date"}:
            # What was checked is not what would be applied any more.
            checked = self.filtered(lambda record: record.state == "checked")
            checked._replace_lines([])
            checked._set_state("draft")
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if any(record.state == "applied" for record in self):
            raise UserError(
                self.env._("This ledger was applied; its record is not deleted.")
            )

    # === ACTION METHODS === #

    def action_check(self):
        """Compare the file with the register, row by row; write nothing into it."""
        self.ensure_one()
        self.check_access("write")
        planner, plan = self._make_plan()
        self._replace_lines([self._prepare_line_vals(row) for row in plan])
        # Past write(), for which a new day would ask for a new check.
        self._write_guarded({"date": planner.date or False})
        if self.state != "checked":
            self._set_state("checked")
        return True

    def action_apply(self):
        """Write what the check announced, everything or nothing.

        :raise UserError: a row has an error, or the register has changed since.
        """
        self.ensure_one()
        self.check_access("write")
        if self.state != "checked":
            raise UserError(self.env._("Check the ledger first."))
        _planner, plan = self._make_plan()
        shown = [self._prepare_line_vals(row) for row in plan]
        if not self.line_ids._says(shown):
            raise UserError(
                self.env._("The register has changed since the check: check again.")
            )
        if any(row.status == "error" for row in plan):
            raise UserError(
                self.env._("Nothing was applied: mend the rows with errors first.")
            )
        try:
            self._apply_plan(plan)
            self.env.flush_all()
        except UniqueViolation as error:
            # Somebody else has just applied the same ledger: Odoo runs the request
            # again, and then the rows are there and unchanged.
            raise ConcurrencyError(str(error)) from error
        self._set_state("applied")
        return True

    def action_open_facilities(self):
        """Open the facilities that this ledger created or changed last."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_facility_action"
        )
        return {**action, "domain": [("import_line_id.import_id", "=", self.id)]}

    # === BUSINESS METHODS === #

    @api.model
    def _import_file(self, filename, content):
        """Import a ledger without a screen: check it, and apply it if nothing is wrong.

        :param str filename: name of the file, for the record.
        :param bytes content: the file.
        :return: the import; applied, unless it has errors or there is nothing to apply.
        :raise UserError: the file cannot be read, or does not say of which region it is.
        """
        record = self.create(
            {
                "filename": filename,
                "file": base64.b64encode(content),
                "region_id": self._guess_region(filename, content).id,
            }
        )
        record.action_check()
        if not record.error_count and (record.create_count or record.change_count):
            record.action_apply()
        return record

    def _describe_result(self):
        """Return the number of rows by status, and the rows to look at, as text.

        :rtype: str
        """
        self.ensure_one()
        labels = self.line_ids._fields["status"]._description_selection(self.env)
        counts = ", ".join(
            f"{label} {self[f'{status}_count']}" for status, label in labels
        )
        remarks = [
            f"{line.sheet} {line.cell} {line.place or ''}: {line.message}"
            for line in self.line_ids
            if line.status in ("error", "warning")
        ]
        return "\n".join([counts, *remarks])

    def _hash_file(self):
        for record in self:
            content = base64.b64decode(record.file or b"")
            record._write_guarded({"sha256": hashlib.sha256(content).hexdigest()})

    def _replace_lines(self, vals_list):
        """Put the rows of a new check in the place of the former ones."""
        # sudo(): no role writes rows of an import itself.
        self.line_ids.sudo().unlink()
        self.env["welfare.facility.import.line"].sudo().create(vals_list)

    @api.model
    def _guess_region(self, filename, content):
        """Return the smallest region in which all rows of a ledger lie, by their codes.

        :raise UserError: the ledger has no codes, or they have no region in common.
        """
        table = self._read_table(filename, content)
        codes = {row.values["code"] for row in table.rows if row.values.get("code")}
        shared = codes and set.intersection(
            *(set(division_code.ancestors_of(code)) for code in codes)
        )
        region = self.env["welfare.region"].search(
            [("code", "in", list(shared or ()))], order="code desc", limit=1
        )
        if not region:
            raise UserError(
                self.env._("The ledger's codes do not say of which region it is.")
            )
        return region

    @api.model
    def _read_table(self, filename, content):
        return self.env["welfare.import.column"]._read_table(
            "facility", LEDGER_COLUMNS, filename, content
        )

    def _make_plan(self):
        """Return what would become of each row of the file, against the register now.

        :rtype: tuple[LedgerPlanner, list[PlannedRow]]
        """
        self.ensure_one()
        table = self._read_table(self.filename, base64.b64decode(self.file))
        planner = LedgerPlanner(self.region_id, self.type_id, self.date)
        return planner, planner.plan(table, progress=self._progress(self.filename))

    def _apply_plan(self, plan):
        """Write the planned rows into the register.

        :param list plan: of :class:`~.ledger_planner.PlannedRow`, none with an error.
        """
        line_by_place = {(line.sheet, line.row): line for line in self.line_ids}
        # The import's own rows say where a value comes from; a message in the chatter
        # of thousands of facilities would say it a second time.
        Facility = self.env["welfare.facility"].with_context(
            mail_create_nolog=True, mail_notrack=True
        )
        new_rows = [row for row in plan if row.status == "create"]
        facilities = Facility.create(
            [{**row.vals, **self._prepare_facility_vals(row)} for row in new_rows]
        )
        for row, facility in zip(new_rows, facilities, strict=True):
            row.facility = facility
        for row in plan:
            if row.status not in ("create", "change"):
                continue
            line = line_by_place[row.sheet, row.row]
            facility = row.facility.with_env(Facility.env)
            if row.status == "change":
                facility.write(row.vals)
            since = {
                "date": row.date,
                "is_approximate": row.is_approximate,
                "reason": line.display_name,
            }
            for state in row.steps:
                facility._set_state(state, **since)
            if row.is_redated:
                facility._correct_state_date(**since)
            facility._write_guarded({"import_line_id": line.id})
        self.line_ids._link_facilities()
        self._write_guarded(
            {"applied_uid": self.env.uid, "date_applied": fields.Datetime.now()}
        )

    def _prepare_line_vals(self, row):
        return {
            "import_id": self.id,
            "sheet": row.sheet,
            "row": row.row,
            "cell": row.cell,
            "place": row.place,
            "status": row.status,
            "message": row.message,
            "facility_id": row.facility.id if row.facility else False,
        }

    def _prepare_facility_vals(self, row):
        return {
            "name": f"{row.region.name}{self.type_id.site_name or self.type_id.name}",
            "type_id": self.type_id.id,
            "region_id": row.region.id,
            "state": row.state,
            "date_state": row.date,
            "is_date_state_approximate": row.is_approximate,
        }
