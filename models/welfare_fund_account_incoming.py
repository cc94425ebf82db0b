from collections import defaultdict

from odoo import models

#: Entries that bring money in; what was carried on from the year before came in once.
INCOMING_KINDS = ("receive", "reduce", "arrive", "give_back")


class WelfareFundAccount(models.Model):
    """What came into accounts from outside, to build or to run a facility."""

    _inherit = "welfare.fund.account"

    # === BUSINESS METHODS === #

    def _get_incoming(self):
        """Return what came into each account, carried money not counted again.

        :rtype: dict[WelfareFundAccount, float]
        """
        rows = self.env["welfare.fund.entry"]._read_group(
            [("account_id", "in", self.ids), ("kind", "in", INCOMING_KINDS)],
            ["account_id"],
            ["d_received:sum"],
        )
        return defaultdict(float, rows)

    def _is_running(self):
        """Return whether the money is for running a facility, not for building it."""
        self.ensure_one()
        return self.appropriation_id.use == "running"
