from odoo import api, fields, models


class WelfareCurrencyMixin(models.AbstractModel):
    """A record with amounts. They are in yuan, to the 分, whatever the company uses."""

    _name = "welfare.currency.mixin"
    _description = "Record with Amounts in Yuan"

    currency_id = fields.Many2one(
        comodel_name="res.currency",
        required=True,
        readonly=True,
        default=lambda self: self._default_currency_id(),
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_currency_id(self):
        return self.env.ref("base.CNY")
