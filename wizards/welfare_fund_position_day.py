from odoo import api, fields, models
from odoo.tools import format_date


class WelfareFundPositionDay(models.TransientModel):
    """Asks for a past day, and opens the balances at its end."""

    _name = "welfare.fund.position.day"
    _description = "Balances on a Day"

    checkpoint_id = fields.Many2one(
        comodel_name="welfare.rule",
        domain="[('code', '=like', 'fund_progress_%')]",
        help="A day on which the rules ask for a share to be executed: shows who is "
        "behind.",
    )
    year = fields.Integer(required=True, default=lambda self: self._default_year())
    date = fields.Date(
        string="Day",
        compute="_compute_date",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_year(self):
        return fields.Date.context_today(self).year

    # === COMPUTE METHODS === #

    @api.depends("checkpoint_id", "year")
    def _compute_date(self):
        today = fields.Date.context_today(self)
        for wizard in self:
            wizard.date = wizard.date or today
            if wizard.checkpoint_id and 1990 <= wizard.year <= 2100:
                month_day = wizard.checkpoint_id.code[-4:]
                wizard.date = f"{wizard.year}-{month_day[:2]}-{month_day[2:]}"

    # === ACTION METHODS === #

    def action_show(self):
        """Open the balances at the end of the day."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_position_action"
        )
        # In the search bar: there it is seen, and kept where the search is saved.
        context = {"search_default_date": fields.Date.to_string(self.date)}
        domain = []
        if self.checkpoint_id:
            context["search_default_filter_behind"] = 1
            domain = [("year", "=", self.year)]
        else:
            context["search_default_filter_granted"] = 1
        title = self.env._(
            "Execution on %(date)s", date=format_date(self.env, self.date)
        )
        return {
            **action,
            "name": title,
            "display_name": title,
            # Without its path: a reload of that address would show today.
            "path": False,
            "domain": domain,
            "context": context,
        }
