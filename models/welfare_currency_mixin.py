from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.money import exact_yuan


class WelfareCurrencyMixin(models.AbstractModel):
    """A record with amounts. They are in yuan, to the 分, whatever the company uses.

    What is finer than a 分, no number, or too large to hold is refused in words: Odoo
    itself would round it, or hand it to the database as it is.
    """

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
        # Not env.ref(), which asks the database each time whether it still exists.
        currency_id = self.env["ir.model.data"]._xmlid_to_res_id("base.CNY")
        return self.env["res.currency"].browse(currency_id)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if "currency_id" in values:
            # Whatever a context says.
            currency = self._default_currency_id()
            # What amounts are rounded by, and not its names in every language.
            currency.fetch(["rounding", "decimal_places"])
            values["currency_id"] = currency.id
        return values

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_money(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_money(vals)
        return super().write(vals)

    # === BUSINESS METHODS === #

    def _check_money(self, vals):
        """Refuse values that are no amounts in yuan and fen.

        :raise UserError: with the field's label.
        """
        if vals.get("currency_id"):
            if vals["currency_id"] != self._default_currency_id().id:
                raise UserError(self.env._("Amounts are kept in yuan."))
        for name, value in vals.items():
            field = self._fields.get(name)
            if field is None or field.type != "monetary" or not value:
                continue
            try:
                exact_yuan(value)
            except (TypeError, ValueError):
                raise UserError(
                    self.env._(
                        "%(field)s: %(value)s is not an amount in yuan and fen.",
                        field=field._description_string(self.env),
                        value=value,
                    )
                ) from None
