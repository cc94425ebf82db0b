from odoo import fields, models
from odoo.exceptions import UserError


class WelfareFiscalYear(models.Model):
    """A fiscal year (会计年度, 1 January to 31 December, 预算法第18条).

    Nothing is posted into a year that is closed or not there at all.
    """

    _name = "welfare.fiscal.year"
    _description = "Fiscal Year"
    _inherit = ["welfare.approval.mixin", "welfare.state.mixin"]
    _order = "year desc"
    _rec_name = "year"

    _initial_states = ("open",)
    _transitions = {"open": {"closed"}, "closed": {"open"}}

    _approval_kinds = {
        ("open", "closed"): "year_close",
        ("closed", "open"): "year_reopen",
    }
    _approval_fields = ("year",)

    year = fields.Integer(required=True, aggregator=None)
    state = fields.Selection(
        selection=[("open", "Open"), ("closed", "Books Closed")],
        required=True,
        readonly=True,
        copy=False,
        default="open",
    )

    _year_uniq = models.Constraint("UNIQUE (year)", "This year is there already.")

    # === COMPUTE METHODS === #

    def _compute_display_name(self):
        for record in self:
            record.display_name = str(record.year)

    # === ACTION METHODS === #

    def action_close(self):
        """Close the year: nothing more is posted into it."""
        self.check_access("write")
        self._set_state("closed")

    def action_reopen(self):
        """Open a closed year again."""
        self.check_access("write")
        self._set_state("open")

    # === BUSINESS METHODS === #

    def _check_open(self, years):
        """Refuse years into which nothing may be posted.

        :param set years: of integers.
        :raise UserError: one is closed or not entered.
        """
        years_open = self.sudo().search_fetch([("state", "=", "open")], ["year"])
        open_years = set(years_open.mapped("year"))
        for year in sorted(years - open_years):
            raise UserError(
                self.env._(
                    "Nothing can be posted into %(year)s: the fiscal year is closed or "
                    "not entered.",
                    year=year,
                )
            )
