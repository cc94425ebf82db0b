from collections import defaultdict

from odoo import api, fields, models


class WelfareProjectPlan(models.Model):
    """The money that a year plan counts on, beside what its homes received."""

    _inherit = "welfare.project.plan"

    fund_ids = fields.One2many(
        comodel_name="welfare.project.plan.fund",
        inverse_name="plan_id",
        string="Planned Money",
    )
    amount_planned = fields.Monetary(compute="_compute_fund_amounts")
    amount_received = fields.Monetary(
        compute="_compute_fund_amounts",
        help="By the homes of the plan in its year, without money of running them.",
    )
    amount_lacking = fields.Monetary(
        string="Not Received Yet", compute="_compute_fund_amounts"
    )

    # === COMPUTE METHODS === #

    @api.depends("fund_ids.amount", "project_ids.facility_ids", "year")
    @api.depends_context("uid")
    def _compute_fund_amounts(self):
        for plan in self:
            plan.amount_planned = sum(plan.fund_ids.mapped("amount"))
            plan.amount_received = sum(plan._get_received_by_source().values())
            plan.amount_lacking = max(0, plan.amount_planned - plan.amount_received)

    # === BUSINESS METHODS === #

    def _get_received_by_source(self):
        """Return what the homes of the plan received to be built, in its year.

        :rtype: dict[WelfareFundSource, float]
        """
        self.ensure_one()
        accounts = self.env["welfare.fund.account"].search(
            [
                ("facility_id", "in", self.project_ids.facility_ids.ids),
                ("year", "=", self.year),
            ]
        )
        incoming = accounts._get_incoming()
        received = defaultdict(float)
        for account in accounts:
            if not account._is_running():
                received[account.source_id] += incoming[account]
        return received
