import base64
import hashlib
from collections import defaultdict
from itertools import chain

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, LockError, UserError
from odoo.tools import format_date, format_datetime, format_list

from ..tools import division_code
from ..tools.workbook import MappedFile
from .funding_planner import FUNDING_COLUMNS, FundingPlanner
from .institution_planner import INSTITUTION_COLUMNS, InstitutionPlanner
from .institution_writer import InstitutionWriter
from .ledger_planner import LedgerPlanner, PlannedRow
from .ledger_writer import LedgerWriter

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

#: What is looked for in a file, by type of table.
TABLES = {
    "facility": LEDGER_COLUMNS,
    "funding": FUNDING_COLUMNS,
    "institution": INSTITUTION_COLUMNS,
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
        "welfare.currency.mixin",
    ]
    _order = "id desc"
    _rec_name = "filename"

    _initial_states = ("draft",)
    _transitions = {
        "draft": {"checked"},
        "checked": {"draft", "checked", "applied"},
        "applied": set(),
    }
    _guarded_fields = frozenset(
        ("sha256", "basis", "has_fund_total", "amount_fund_stated")
        + ("applied_uid", "date_applied")
    )

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
    basis = fields.Char(
        readonly=True,
        copy=False,
        help="Digest of what the check found in the register: while it is the same, "
        "what was shown is what applying does.",
    )
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
    heading_ids = fields.One2many(
        comodel_name="welfare.facility.import.heading",
        inverse_name="import_id",
        string="Headings",
        copy=False,
    )
    heading_row = fields.Integer(
        string="Last Row of the Headings",
        copy=False,
        help="On the first sheet, where they are not found by themselves; 0 otherwise.",
    )
    open_heading_count = fields.Integer(
        string="Headings not Understood", compute="_compute_open_heading_count"
    )
    fund_ids = fields.One2many(
        comodel_name="welfare.facility.import.fund",
        inverse_name="import_id",
        string="Funding",
        readonly=True,
        copy=False,
    )
    amount_fund = fields.Monetary(
        string="Sum of the Rows", compute="_compute_amount_fund"
    )
    has_fund_total = fields.Boolean(readonly=True, copy=False)
    amount_fund_stated = fields.Monetary(
        string="Total in the File", readonly=True, copy=False
    )
    fund_count = fields.Integer(string="New Fundings", compute="_compute_amount_fund")
    create_count = fields.Integer(string="Created", compute="_compute_counts")
    change_count = fields.Integer(string="Changed", compute="_compute_counts")
    unchanged_count = fields.Integer(string="Unchanged", compute="_compute_counts")
    skip_count = fields.Integer(string="Nothing to Register", compute="_compute_counts")
    warning_count = fields.Integer(string="Warnings", compute="_compute_counts")
    error_count = fields.Integer(string="Errors", compute="_compute_counts")

    # === DEFAULT METHODS === #

    @api.model
    def _default_type_id(self):
        return self.env.ref(
            "welfare_facility.facility_type_children_home", raise_if_not_found=False
        )

    # === COMPUTE METHODS === #

    @api.depends("line_ids.status", "line_ids.is_warned")
    def _compute_counts(self):
        Line = self.env["welfare.facility.import.line"]
        groups = Line._read_group(
            [("import_id", "in", self.ids)],
            ["import_id", "status", "is_warned"],
            ["__count"],
        )
        counts = defaultdict(int)
        for record, status, is_warned, count in groups:
            counts[record, status] += count
            # A row with a warning may be one that is written all the same.
            if is_warned and status not in ("warning", "error"):
                counts[record, "warning"] += count
        for record in self:
            for status in Line._fields["status"].get_values(self.env):
                record[f"{status}_count"] = counts[record, status]

    @api.depends("heading_ids.is_open")
    def _compute_open_heading_count(self):
        for record in self:
            record.open_heading_count = len(record.heading_ids.filtered("is_open"))

    @api.depends("fund_ids.amount", "fund_ids.status")
    def _compute_amount_fund(self):
        for record in self:
            new = record.fund_ids.filtered(lambda row: row.status == "create")
            record.amount_fund = sum(record.fund_ids.mapped("amount"))
            record.fund_count = len(new)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        for record in records:
            record._take_file()
        return records

    def write(self, vals):
        if any(record.state == "applied" for record in self):
            raise UserError(
                self.env._("This ledger was applied; its record does not change.")
            )
        if "file" in vals:
            # What was read from the former file, or said of it, is not of the new one.
            vals = {"date": False, "heading_row": 0, **vals}
        result = super().write(vals)
        if vals.keys() & {"file", "region_id", "type_id", "date", "heading_row"}:
            self._reopen()
        if "file" in vals:
            # sudo(): no role deletes them itself.
            self.heading_ids.sudo().unlink()
            for record in self:
                record._take_file()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if any(record.state == "applied" for record in self):
            raise UserError(
                self.env._("This ledger was applied; its record is not deleted.")
            )

    # === ACTION METHODS === #

    def action_check(self):
        """Compare the file with the register, unless that was done as it was saved."""
        self.ensure_one()
        self._refuse_applied()
        return self.state == "checked" or self.action_check_again()

    def action_check_again(self):
        """Compare the file with the register, row by row; write nothing into it.

        Where the file lacks a required column, the check ends with its headings, so
        that somebody can say which of them means that column.
        """
        self.ensure_one()
        self.check_access("write")
        self._refuse_applied()
        self._remember_headings()
        self._compare(self._read_workbook(self._get_content()))
        return True

    def action_apply(self):
        """Write what the check announced, everything or nothing.

        :raise UserError: a row has an error, or the register has changed since.
        """
        self.ensure_one()
        self.check_access("write")
        self._refuse_applied()
        try:
            self.lock_for_update()
        except LockError as error:
            raise UserError(
                self.env._("This ledger is being applied at this moment.")
            ) from error
        if self.state != "checked":
            raise UserError(self.env._("Check the ledger first."))
        if self.error_count:
            raise UserError(
                self.env._("Nothing was applied: mend the rows with errors first.")
            )
        planner = LedgerPlanner(self.region_id, self.type_id, self.date)
        if self.basis != self._digest_register(planner):
            raise UserError(
                self.env._("The register has changed since the check: check again.")
            )
        try:
            LedgerWriter(self).apply(progress=self._progress(self.filename))
            InstitutionWriter(self).apply()
            self.fund_ids._take_over()
            self.env.flush_all()
        except UniqueViolation as error:
            # Somebody else has just applied the same ledger: Odoo runs the request
            # again, and then the register is found to have changed.
            raise ConcurrencyError(str(error)) from error
        self._write_guarded(
            {"applied_uid": self.env.uid, "date_applied": fields.Datetime.now()}
        )
        self._set_state("applied")
        return True

    def action_open_lines(self):
        """Open the rows, those of one status if the context names it."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_facility_import_line_action"
        )
        name = self.env.context.get("line_status")
        return {
            **action,
            "domain": [("import_id", "=", self.id)],
            "context": {f"search_default_filter_{name}": True} if name else {},
        }

    def action_download_errors(self):
        """Download the rows with errors and warnings, as the file has them."""
        self.ensure_one()
        return self._download(f"/welfare_facility/import/{self.id}/errors")

    def action_download_template(self):
        """Download an empty ledger with the headings that are understood."""
        return self._download("/welfare_facility/import/template")

    def _download(self, url):
        return {"type": "ir.actions.act_url", "url": url, "target": "download"}

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
        :raise UserError: the file cannot be read, or does not tell its region.
        """
        record = self.create(
            {
                "filename": filename,
                "file": base64.b64encode(content),
                "region_id": self._guess_region(filename, content).id,
            }
        )
        record.action_check()
        has_news = record.create_count or record.change_count or record.fund_count
        if has_news and not record.error_count:
            record.action_apply()
        return record

    def _describe_result(self):
        """Return the number of rows by status, and the rows to look at, as text.

        :rtype: str
        """
        self.ensure_one()
        labels = self.line_ids._fields["status"]._description_selection(self.env)
        counts = format_list(
            self.env,
            [f"{label} {self[f'{status}_count']}" for status, label in labels],
        )
        remarks = [
            f"{line.sheet} {line.cell} {line.place or ''}: {line.message}"
            for line in self.line_ids
            if line.status in ("error", "warning")
        ]
        return "\n".join([counts, *remarks])

    def _take_file(self):
        """Check a file that comes in, which is read this once.

        One that cannot be read, or is no ledger, is not kept at all.
        """
        content = self._get_content()
        self._write_guarded({"sha256": hashlib.sha256(content).hexdigest()})
        workbook = self._read_workbook(content)
        # Neither the file nor what came with the request is needed beside its cells.
        del content
        self.invalidate_recordset(["file"])
        self._compare(workbook)

    def _describe_days(self, days):
        """Return a remark on sheets that speak to different days."""
        remark = PlannedRow(self.filename, 0, status="skip")
        remark.warn(
            self.env._(
                "The sheets speak to different days: %(days)s. A row without a day of "
                "its own is taken for that of its sheet.",
                days=format_list(
                    self.env,
                    [
                        f"{sheet} {format_date(self.env, day)}"
                        for day, sheet in sorted(days.items())
                    ],
                ),
            )
        )
        return remark

    def _read_workbook(self, content):
        return self.env["welfare.import.column"]._read_workbook(self.filename, content)

    def _get_content(self):
        """Return the file, as bytes or as what can be sliced like them."""
        self.ensure_one()
        # sudo(): who may read the record may read its file. Not by way of the field,
        # which would hold it once more as base64.
        attachment_sudo = (
            self.env["ir.attachment"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_field", "=", "file"),
                    ("res_id", "=", self.id),
                ]
            )
        )
        # A new file is in the cache, which would keep it until the request ends.
        attachment_sudo.invalidate_recordset(["raw", "datas"], flush=False)
        if not attachment_sudo.store_fname:
            return attachment_sudo.db_datas or b""
        return MappedFile(attachment_sudo._full_path(attachment_sudo.store_fname))

    def _compare(self, workbook):
        """Compare a file with the register.

        :param workbook: what :meth:`_read_workbook` has made of it; is used up.
        :raise UserError: it has no such table.
        """
        matches = self.env["welfare.import.column"]._find_tables(
            workbook,
            self.filename,
            TABLES,
            self._get_mappings(),
            header_row=self.heading_row,
            has_page=True,
        )
        self._list_headings(matches)
        days = {
            match.table.context.as_of: match.sheet.name
            for match in reversed(matches)
            if match.kind == "facility" and match.table.context.as_of
        }
        # The day on one sheet is that of the others which name none.
        date = self.date or (next(iter(days)) if len(days) == 1 else False)
        planner = LedgerPlanner(self.region_id, self.type_id, date)
        basis = self._digest_register(planner)
        remarks = [] if date or not days else [self._describe_days(days)]
        self._replace_rows(chain(remarks, self._plan_sheets(matches, planner)))
        # Past write(), for which a new day would ask for a new check.
        self._write_guarded({"date": date, "basis": basis})
        if self.state != "checked":
            self._set_state("checked")

    def _refuse_applied(self):
        if self.state == "applied":
            raise UserError(
                self.env._(
                    "%(user)s applied this ledger on %(time)s already.",
                    user=self.applied_uid.display_name,
                    time=format_datetime(self.env, self.date_applied),
                )
            )

    def _reopen(self):
        """Ask for a new check: what was checked is not what would be applied."""
        for record in self:
            if record.state == "checked":
                record._replace_rows([])
                record._set_state("draft")

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

    # --- what the file holds ---------------------------------------------------------

    @api.model
    def _read_table(self, filename, content):
        return self.env["welfare.import.column"]._read_table(
            "facility", LEDGER_COLUMNS, filename, content
        )

    def _read_sheets(self):
        """Return the cells of the file, by the name of the sheet.

        :rtype: dict[str, list[list]]
        """
        workbook = self._read_workbook(self._get_content())
        return {sheet.name: sheet.rows for sheet in workbook.sheets}

    def _remember_headings(self):
        """Keep what the user said of headings, for the next file."""
        Mapping = self.env["welfare.import.mapping"]
        for table_type in TABLES:
            said = {
                heading.name: heading.column_id
                or (None if heading.is_left_out else False)
                for heading in self.heading_ids
                if heading.table_type == table_type
            }
            Mapping._remember(table_type, self.region_id, said)

    def _get_mappings(self):
        """Return what headings mean by hand.

        :return: by type of table, see :func:`~..tools.ledger.locate_table`.
        :rtype: dict
        """
        Mapping = self.env["welfare.import.mapping"]
        mappings = {
            table_type: Mapping._get_mapping(table_type, self.region_id)
            for table_type in TABLES
        }
        for heading in self.heading_ids.filtered("is_open"):
            # What holds for the whole province was said not to hold for this file.
            mappings[heading.table_type].pop(heading.name, None)
        return mappings

    def _list_headings(self, matches):
        """List the headings that no column goes by, with what is said of them."""
        Column = self.env["welfare.import.column"]
        vals_list = []
        for match in matches:
            if not match.table:
                continue
            columns = Column._get_columns(match.kind)
            found = {
                found.heading.index: found.column.name
                for found in match.table.columns.values()
            }
            mapped = {unknown.heading.index for unknown in match.table.mapped}
            for unknown in sorted(
                match.table.unknown + match.table.mapped,
                key=lambda unknown: unknown.heading.index,
            ):
                heading = unknown.heading
                column = columns.get(found.get(heading.index))
                vals_list.append(
                    {
                        "import_id": self.id,
                        "table_type": match.kind,
                        "sheet": match.sheet.name,
                        "letter": heading.letter,
                        "name": heading.text,
                        # The sign between them is that of the file.
                        "samples": "、".join(unknown.samples),
                        "column_id": column.id if column else False,
                        "is_left_out": heading.index in mapped and not column,
                    }
                )
        # sudo(): no role lists headings itself.
        self.heading_ids.sudo().unlink()
        self.env["welfare.facility.import.heading"].sudo().create(vals_list)

    # --- what becomes of it ----------------------------------------------------------

    def _digest_register(self, planner):
        planners = (
            planner,
            FundingPlanner(self.region_id),
            InstitutionPlanner(self.region_id, self.date),
        )
        return " ".join(each.basis() for each in planners)

    def _plan_sheets(self, matches, planner):
        """Tell what becomes of each row of the file, sheet by sheet.

        The rows of the funding sheet are kept for themselves; only what there is to
        look at in them is told.

        :return: an iterator of :class:`~.ledger_planner.PlannedRow`.
        """
        progress = self._progress(self.filename)
        funding = FundingPlanner(self.region_id)
        fund_vals_list, total = [], None
        for match in matches:
            if match.kind == "facility":
                yield from planner.plan(match.table, progress=progress)
            elif match.kind == "institution":
                institutions = InstitutionPlanner(self.region_id, planner.date)
                yield from institutions.plan(match.table)
            elif match.kind == "funding":
                yield from funding.plan(match.table, fund_vals_list)
                total = funding.get_total(match.table) if total is None else total
            else:
                yield PlannedRow(
                    match.sheet.name,
                    0,
                    status="skip",
                    messages=[self.env._(match.reason)],
                )
        self._replace_funds(fund_vals_list)
        self._write_guarded(
            {"has_fund_total": total is not None, "amount_fund_stated": total or 0}
        )

    def _replace_rows(self, planned_rows):
        """Put the rows of a new check in the place of the former ones."""
        # sudo(): no role writes rows of an import itself.
        self._replace_funds([])
        self.env["welfare.facility.import.line"].sudo()._load_planned(
            self, planned_rows
        )

    def _replace_funds(self, vals_list):
        # sudo(): no role writes rows of an import itself.
        self.fund_ids.sudo().unlink()
        self.env["welfare.facility.import.fund"].sudo().create(
            [{**vals, "import_id": self.id} for vals in vals_list]
        )
