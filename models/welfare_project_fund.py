from odoo import api, fields, models


class WelfareProject(models.Model):
    """What the fund ledger has of a project: financial beside physical progress.

    The money is that of its facilities' accounts, of the years in which the project
    runs. Money of running a facility is kept apart from that of building it.
    """

    _inherit = "welfare.project"

    amount_received = fields.Monetary(
        string="Building Money Received",
        compute="_compute_fund_amounts",
        help="By its facilities, from the year in which the project began; without "
        "money of running them.",
    )
    amount_paid = fields.Monetary(
        string="Building Money Paid", compute="_compute_fund_amounts"
    )
    amount_running = fields.Monetary(
        string="Running Money Received",
        compute="_compute_fund_amounts",
        help="In the same years; no part of the project.",
    )
    financial_progress = fields.Float(
        string="Financial Progress (%)",
        digits=(5, 1),
        compute="_compute_fund_amounts",
        help="Paid, of the approved estimate.",
    )
    is_over_estimate = fields.Boolean(
        string="Over the Estimate",
        compute="_compute_fund_amounts",
        help="More was received or paid than the approved estimate has (超概算).",
    )

    # === COMPUTE METHODS === #

    @api.depends("amount_estimate", "facility_ids", "state")
    @api.depends_context("uid")
    def _compute_fund_amounts(self):
        for project in self:
            first = project.date_start.year if project.date_start else 0
            ended = project.date_ids.filtered(
                lambda row: (row.kind, row.stage) == ("actual", "archiving")
            )[:1].date
            accounts = self.env["welfare.fund.account"].search(
                [
                    ("facility_id", "in", project.facility_ids.ids),
                    ("year", ">=", first),
                    ("year", "<=", ended.year if ended else 9999),
                ]
            )
            running = accounts.filtered(
                lambda account: account.appropriation_id.use == "running"
            )
            building = accounts - running
            project.amount_received = building._get_incoming()
            project.amount_paid = sum(building.mapped("paid"))
            project.amount_running = running._get_incoming()
            estimate = project.amount_estimate
            project.financial_progress = (
                100 * project.amount_paid / estimate if estimate else 0
            )
            project.is_over_estimate = bool(estimate) and (
                project.currency_id.compare_amounts(
                    max(project.amount_received, project.amount_paid), estimate
                )
                > 0
            )
