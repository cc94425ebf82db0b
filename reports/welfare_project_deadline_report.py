from odoo import models

from .register import Column


class WelfareProjectDeadlineReport(models.AbstractModel):
    """项目到期、逾期清单: what is due in projects, one a line."""

    _name = "report.welfare_facility.welfare_project_deadline_report"
    _description = "What Is Due in Projects"
    _inherit = ["report.welfare_facility.register"]
    _register_code = "PROJECT-DAYS"

    def _get_title(self):
        return self.env._("What Is Due in Projects")

    def _get_columns(self, days):
        kinds = dict(days._fields["kind"]._description_selection(self.env))
        return [
            Column(self.env._("Number"), 24, lambda day: day.project_id.number),
            Column(self.env._("Project"), 50, lambda day: day.project_id.name),
            Column(
                self.env._("Place"), 26, lambda day: day.region_id.name, is_label=True
            ),
            Column(self.env._("Kind"), 18, lambda day: kinds[day.kind], is_label=True),
            Column(self.env._("What"), 44, lambda day: day.what, is_label=True),
            Column(
                self.env._("First planned for"), 22, lambda day: day.date_first, "date"
            ),
            Column(self.env._("Due on"), 22, lambda day: day.date_due, "date"),
            Column(self.env._("Done on"), 22, lambda day: day.date_done, "date"),
            Column(
                self.env._("Days late"),
                15,
                # A warranty ends, it is not late.
                lambda day: (
                    day.days_late
                    if day.kind != "warranty" and day.days_late > 0
                    else None
                ),
                "integer",
            ),
            Column(self.env._("Responsible"), 24, lambda day: day.user_id.name),
        ]


class WelfareProjectDeadlineWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_project_deadline_workbook"
    _description = "Workbook of What Is Due"
    _inherit = ["report.welfare_facility.welfare_project_deadline_report"]
