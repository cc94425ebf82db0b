from odoo import fields, models
from odoo.tools import format_date, format_list

from .register import Column


class WelfareProjectReport(models.AbstractModel):
    """建设进度表: the chosen projects as they are now, one a line, with totals."""

    _name = "report.welfare_facility.welfare_project_report"
    _description = "Progress of Projects"
    _inherit = ["report.welfare_facility.register"]
    _register_code = "PROJECT-LIST"

    def _get_title(self):
        return self.env._("Progress of Projects")

    def _get_columns(self, projects):
        Day = self.env["welfare.project.date"]
        ranks = list(dict(projects._fields["state"].selection))

        def accepted_on(project):
            is_accepted = ranks.index("acceptance") < ranks.index(project.state)
            if is_accepted and project.state != "cancelled":
                return Day._get_days(project, "actual").get("acceptance")
            return None

        def late(project):
            rows = project.deadline_ids.filtered("is_late")
            return format_list(self.env, rows.mapped("what")) if rows else None

        def money(label, name):
            return Column(
                label, 24, lambda each: each[name] or None, "decimal", is_added=True
            )

        return [
            Column(self.env._("Number"), 22, lambda each: each.number),
            Column(self.env._("Project"), 44, lambda each: each.name),
            Column(
                self.env._("Place"), 24, lambda each: each.region_id.name, is_label=True
            ),
            Column(
                self.env._("Kind"), 18, lambda each: each.kind_id.name, is_label=True
            ),
            Column(
                self.env._("Stage"),
                17,
                lambda each: each._state_label(each.state),
                is_label=True,
            ),
            Column(self.env._("Begun on"), 21, lambda each: each.date_start, "date"),
            Column(
                self.env._("Acceptance planned"),
                21,
                lambda each: Day._get_days(each, "plan").get("acceptance"),
                "date",
            ),
            Column(self.env._("Accepted on"), 21, accepted_on, "date"),
            money(self.env._("Estimate (yuan)"), "amount_estimate"),
            money(self.env._("Received (yuan)"), "amount_received"),
            money(self.env._("Paid (yuan)"), "amount_paid"),
            Column(
                self.env._("Physical (%)"), 17, lambda each: each.progress, "decimal"
            ),
            Column(
                self.env._("Financial (%)"),
                17,
                lambda each: each.financial_progress,
                "decimal",
            ),
            Column(self.env._("Late"), 40, late, is_label=True),
        ]

    def _get_lines(self, projects):
        """Return the projects in the order of the codes."""
        return projects.sorted(
            lambda each: (each.region_id.code, each.number or "", each.id)
        )

    def _get_count(self, count):
        return self.env._("%(count)s projects", count=count)

    def _get_day(self):
        return self.env._(
            "as of %(date)s · money in yuan",
            date=format_date(self.env, fields.Date.context_today(self)),
        )


class WelfareProjectWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_project_workbook"
    _description = "Workbook of Projects"
    _inherit = ["report.welfare_facility.welfare_project_report"]
