from odoo import fields, models


class WelfareFundPurpose(models.Model):
    """What money may be for (资金用途), such as 救孤 among 扶老、助残、救孤、济困."""

    _name = "welfare.fund.purpose"
    _description = "Purpose of Funds"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)

    _code_uniq = models.Constraint("UNIQUE (code)", "This code exists already.")
