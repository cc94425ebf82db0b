from odoo import fields, models


class WelfareApprovalKind(models.Model):
    """What can be asked for: a step of a kind of document (审批事项)."""

    _name = "welfare.approval.kind"
    _description = "Kind of Approval"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, readonly=True, help="What the program calls it.")
    sequence = fields.Integer(default=10)
    tier_ids = fields.One2many(
        comodel_name="welfare.approval.tier", inverse_name="kind_id", string="Tiers"
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "This code exists already.")
