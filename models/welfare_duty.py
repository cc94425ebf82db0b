from odoo import fields, models


class WelfareDuty(models.Model):
    """Something that a person does with a document (岗位职责).

    The program says who has done it, see ``_get_duty_acts`` of a document. Duties of
    stages that are to come stand here already, so that the matrix is whole.
    """

    _name = "welfare.duty"
    _description = "Duty"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, readonly=True, help="What the program calls it.")
    sequence = fields.Integer(default=10)
    group_id = fields.Many2one(
        comodel_name="res.groups",
        string="Role",
        ondelete="restrict",
        help="The role that makes it possible.",
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "This code exists already.")
