from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class WelfareFacilityImportLine(models.Model):
    """One row of an imported ledger, and what becomes of it."""

    _name = "welfare.facility.import.line"
    _description = "Row of an Imported Ledger"
    _order = "import_id desc, id"

    import_id = fields.Many2one(
        comodel_name="welfare.facility.import",
        required=True,
        index=True,
        ondelete="cascade",
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
        index=True,
    )
    message = fields.Text(string="What and Why")
    facility_id = fields.Many2one(
        comodel_name="welfare.facility", ondelete="set null", index="btree_not_null"
    )

    # === COMPUTE METHODS === #

    @api.depends("import_id.filename", "sheet", "row")
    def _compute_display_name(self):
        for line in self:
            line.display_name = self.env._(
                "%(file)s › %(sheet)s › row %(row)s",
                file=line.import_id.filename,
                sheet=line.sheet,
                row=line.row,
            )

    # === CRUD METHODS === #

    def write(self, vals):
        raise AccessError(
            self.env._("The rows of an import come from its file and are not edited.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if any(line.import_id.state == "applied" for line in self):
            raise AccessError(
                self.env._("The rows of a ledger that was applied are kept.")
            )

    # === BUSINESS METHODS === #

    def _says(self, vals_list):
        """Tell whether these rows are what a new check finds.

        :param list vals_list: values of the new check's rows, in their order.
        """
        names = ("sheet", "row", "status", "message")
        return [[line[name] or "" for name in names] for line in self] == [
            [vals[name] or "" for name in names] for vals in vals_list
        ]

    def _link_facilities(self):
        """Point each row to the facility that it created."""
        self.env["welfare.facility"].flush_model(["import_line_id"])
        self.flush_model(["facility_id"])
        # One statement for all rows, past write(), which nobody else may use.
        self.env.cr.execute(
            SQL(
                """
                UPDATE welfare_facility_import_line line
                SET facility_id = facility.id
                FROM welfare_facility facility
                WHERE facility.import_line_id = line.id AND line.id IN %(ids)s
                """,
                ids=tuple(self.ids) or (None,),
            )
        )
        self.invalidate_recordset(["facility_id"])
