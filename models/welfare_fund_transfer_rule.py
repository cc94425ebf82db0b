from odoo import api, fields, models
from odoo.fields import Domain

#: Digits 7 to 9 of a township's code: 001–099 are streets, agencies of the county; the
#: others have a government and a budget of their own.
_LAST_STREET = 99


class WelfareFundTransferRule(models.Model):
    """What to bear in mind when money goes from one level to another (资金下达规定).

    It warns, and blocks nothing: who really pays is in the documents of the finance
    department.
    """

    _name = "welfare.fund.transfer.rule"
    _description = "Rule for Sending Money Down"
    _inherit = ["welfare.rule.mixin"]
    _order = "upper_level, lower_level, date_from desc, id"
    _rec_name = "message"

    _approval_fields = (
        *("upper_level", "lower_level", "lower_kind", "date_from", "date_to"),
        *("message", "source"),
    )

    upper_level = fields.Selection(selection="_selection_level", required=True)
    lower_level = fields.Selection(selection="_selection_level", required=True)
    lower_kind = fields.Selection(
        selection=[("street", "Streets Only"), ("town", "Towns and Townships Only")],
        string="Of These",
        help="Empty: all of that level.",
    )
    message = fields.Text(required=True, translate=True)

    # === SELECTION METHODS === #

    @api.model
    def _selection_level(self):
        return self.env["welfare.region"]._selection_level()

    # === BUSINESS METHODS === #

    @api.model
    def _get_warnings(self, upper, lowers, date):
        """Return what to bear in mind when money goes down on a day, in words.

        :param upper: the ``welfare.region`` that sends.
        :param lowers: the ``welfare.region`` records that receive.
        :rtype: list[str]
        """
        rules = self.search(
            Domain("upper_level", "=", upper.level)
            & Domain("lower_level", "in", lowers.mapped("level"))
            & self._domain_in_force(date)
        )
        return [
            f"{rule.message} ({rule.source})"
            for rule in rules
            if any(rule._is_for(lower) for lower in lowers)
        ]

    def _is_for(self, region):
        self.ensure_one()
        if region.level != self.lower_level:
            return False
        if not self.lower_kind:
            return True
        is_street = int(region.code[6:9]) <= _LAST_STREET
        return is_street == (self.lower_kind == "street")
