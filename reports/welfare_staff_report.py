from odoo import models
from odoo.tools import format_list

from .register import Column


class WelfareStaffReport(models.AbstractModel):
    """人员培训、从业查询登记表: who has had training and record check, and when."""

    _name = "report.welfare_facility.welfare_staff_report"
    _description = "Training and Record Checks of Staff"
    _inherit = ["report.welfare_facility.register"]
    _register_code = "STAFF-CHECKS"

    def _get_title(self):
        return self.env._("Training and Record Checks of Staff")

    def _get_columns(self, staff):
        kinds = dict(staff.post_ids._fields["kind"]._description_selection(self.env))
        today = staff._today()

        def posts(person):
            held = person.post_ids.filtered(lambda post: post._holds_on(today))
            return format_list(
                self.env,
                [f"{kinds[post.kind]} ({post.region_id.name})" for post in held],
            )

        def overdue(name):
            return lambda person: self.env._("overdue") if person[name] else None

        return [
            Column(self.env._("Person"), 26, lambda person: person.name),
            Column(
                self.env._("Place of work"),
                50,
                lambda each: each.region_id.display_name,
            ),
            Column(self.env._("Posts"), 56, posts, is_label=True),
            Column(
                self.env._("In contact with minors"),
                20,
                lambda person: self.env._("yes") if person.is_with_minors else None,
                is_label=True,
            ),
            Column(
                self.env._("Last record check"),
                24,
                lambda person: person.date_last_check or None,
                "date",
            ),
            Column(
                self.env._("Record check"),
                18,
                overdue("is_check_overdue"),
                is_label=True,
            ),
            Column(
                self.env._("Last training"),
                24,
                lambda person: person.date_last_training or None,
                "date",
            ),
            Column(
                self.env._("Training"),
                18,
                overdue("is_training_overdue"),
                is_label=True,
            ),
        ]

    def _get_lines(self, staff):
        return staff.sorted(lambda each: (each.region_id.code, each.name, each.id))

    def _get_count(self, count):
        return self.env._("%(count)s people", count=count)


class WelfareStaffWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_staff_workbook"
    _description = "Workbook of Staff"
    _inherit = ["report.welfare_facility.welfare_staff_report"]
