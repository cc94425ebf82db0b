from odoo import models
from odoo.fields import Date
from odoo.tools import format_date

from .register import Column


class WelfareFacilityIdleReport(models.AbstractModel):
    """闲置设施清单: announced and required hours of the chosen facilities."""

    _name = "report.welfare_facility.welfare_facility_idle_report"
    _description = "Opening Hours of Facilities"
    _inherit = ["report.welfare_facility.welfare_facility_report"]
    _register_code = "FACILITY-HOURS"

    def _get_title(self):
        return self.env._("Opening Hours of Facilities")

    def _get_columns(self, facilities):
        Rule = self.env["welfare.rule"]
        today = Date.context_today(self)
        places = {home: home.township_id or home.region_id for home in facilities}
        rules = {
            place: Rule._get_rule("opening_hours_weekly", place, today)
            for place in set(places.values())
        }
        return [
            *self._get_place_columns(facilities),
            Column(
                self.env._("State"),
                17,
                lambda home: home._state_label(home.state),
                is_label=True,
            ),
            Column(
                self.env._("Hours a week in the register"),
                20,
                lambda home: home.hours_weekly or None,
                "hours",
            ),
            Column(
                self.env._("Announced hours a week"),
                20,
                lambda home: home.hours_announced or None,
                "hours",
            ),
            Column(
                self.env._("Required hours a week"),
                20,
                lambda home: rules[places[home]].value or None,
                "hours",
            ),
            Column(
                self.env._("Less than required"),
                12,
                lambda home: self.env._("yes") if home.is_idle else None,
                is_label=True,
            ),
            Column(
                self.env._("Use since a year"),
                18,
                lambda home: home.use_rate_label or None,
                is_label=True,
            ),
            Column(self.env._("Remark on the hours"), 50, lambda home: home.hours_note),
        ]

    def _get_day(self):
        # Not the list's own: it names areas and money.
        return self.env._(
            "as of %(date)s · hours a week",
            date=format_date(self.env, Date.context_today(self)),
        )


class WelfareFacilityIdleWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_facility_idle_workbook"
    _description = "Workbook of Opening Hours"
    _inherit = ["report.welfare_facility.welfare_facility_idle_report"]
