from odoo import fields, models


class WelfareRuleEnd(models.TransientModel):
    """Asks for the last day of a rule."""

    _name = "welfare.rule.end"
    _description = "End a Rule"

    rule_id = fields.Many2one(
        comodel_name="welfare.rule", required=True, readonly=True, ondelete="cascade"
    )
    date_to = fields.Date(string="Last Day", required=True)

    # === ACTION METHODS === #

    def action_apply(self):
        """Submit it; the rule goes on until that is approved and carried out."""
        self.ensure_one()
        self.rule_id._ask_approval(date_to=self.date_to)
        return {"type": "ir.actions.act_window_close"}
