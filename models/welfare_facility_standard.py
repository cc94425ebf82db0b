from odoo import fields, models


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
