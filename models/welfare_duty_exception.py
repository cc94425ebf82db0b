from odoo import api, fields, models


class WelfareDutyException(models.Model):
    """Who may, for a time, do two duties that do not go together (不相容岗位例外).

    For an office too small to have enough people. It is itself approved, by others than
    whom it is for, ends by itself, and stands in the conflict report.
    """

    _name = "welfare.duty.exception"
    _description = "Exception from Incompatible Duties"
    _inherit = [
        "welfare.region.mixin",
        "welfare.approval.mixin",
        "welfare.state.mixin",
        "mail.thread",
    ]
    _order = "date_from desc, id desc"
    _rec_name = "reason"

    _initial_states = ("draft",)
    _transitions = {"draft": {"effective"}, "effective": {"ended"}, "ended": set()}
    _content_fields = frozenset(
        ("user_id", "conflict_id", "region_id", "date_from", "date_to", "reason")
    )
    _approval_kinds = {("draft", "effective"): "duty_exception"}
    _approval_fields = (
        *("user_id", "conflict_id", "region_id", "date_from", "date_to", "reason"),
    )
    _approval_excluded = {"state": "what the approval leads to"}

    user_id = fields.Many2one(
        comodel_name="res.users",
        string="For",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('share', '=', False)]",
    )
    conflict_id = fields.Many2one(
        comodel_name="welfare.duty.conflict",
        string="Duties",
        required=True,
        index=True,
        ondelete="restrict",
    )
    region_id = fields.Many2one(help="Where it holds, and in all places in it.")
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="To", required=True)
    reason = fields.Char(required=True, help="Why there is nobody else.")
    state = fields.Selection(
        selection=[
            ("draft", "Draft"),
            ("effective", "Effective"),
            ("ended", "Terminated"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        tracking=True,
    )

    _check_dates = models.Constraint(
        "CHECK (date_to >= date_from AND date_to < date_from + 367)",
        "An exception ends within a year.",
    )

    # === ACTION METHODS === #

    def action_put_into_effect(self):
        """Let the exception hold; it must have been approved."""
        self.check_access("write")
        self._set_state("effective")
        return True

    def action_end(self):
        """End the exception before its day."""
        self.check_access("write")
        self._set_state("ended")
        return True

    # === BUSINESS METHODS === #

    @api.depends("user_id.name", "conflict_id")
    def _compute_display_name(self):
        for record in self:
            # sudo(): the name of a person of another place.
            name = record.sudo().user_id.name
            names = filter(None, (name, record.conflict_id.display_name))
            record.display_name = ": ".join(names)

    def _get_approval_makers(self):
        # Nobody approves an exception for himself.
        return super()._get_approval_makers() | self.sudo().user_id
