from odoo import fields, models


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
    _guarded_fields = frozenset(("reopening_reason",))

    _approval_kinds = {
        ("open", "closed"): "year_close",
        ("closed", "open"): "year_reopen",
    }
    _approval_given = {"year_reopen": ("reopening_reason",)}
    _approval_fields = ("year",)

    year = fields.Integer(required=True, aggregator=None)
    state = fields.Selection(
        selection=[("open", "Open"), ("closed", "Books Closed")],
        required=True,
        readonly=True,
        copy=False,
        default="open",
    )
    reopening_reason = fields.Char(
        string="Why It Was Opened Again", readonly=True, copy=False
    )

    _year_uniq = models.Constraint("UNIQUE (year)", "This year is there already.")

    # === COMPUTE METHODS === #

    def _compute_display_name(self):
        for record in self:
            record.display_name = str(record.year)

    # === ACTION METHODS === #

    def action_close(self):
        """Close the year: nothing more is posted into it. It must be approved."""
        self.check_access("write")
        self._set_state("closed")

    def action_ask_reopen(self):
        """Ask why the year is opened again, and for the approval of that."""
        return self.env["welfare.fund.reopen"]._open(self)

    def action_reopen(self):
        """Open a closed year again; it must have been approved."""
        self.check_access("write")
        self._set_state("open")
