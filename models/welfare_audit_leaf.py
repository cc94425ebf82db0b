from odoo import fields, models


class WelfareAuditLeaf(models.Model):
    """The number of an event in the chain, and the hash of its text.

    The id is the number. Rows are made by the sealing alone, in SQL; see
    ``welfare.audit.seal``.
    """

    _name = "welfare.audit.leaf"
    _description = "Number of an Event in the Audit Chain"
    _auto = False
    _log_access = False
    _allow_sudo_commands = False
    _order = "id"

    event_id = fields.Integer(readonly=True, aggregator=None)
