from odoo import fields, models
from odoo.tools import format_date

from .register import Column, figure, word


class WelfareFacilityReport(models.AbstractModel):
    """设施清单: the chosen facilities as they are now, one a line, with totals."""

    _name = "report.welfare_facility.welfare_facility_report"
    _description = "List of Facilities"
    _inherit = ["report.welfare_facility.register"]
    _register_code = "FACILITY-LIST"

    def _get_title(self):
        return self.env._("List of Facilities")

    def _get_columns(self, facilities):
        return [
            *self._get_place_columns(facilities),
            Column(
                self.env._("Type"), 22, lambda home: home.type_id.name, is_label=True
            ),
            word(self.env._("State"), 17, facilities, "state"),
            Column(
                self.env._("In this State since"),
                23,
                lambda home: home.date_state,
                "date",
            ),
            word(self.env._("Premises"), 26, facilities, "premises"),
            figure(self.env._("Indoor area (m²)"), 19, "area_indoor", "decimal", True),
            figure(
                self.env._("Outdoor area (m²)"), 19, "area_outdoor", "decimal", True
            ),
            figure(self.env._("Open hours a week"), 21, "hours_weekly", "hours"),
            Column(
                self.env._("Responsible"), 19, lambda home: home.responsible_id.name
            ),
            figure(
                self.env._("Total money (yuan)"),
                27,
                "amount_total_stated",
                "decimal",
                True,
            ),
        ]

    def _get_place_columns(self, facilities):
        """Return the columns that say which facility a line is about."""
        # The street's name is enough where all lie in one county.
        name = "name" if len(self._get_counties(facilities)) < 2 else "display_name"
        return [
            Column(
                self.env._("Township or Street"),
                32,
                lambda home: home.township_id[name],
            ),
            Column(
                self.env._("Community or Village"),
                34,
                lambda home: (
                    home.region_id.name if home.region_id.level == "village" else None
                ),
            ),
            Column(self.env._("Facility"), 48, lambda home: home.name),
        ]

    def _get_lines(self, facilities):
        """Return the facilities in the order of the codes."""
        return facilities.sorted(
            lambda home: (home.region_id.code, home.type_id.sequence, home.id)
        )

    def _get_count(self, count):
        return self.env._("%(count)s facilities", count=count)

    def _get_counties(self, facilities):
        """Return the full names of the counties.

        From the streets' names: an office of a street may not read its county.
        """
        names = facilities.township_id.mapped("complete_name")
        return {name.rpartition(" / ")[0] for name in names}

    def _get_day(self):
        return self.env._(
            "as of %(date)s · areas in m² · money in yuan",
            date=format_date(self.env, fields.Date.context_today(self)),
        )

    def _get_subtitle(self, facilities):
        subtitle = self._get_day()
        counties = self._get_counties(facilities)
        return " · ".join([*counties, subtitle] if len(counties) == 1 else [subtitle])


class WelfareFacilityWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_facility_workbook"
    _description = "Workbook of Facilities"
    _inherit = ["report.welfare_facility.welfare_facility_report"]
