from odoo import models

from .welfare_facility_fund import INCOMING_KINDS


class WelfareFundAccount(models.Model):
    """What came into accounts from outside."""

    _inherit = "welfare.fund.account"

    # === BUSINESS METHODS === #

    def _get_incoming(self):
        """Return what came into these accounts, carried money not counted again."""
        [(total,)] = self.env["welfare.fund.entry"]._read_group(
            [("account_id", "in", self.ids), ("kind", "in", INCOMING_KINDS)],
            [],
            ["d_received:sum"],
        )
        return total or 0.0
