from odoo import api, fields, models
from odoo.exceptions import AccessError


class WelfareFundReconciliationLine(models.Model):
    """One appropriation as the budget system and as the fund ledger have it."""

    _name = "welfare.fund.reconciliation.line"
    _description = "Reconciled Appropriation"
    _inherit = ["welfare.currency.mixin"]
    _order = "reconciliation_id desc, id"

    reconciliation_id = fields.Many2one(
        comodel_name="welfare.fund.reconciliation",
        required=True,
        index=True,
        ondelete="cascade",
    )
    kind = fields.Selection(
        selection=[
            ("differs", "Amounts Differ"),
            ("only_there", "Only There"),
            ("only_here", "Only Here"),
            ("equal", "In Agreement"),
        ],
        required=True,
    )
    number = fields.Char(string="Appropriation Number")
    indicator = fields.Char(string="ID in the Budget System")
    rows = fields.Char(help="The rows of the list.")
    appropriation_id = fields.Many2one(
        comodel_name="welfare.appropriation", ondelete="restrict"
    )
    amount_there = fields.Monetary(string="Granted There")
    amount_here = fields.Monetary(string="Granted Here")
    paid_there = fields.Monetary()
    in_transit_there = fields.Monetary()
    paid_here = fields.Monetary()
    owed_here = fields.Monetary(help="Accepted and not yet paid.")
    message = fields.Text(string="What Differs")

    # === COMPUTE METHODS === #

    @api.depends("number")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.number

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.reconciliation_id._check_is_initial()
        return lines

    # No super(): nobody gets through.
    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self.env._("What was compared is not edited."))

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self.reconciliation_id._check_is_initial()

    # === ACTION METHODS === #

    def action_keep_indicator(self):
        """Note on the appropriation under which IDs the budget system has it."""
        for line in self:
            appropriation = line.appropriation_id
            appropriation.check_access("write")
            codes = (appropriation.budget_codes or "").split()
            codes += [code for code in line.indicator.split() if code not in codes]
            appropriation.budget_codes = " ".join(codes)
        return True
