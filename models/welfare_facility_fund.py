from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, format_amount


class WelfareFacility(models.Model):
    """What money a home or institution received, and from which document."""

    _inherit = "welfare.facility"

    amount_received = fields.Monetary(
        string="Money Received",
        compute="_compute_amount_received",
        help="What was allotted to it, as the fund ledger has it.",
    )
    amount_building = fields.Monetary(
        string="for Building",
        compute="_compute_amount_received",
        help="With what no document says to be for running it.",
    )
    amount_running = fields.Monetary(
        string="for Running", compute="_compute_amount_received"
    )

    is_label_missing = fields.Boolean(
        string="Lottery Label not Shown",
        compute="_compute_is_label_missing",
        search="_search_is_label_missing",
        help="It was given money of a source that asks for a label on the spot, and no "
        "photo of the site log shows one.",
    )

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_amount_received(self):
        accounts = self.env["welfare.fund.account"].search(
            [("facility_id", "in", self.ids)]
        )
        incoming = accounts._get_incoming()
        totals = defaultdict(float)
        for account in accounts:
            totals[account.facility_id, account._is_running()] += incoming[account]
        for facility in self:
            origin = facility._origin
            facility.amount_running = totals[origin, True]
            facility.amount_building = totals[origin, False]
            facility.amount_received = totals[origin, True] + totals[origin, False]

    @api.depends_context("uid")
    def _compute_is_label_missing(self):
        missing = set(self._find_label_missing()._ids)
        for facility in self:
            facility.is_label_missing = facility._origin.id in missing

    def _search_is_label_missing(self, operator, value):
        if operator != "in":
            return NotImplemented
        missing = self._find_label_missing()
        return Domain("id", "in" if True in value else "not in", missing.ids)

    # === ACTION METHODS === #

    def action_open_funds(self):
        """Open the accounts: which document gave how much."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_account_action"
        )
        return {**action, "domain": [("facility_id", "in", self.ids)]}

    # === BUSINESS METHODS === #

    @api.model
    def _find_label_missing(self):
        """Return the facilities whose money asks for a label that no photo shows."""
        entries = self.env["welfare.fund.entry"]._read_group(
            [
                ("account_id.facility_id", "!=", False),
                ("account_id.appropriation_id.source_id.needs_label", "=", True),
                ("kind", "in", ("receive", "arrive")),
            ],
            ["account_id"],
        )
        given = self.browse().union(*(account.facility_id for (account,) in entries))
        shown = self.env["welfare.facility.log"].search(
            [
                ("facility_id", "in", given.ids),
                ("is_label", "=", True),
                ("is_corrected", "=", False),
                ("photo_ids", "!=", False),
            ]
        )
        return given - shown.facility_id

    def _get_lottery_amount(self):
        """Return the lottery money that a facility received, in yuan."""
        self.ensure_one()
        self.env.flush_all()
        query = SQL("SELECT welfare_facility_lottery(%s)", self.id)
        [[amount]] = self.env.execute_query(query)
        return float(amount)

    def _prepare_closure_vals(self, *, duty=None, duty_number=None, **details):
        vals = super()._prepare_closure_vals(**details)
        amount = self._get_lottery_amount()
        if amount and not (duty and duty_number):
            raise UserError(
                self.env._(
                    "%(facility)s received %(amount)s of lottery money, which stays "
                    "with its purpose: say what was decided about it, and in which "
                    "document.",
                    facility=self.name,
                    amount=format_amount(self.env, amount, self.currency_id),
                )
            )
        return {**vals, "duty": duty, "duty_number": duty_number}
