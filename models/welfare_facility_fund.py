from odoo import api, fields, models


class WelfareFacility(models.Model):
    """What money a home or institution received, and from which document."""

    _inherit = "welfare.facility"

    amount_received = fields.Monetary(
        string="Money Received",
        compute="_compute_amount_received",
        help="What was allotted to it, as the fund ledger has it.",
    )

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_amount_received(self):
        # What was carried on from the year before came in once.
        totals = dict(
            self.env["welfare.fund.entry"]._read_group(
                [
                    ("account_id.facility_id", "in", self.ids),
                    ("kind", "in", ("receive", "reduce", "arrive", "give_back")),
                ],
                ["account_id"],
                ["d_received:sum"],
            )
        )
        for facility in self:
            facility.amount_received = sum(
                amount
                for account, amount in totals.items()
                if account.facility_id == facility
            )

    # === ACTION METHODS === #

    def action_open_funds(self):
        """Open the accounts: which document gave how much."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_account_action"
        )
        return {**action, "domain": [("facility_id", "in", self.ids)]}
