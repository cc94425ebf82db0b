from odoo import api, fields, models
from odoo.exceptions import AccessError


class WelfareFacilityImportFund(models.Model):
    """One row of the funding sheet of an imported ledger (资金台账).

    It is kept with the import, as the bureau's own statement of what was granted; the
    fund ledger takes it over from here. Amounts are in yuan, to the 分.
    """

    _name = "welfare.facility.import.fund"
    _description = "Funding Row of an Imported Ledger"
    _inherit = ["welfare.currency.mixin"]
    _order = "import_id desc, id"
    _rec_name = "number"

    import_id = fields.Many2one(
        comodel_name="welfare.facility.import",
        required=True,
        index=True,
        ondelete="cascade",
    )
    # Stored for the unique index alone: an index cannot look into another table.
    region_id = fields.Many2one(
        related="import_id.region_id", store=True, precompute=True, index=True
    )
    sheet = fields.Char()
    row = fields.Integer(aggregator=None)
    cell = fields.Char()
    year = fields.Integer(aggregator=None)
    source = fields.Char(string="Source of Funds")
    number = fields.Char(string="Document Number")
    number_key = fields.Char(help="What counts when document numbers are compared.")
    date = fields.Date(string="Date of the Document")
    amount = fields.Monetary()
    amount_norm = fields.Monetary(string="Norm per Home", aggregator=None)
    note = fields.Char(string="Summary")
    status = fields.Selection(
        selection=[
            ("create", "New Document"),
            ("unchanged", "Known Already"),
            ("error", "Error"),
        ],
        required=True,
    )
    is_registered = fields.Boolean(
        string="Taken Over", help="The ledger from which the row comes was applied."
    )

    _registered_uniq = models.UniqueIndex(
        "(region_id, year, number_key, amount) WHERE is_registered",
        "This document was imported already.",
    )

    # === CRUD METHODS === #

    # No super(): nobody gets through.
    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(
            self.env._("The rows of an import come from its file and are not edited.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_applied(self):
        if any(row.import_id.state == "applied" for row in self):
            raise AccessError(
                self.env._("The rows of a ledger that was applied are kept.")
            )

    # === BUSINESS METHODS === #

    def _take_over(self):  # pylint: disable=missing-return
        """Mark the new rows as taken over, when their ledger is applied."""
        # sudo() and super(): past write(), which nobody else may use.
        new_sudo = self.sudo().filtered(lambda row: row.status == "create")
        super(WelfareFacilityImportFund, new_sudo).write(  # pylint: disable=super-method-mismatch
            {"is_registered": True}
        )
