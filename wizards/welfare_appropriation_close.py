from odoo import api, fields, models


class WelfareAppropriationClose(models.TransientModel):
    """Asks why an appropriation is closed, or opened again."""

    _name = "welfare.appropriation.close"
    _description = "Close an Appropriation"

    appropriation_id = fields.Many2one(
        comodel_name="welfare.appropriation",
        required=True,
        readonly=True,
        ondelete="cascade",
    )
    # Not as superuser: a form that is not saved yet is under no record rule.
    state = fields.Selection(related="appropriation_id.state", related_sudo=False)
    currency_id = fields.Many2one(
        related="appropriation_id.currency_id", related_sudo=False
    )
    amount_left = fields.Monetary(
        string="Money Left", compute="_compute_amount_left", help="At all levels."
    )
    reason = fields.Char(required=True)

    # === COMPUTE METHODS === #

    @api.depends("appropriation_id")
    def _compute_amount_left(self):
        for wizard in self:
            accounts = wizard.appropriation_id.account_ids
            wizard.amount_left = sum(accounts.mapped("available"))

    # === ACTION METHODS === #

    def action_apply(self):
        """Submit it, if the appropriation's own rules let it."""
        self.ensure_one()
        self.appropriation_id._ask_approval(state_reason=self.reason)
        return {"type": "ir.actions.act_window_close"}
