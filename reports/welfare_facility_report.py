from odoo import fields, models
from odoo.fields import Datetime
from odoo.tools import format_date

from ..tools.coverage import digest
from . import layout, workbook

#: Kind of each column in the workbook, and its share of the printed page's width.
_COLUMNS = (
    ("integer", 11),
    ("text", 32),
    ("text", 38),
    ("text", 46),
    ("text", 22),
    ("text", 17),
    ("date", 23),
    ("text", 26),
    ("decimal", 19),
    ("decimal", 19),
    ("hours", 18),
    ("text", 19),
    ("decimal", 24),
)
_RIGHT = ("integer", "decimal", "hours", "date")


class WelfareFacilityReport(models.AbstractModel):
    """设施清单: the chosen facilities as they are now, one a line, with totals."""

    _name = "report.welfare_facility.welfare_facility_report"
    _description = "List of Facilities"

    def _get_filename(self, facilities, data):
        return self.env._(
            "List of facilities %(date)s", date=fields.Date.context_today(self)
        )

    def _get_heading(self):
        return [
            self.env._("No."),
            self.env._("Township or Street"),
            self.env._("Community or Village"),
            self.env._("Facility"),
            self.env._("Type"),
            self.env._("State"),
            self.env._("In this State since"),
            self.env._("Premises"),
            self.env._("Indoor area (m²)"),
            self.env._("Outdoor area (m²)"),
            self.env._("Open hours a week"),
            self.env._("Responsible"),
            self.env._("Total money (yuan)"),
        ]

    def _get_rows(self, facilities):
        """Return the cells of each facility in the order of the codes, and totals."""
        fields_get = facilities.fields_get(["state", "premises"], ["selection"])
        states = dict(fields_get["state"]["selection"])
        premises = dict(fields_get["premises"]["selection"])
        facilities = facilities.sorted(
            lambda facility: (
                facility.region_id.code,
                facility.type_id.sequence,
                facility.id,
            )
        )
        # The street's name is enough where all lie in one county.
        name = "name" if len(self._get_counties(facilities)) < 2 else "display_name"
        rows = [
            [
                number,
                facility.township_id[name],
                facility.region_id.name
                if facility.region_id.level == "village"
                else None,
                facility.name,
                facility.type_id.name,
                states[facility.state],
                facility.date_state,
                premises.get(facility.premises),
                facility.area_indoor or None,
                facility.area_outdoor or None,
                facility.hours_weekly or None,
                facility.responsible_id.name,
                facility.amount_total_stated or None,
            ]
            for number, facility in enumerate(facilities, start=1)
        ]
        total = [None] * len(_COLUMNS)
        total[1] = self.env._("Total")
        total[3] = self.env._("%(count)s facilities", count=len(rows))
        for index in (8, 9, 12):
            total[index] = round(sum(row[index] or 0 for row in rows), 2)
        return [*rows, total]

    def _get_seal(self, rows):
        """Return what the QR code says: kind, number, day and digest, in ASCII."""
        today = fields.Date.context_today(self).isoformat()
        seal = self._get_digest(rows)[:32]
        return f"FACILITY-LIST;{len(rows) - 1};{today};SHA256={seal}"

    def _get_digest(self, rows):
        # Names, days and figures; labels differ by language.
        return digest([[row[1], row[2], row[3], row[6], *row[8:]] for row in rows[:-1]])

    def _get_counties(self, facilities):
        """Return the full names of the counties.

        From the streets' names: an office of a street may not read its county.
        """
        names = facilities.township_id.mapped("complete_name")
        return {name.rpartition(" / ")[0] for name in names}

    def _get_subtitle(self, facilities):
        subtitle = self.env._(
            "as of %(date)s · areas in m² · money in yuan",
            date=format_date(self.env, fields.Date.context_today(self)),
        )
        counties = self._get_counties(facilities)
        return " · ".join([*counties, subtitle] if len(counties) == 1 else [subtitle])

    def _render_pdf(self, facilities, data):
        """Draw the list.

        :return: the file.
        :rtype: bytes
        """
        rows = self._get_rows(facilities)
        columns = [
            layout.Column(width, "right" if kind in _RIGHT else "left")
            for kind, width in _COLUMNS
        ]
        return layout.build_document(
            [
                layout.table(
                    [
                        self._get_heading(),
                        *(self._format(row) for row in rows),
                    ],
                    columns,
                    total_rows=1,
                    zebra=True,
                    font_size=8,
                ),
                layout.signatures(
                    [
                        self.env._("Filled in by:"),
                        self.env._("Checked by:"),
                        self.env._("Date:"),
                    ]
                ),
            ],
            title=self.env._("List of Facilities"),
            subtitle=self._get_subtitle(facilities),
            author=self.env.user.name,
            landscape=True,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            footer=self.env._(
                "Digest of the figures (SHA-256): %(digest)s",
                digest=self._get_digest(rows)[:32],
            ),
            qr_text=self._get_seal(rows),
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )

    def _format(self, row):
        """Return the cells of a row as they are printed."""
        places = {"decimal": 2, "hours": 1}
        return [
            f"{value:,.{places[kind]}f}" if kind in places and value else value
            for value, (kind, _width) in zip(row, _COLUMNS, strict=True)
        ]

    def _render_xlsx(self, facilities, data):
        """Write the list.

        :return: the file.
        :rtype: bytes
        """
        rows = self._get_rows(facilities)
        seal = self._get_seal(rows)
        title = self.env._("List of Facilities")
        book = workbook.Workbook(title=title, author=self.env.user.name, comments=seal)
        book.add_sheet(
            title,
            title=title,
            subtitle=self._get_subtitle(facilities),
            heading=[self._get_heading()],
            columns=[workbook.Column(kind) for kind, _width in _COLUMNS],
            rows=rows,
            total_rows=1,
            footer=seal,
        )
        return book.close()


class WelfareFacilityWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_facility_workbook"
    _description = "Workbook of Facilities"
    _inherit = ["report.welfare_facility.welfare_facility_report"]
