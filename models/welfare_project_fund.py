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
        accounts = self.env["welfare.fund.account"].search(
            [("facility_id", "in", self.facility_ids.ids)]
        )
        incoming = accounts._get_incoming()
        by_facility = accounts.grouped("facility_id")
        for project in self:
            first, last = project._get_years()
            own = accounts.browse()
            for home in project.facility_ids._origin:
                own |= by_facility.get(home, accounts.browse())
            own = own.filtered(
                lambda account, first=first, last=last: first <= account.year <= last
            )
            running = own.filtered(lambda account: account._is_running())
            building = own - running
            received = sum(incoming[account] for account in building)
            paid = sum(building.mapped("paid"))
            estimate = project.amount_estimate
            project.amount_received = received
            project.amount_paid = paid
            project.amount_running = sum(incoming[account] for account in running)
            project.financial_progress = 100 * paid / estimate if estimate else 0
            project.is_over_estimate = bool(estimate) and (
                project.currency_id.compare_amounts(max(received, paid), estimate) > 0
            )

    # === BUSINESS METHODS === #

    def _get_years(self):
        """Return the first and the last year whose money belongs to the project."""
        self.ensure_one()
        ended = self.date_ids.filtered(
            lambda row: (row.kind, row.stage) == ("actual", "archiving")
        )[:1].date
        return self.date_start.year if self.date_start else 0, (
            ended.year if ended else 9999
        )
