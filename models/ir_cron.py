from odoo import models


class IrCron(models.Model):
    """Tells the database whose job runs, before the job does any SQL."""

    _inherit = "ir.cron"

    def _callback(self, cron_name, server_action_id):
        self._announce_actor()
        return super()._callback(cron_name, server_action_id)
