from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_amount

#: Entries that bring money in; what was carried on from the year before came in once.
INCOMING_KINDS = ("receive", "reduce", "arrive", "give_back")


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

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_amount_received(self):
        accounts = self.env["welfare.fund.account"].search(
            [("facility_id", "in", self.ids)]
        )
        by_facility = accounts.grouped("facility_id")
        for facility in self:
            own = by_facility.get(facility, accounts.browse())
            running = own.filtered(
                lambda account: account.appropriation_id.use == "running"
            )
            facility.amount_running = running._get_incoming()
            facility.amount_building = (own - running)._get_incoming()
            facility.amount_received = (
                facility.amount_running + facility.amount_building
            )

    # === ACTION METHODS === #

    def action_open_funds(self):
        """Open the accounts: which document gave how much."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_account_action"
        )
        return {**action, "domain": [("facility_id", "in", self.ids)]}

    # === BUSINESS METHODS === #

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
