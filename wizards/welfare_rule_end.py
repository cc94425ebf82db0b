from odoo import api, fields, models


class WelfareRuleEnd(models.TransientModel):
    """Asks for the last day of a rule."""

    _name = "welfare.rule.end"
    _description = "End a Rule"

    rule = fields.Reference(selection="_selection_rule", required=True, readonly=True)
    date_to = fields.Date(string="Last Day", required=True)

    # === SELECTION METHODS === #

    @api.model
    def _selection_rule(self):
        return self.env["welfare.rule.mixin"]._selection_models()

    # === ACTION METHODS === #

    def action_apply(self):
        """Submit it; the rule goes on until that is approved and carried out."""
        self.ensure_one()
        self.rule._ask_approval(date_to=self.date_to)
        return {"type": "ir.actions.act_window_close"}
