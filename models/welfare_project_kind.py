from odoo import fields, models


class WelfareProjectKind(models.Model):
    """How a facility comes to be (建设方式): new, rebuilt, fitted out, reused."""

    _name = "welfare.project.kind"
    _description = "Kind of Project"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)

    _code_uniq = models.Constraint("UNIQUE (code)", "This code exists already.")
