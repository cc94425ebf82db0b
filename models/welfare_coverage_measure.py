from odoo import fields, models


class WelfareCoverageMeasure(models.Model):
    """What a target is about (指标), such as the share of communities with a home."""

    _name = "welfare.coverage.measure"
    _description = "Coverage Measure"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    facility_type_id = fields.Many2one(
        comodel_name="welfare.facility.type",
        ondelete="restrict",
        help="The facilities that are counted. Without a type the measure is only kept "
        "as stated: the register has nothing to compute it from.",
    )
    formula = fields.Text(
        translate=True,
        help="Numerator and denominator in words, with what is left out.",
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "This code exists already.")
