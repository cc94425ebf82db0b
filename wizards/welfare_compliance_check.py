from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class WelfareComplianceCheck(models.TransientModel):
    """Asks for the day on which a facility is held against the standards."""

    _name = "welfare.compliance.check"
    _description = "Check against Standards"

    facility_id = fields.Many2one(
        comodel_name="welfare.facility", required=True, ondelete="cascade"
    )
    # Not as superuser: a form that is not saved yet is under no record rule.
    date_approved = fields.Date(
        related="facility_id.date_approved",
        related_sudo=False,
        string="Project Approved on",
    )
    date = fields.Date(
        string="As of", required=True, default=lambda self: self._default_date()
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    # === ACTION METHODS === #

    def action_keep(self):
        """Check, keep the results as of that day, and open them."""
        self.ensure_one()
        if self.date > self._default_date():
            raise UserError(
                self.env._(
                    "%(date)s has not come yet.", date=format_date(self.env, self.date)
                )
            )
        facility = self.facility_id
        facility.check_access("write")
        results = self.env["welfare.compliance"]._keep(
            facility.ids, self.date, is_always=True, with_comparison=True
        )
        action = facility.action_open_compliance()
        return {**action, "domain": [("id", "in", results.ids)]}

    def action_print(self):
        """Print the sheet of beds and areas as of that day; nothing is kept."""
        self.ensure_one()
        report = self.env.ref("welfare_facility.welfare_standard_report")
        return report.report_action(
            self.facility_id, data={"date": fields.Date.to_string(self.date)}
        )
