from odoo import api, fields, models
from odoo.fields import Domain

from .compliance_checker import REGISTERED

#: What standards ask for on the facility itself; see compliance_checker.
CHECKED = frozenset(("date_approved", "type_id", "region_id", *REGISTERED))


class WelfareFacility(models.Model):
    """What standards ask for: the day the project was approved, and figures."""

    _inherit = "welfare.facility"

    date_approved = fields.Date(
        string="Project Approved on",
        tracking=True,
        help="Day on which the building project was approved (立项批复). Standards of "
        "construction apply as they stood on that day.",
    )
    measurement_ids = fields.One2many(
        comodel_name="welfare.facility.measurement", inverse_name="facility_id"
    )
    compliance_ids = fields.One2many(
        comodel_name="welfare.compliance", inverse_name="facility_id", readonly=True
    )
    is_below_standard = fields.Boolean(
        string="Below a Standard",
        compute="_compute_is_below_standard",
        search="_search_is_below_standard",
        help="By the newest result, something that it shall have is not met; a closed "
        "facility is asked for nothing.",
    )
    is_check_due = fields.Boolean(
        compute="_compute_is_check_due",
        help="What was entered since the last check says something else.",
    )

    # === COMPUTE METHODS === #

    @api.depends("compliance_ids", "state")
    def _compute_is_below_standard(self):
        below = self.filtered_domain(self._search_is_below_standard("in", [True]))
        for facility in self:
            facility.is_below_standard = facility in below

    @api.model
    def _search_is_below_standard(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("state", "!=", "closed") & Domain(
            "compliance_ids",
            "any",
            [
                ("is_latest", "=", True),
                ("result", "=", "not_met"),
                ("basis", "in", ("applies", "unknown")),
            ],
        )

    @api.depends("measurement_ids", "compliance_ids", "date_approved", "type_id")
    def _compute_is_check_due(self):
        found = self.env["welfare.compliance"]._find_outdated(
            self.filtered(lambda each: each.state != "closed").ids
        )
        due = {facility for facility, _standard in found}
        for facility in self:
            facility.is_check_due = facility._origin.id in due

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if not CHECKED.isdisjoint(vals):
            self.env["welfare.compliance"]._schedule_check()
        return result

    # === ACTION METHODS === #

    def action_open_measurements(self):
        """Open what was measured of the facility, day by day."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_facility_measurement_action"
        )
        return {
            **action,
            # Without its path: a reload of that address would show every facility.
            "path": False,
            "domain": [("facility_id", "=", self.id)],
            "context": {"default_facility_id": self.id},
        }

    def action_open_compliance(self):
        """Open how the facility stands to the standards, the newest results first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_compliance_action"
        )
        return {**action, "path": False, "domain": [("facility_id", "=", self.id)]}

    def action_open_occupancy(self):
        """Open how many beds were open and occupied, day by day."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_facility_occupancy_action"
        )
        return {**action, "path": False, "domain": [("facility_id", "=", self.id)]}
