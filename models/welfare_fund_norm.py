from odoo import api, fields, models
from odoo.tools import format_amount


class WelfareFundNorm(models.Model):
    """A fixed sum for each facility (补助标准), such as 50,000 yuan per 儿童之家.

    A facility takes a norm once, whatever the year and the source.
    """

    _name = "welfare.fund.norm"
    _description = "Unit Norm"
    _inherit = ["welfare.rule.mixin", "welfare.currency.mixin"]
    _order = "date_from desc, id"

    _approval_fields = (
        *("source_id", "facility_type_id", "amount", "date_from", "date_to", "source"),
    )

    source_id = fields.Many2one(
        comodel_name="welfare.fund.source",
        required=True,
        index=True,
        ondelete="restrict",
    )
    facility_type_id = fields.Many2one(
        comodel_name="welfare.facility.type", required=True, ondelete="restrict"
    )
    amount = fields.Monetary(string="Amount per Facility", required=True)

    _check_amount = models.Constraint(
        "CHECK (amount > 0 AND amount = ROUND(amount, 2) AND amount < 10000000000000)",
        "A norm is more than nothing, in yuan and fen.",
    )

    # === COMPUTE METHODS === #

    @api.depends("facility_type_id.name", "amount")
    def _compute_display_name(self):
        for norm in self:
            norm.display_name = self.env._(
                "%(type)s: %(amount)s each",
                type=norm.facility_type_id.name,
                amount=format_amount(self.env, norm.amount, norm.currency_id),
            )
