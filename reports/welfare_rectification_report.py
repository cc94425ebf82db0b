from odoo import models

from .register import Column


class WelfareRectificationReport(models.AbstractModel):
    """整改台账: the chosen defects and hazards, one a line."""

    _name = "report.welfare_facility.welfare_rectification_report"
    _description = "Register of Rectifications"
    _inherit = ["report.welfare_facility.register"]
    _register_code = "RECTIFICATIONS"

    def _get_title(self):
        return self.env._("Register of Rectifications")

    def _get_columns(self, records):
        severities = dict(
            records.log_id._fields["severity"]._description_selection(self.env)
        )
        return [
            Column(self.env._("Facility"), 46, lambda each: each.facility_id.name),
            Column(self.env._("What is wrong"), 52, lambda each: each.note),
            Column(
                self.env._("How urgent"),
                20,
                lambda each: severities[each.severity],
                is_label=True,
            ),
            Column(self.env._("Found on"), 21, lambda each: each.date_found, "date"),
            Column(self.env._("Due"), 21, lambda each: each.date_due, "date"),
            Column(
                self.env._("Days late"),
                13,
                lambda each: each.days_late or None,
                "integer",
            ),
            Column(
                self.env._("Responsible"), 21, lambda each: each.responsible_id.name
            ),
            Column(
                self.env._("State"),
                17,
                lambda each: each._state_label(each.state),
                is_label=True,
            ),
            Column(self.env._("Fixed by"), 21, lambda each: each.fixed_by_id.name),
            Column(self.env._("Fixed on"), 21, lambda each: each.date_fixed, "date"),
            Column(self.env._("Closed by"), 21, lambda each: each.closed_by_id.name),
            Column(
                self.env._("Signed off on"), 21, lambda each: each.date_closed, "date"
            ),
        ]


class WelfareRectificationWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_rectification_workbook"
    _description = "Workbook of Rectifications"
    _inherit = ["report.welfare_facility.welfare_rectification_report"]
