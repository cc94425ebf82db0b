from odoo import api, fields, models


class WelfareFacilityTransition(models.TransientModel):
    """Asks for the next state of a facility, its day and the reason."""

    _name = "welfare.facility.transition"
    _description = "Change the State of a Facility"

    facility_id = fields.Many2one(
        comodel_name="welfare.facility", required=True, ondelete="cascade"
    )
    current_state = fields.Selection(related="facility_id.state", string="From")
    state = fields.Selection(
        selection=lambda self: self._selection_state(), string="To", required=True
    )
    date = fields.Date(
        string="Since", required=True, default=lambda self: self._default_date()
    )
    reason = fields.Char(required=True)

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
        facility = Facility.browse(self.env.context.get("default_facility_id"))
        if not facility:
            return labels
        return [
            (state, label)
            for state, label in labels
            if state in Facility._transitions[facility.state]
        ]

    # === ACTION METHODS === #

    def action_apply(self):
        """Move the facility; its own rules say whether it may."""
        self.ensure_one()
        self.facility_id.check_access("write")
        self.facility_id._set_state(self.state, date=self.date, reason=self.reason)
        return {"type": "ir.actions.act_window_close"}
