from odoo import api, fields, models


class WelfareFacilityTransition(models.TransientModel):
    """Asks for the next state of a facility, or the right day of the current one."""

    _name = "welfare.facility.transition"
    _description = "Change the State of a Facility"

    facility_id = fields.Many2one(
        comodel_name="welfare.facility", required=True, ondelete="cascade"
    )
    # Not as superuser: a form that is not saved yet is under no record rule.
    current_state = fields.Selection(
        related="facility_id.state", related_sudo=False, string="Current State"
    )
    current_date = fields.Date(
        related="facility_id.date_state", related_sudo=False, string="Recorded Day"
    )
    is_correction = fields.Boolean(
        help="The state is right and the day of it is wrong.",
    )
    state = fields.Selection(
        selection=lambda self: self._selection_state(), string="New State"
    )
    date = fields.Date(
        string="Since", required=True, default=lambda self: self._default_date()
    )
    reason = fields.Char(required=True)

    _check_state = models.Constraint(
        "CHECK (is_correction IS TRUE OR state IS NOT NULL)",
        "Choose the new state.",
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    # === SELECTION METHODS === #

    @api.model
    def _selection_state(self):
        """Offer what may follow the facility's state; without one, all states."""
        Facility = self.env["welfare.facility"]
        labels = Facility._fields["state"]._description_selection(self.env)
        # A key of its own: the client leaves default_… out when it asks for the fields.
        facility = Facility.browse(self.env.context.get("welfare_facility_id"))
        if not facility:
            return labels
        return [
            (state, label)
            for state, label in labels
            if state in Facility._transitions[facility.state]
        ]

    # === ACTION METHODS === #

    def action_apply(self):
        """Move the facility, or correct the day; its own rules say whether it may."""
        self.ensure_one()
        facility = self.facility_id
        facility.check_access("write")
        if self.is_correction:
            facility._correct_state_date(self.date, reason=self.reason)
        else:
            facility._set_state(self.state, **self._prepare_details())
        return {"type": "ir.actions.act_window_close"}

    # === BUSINESS METHODS === #

    def _prepare_details(self):
        """Return what the change of state is told. Extension point."""
        return {"date": self.date, "reason": self.reason}
