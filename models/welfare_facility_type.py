from odoo import fields, models


class WelfareFacilityType(models.Model):
    """A kind of welfare facility (设施类型), such as 儿童之家 or 儿童福利院."""

    _name = "welfare.facility.type"
    _description = "Facility Type"
    _inherit = ["welfare.currency.mixin"]
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        help="Short name that imports and rules refer to; it does not change.",
    )
    site_name = fields.Char(
        string="Name on the Spot",
        help="What stands on the door after the name of the community, in the language "
        "of the place; facilities that a ledger brings in are named so.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    is_one_per_community = fields.Boolean(
        string="One per Community",
        help="At most one facility of this type that is not closed stands in each "
        "community; its coverage of the communities can be measured.",
    )
    note = fields.Text(translate=True)

    _code_uniq = models.Constraint("UNIQUE (code)", "This code exists already.")
