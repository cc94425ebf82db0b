from odoo import models
from odoo.fields import Datetime
from odoo.tools import format_date, format_datetime, format_list

from ..tools.coverage import digest
from . import layout, workbook


class WelfareDutyDrawnReport(models.AbstractModel):
    """不相容岗位情况表: who may do, has done, or was allowed both of two duties."""

    _name = "report.welfare_facility.welfare_duty_report"
    _description = "Report of Incompatible Duties"

    def _get_filename(self, conflicts, data):
        return self.env._("Incompatible duties")

    def _get_parts(self, data):
        """Return subtitle and parts of the report.

        A part is its title, the words where it is empty, the heading, the shares of
        the width, and the rows.
        """
        report = self.env["welfare.duty.report"].get_report(
            data.get("date_from"), data.get("date_to")
        )
        day, time, names = self._format_day, self._format_time, self._format_names
        roles = [
            [
                row["user"],
                names(row["regions"]),
                row["duties"],
                self.env._("refused by the program")
                if row["is_blocking"]
                else self.env._("watched along each payment"),
                row["exception"],
            ]
            for row in report["roles"]
        ]
        deeds = [
            [
                row["user"],
                row["duties"],
                f"{row['first_duty']} · {row['first']}\n{time(row['first_at'])}",
                f"{row['second_duty']} · {row['second']}\n{time(row['second_at'])}",
                row["exception"] or self.env._("not authorized"),
            ]
            for row in report["deeds"]
        ]
        exceptions = [
            [
                row["user"],
                f"{row['duties']}\n{row['region']}",
                f"{day(row['date_from'])} - {day(row['date_to'])}",
                f"{row['reason']}\n{names(row['approved_by'])}",
                f"{row['state']}\n"
                + self.env._("used %(count)s times", count=row["used"]),
            ]
            for row in report["exceptions"]
        ]
        subtitle = f"{day(report['date_from'])} - {day(report['date_to'])}"
        return subtitle, [
            (
                self.env._("Roles that do not go together"),
                self.env._("Nobody holds roles that do not go together."),
                [
                    self.env._("Person"),
                    self.env._("Regions"),
                    self.env._("Duties"),
                    self.env._("Control"),
                    self.env._("Exception"),
                ],
                (24, 34, 46, 34, 46),
                roles,
            ),
            (
                self.env._("Duties done by one person along a payment"),
                self.env._("Nobody has done both of two incompatible duties."),
                [
                    self.env._("Person"),
                    self.env._("Duties"),
                    self.env._("First"),
                    self.env._("Then"),
                    self.env._("Exception"),
                ],
                (24, 38, 48, 48, 40),
                deeds,
            ),
            (
                self.env._("Exceptions"),
                self.env._("There was no exception."),
                [
                    self.env._("For"),
                    self.env._("Duties and place"),
                    self.env._("Time"),
                    self.env._("Reason, approved by"),
                    self.env._("State"),
                ],
                (24, 50, 40, 50, 30),
                exceptions,
            ),
        ]

    def _render_pdf(self, conflicts, data):
        """Draw the report.

        :return: the file.
        :rtype: bytes
        """
        subtitle, parts = self._get_parts(data)
        story = []
        for title, empty, heading, widths, rows in parts:
            story.append(layout.paragraph(title, "heading"))
            story.append(
                layout.table(
                    [heading, *rows],
                    [layout.Column(width) for width in widths],
                    empty=empty,
                    font_size=8,
                )
            )
        story.append(
            layout.signatures([self.env._("Checked by:"), self.env._("Date:")])
        )
        seal = digest([part[-1] for part in parts])[:32]
        return layout.build_document(
            story,
            title=self.env._("Incompatible Duties"),
            subtitle=subtitle,
            author=self.env.user.name,
            landscape=True,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            footer=self.env._("Digest of the rows (SHA-256): %(digest)s", digest=seal),
            qr_text=f"DUTIES;{sum(len(part[-1]) for part in parts)};SHA256={seal}",
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )

    def _render_xlsx(self, conflicts, data):
        """Write the report, one sheet a part.

        :return: the file.
        :rtype: bytes
        """
        subtitle, parts = self._get_parts(data)
        title = self.env._("Incompatible Duties")
        book = workbook.Workbook(title=title, author=self.env.user.name)
        for name, empty, heading, _widths, rows in parts:
            book.add_sheet(
                name,
                title=name,
                subtitle=subtitle,
                heading=[heading],
                columns=[workbook.Column("text")] * len(heading),
                rows=rows or [[empty, *[None] * (len(heading) - 1)]],
            )
        return book.close()

    def _format_day(self, day):
        return format_date(self.env, day)

    def _format_time(self, time):
        return format_datetime(self.env, time, dt_format="yyyy-MM-dd HH:mm")

    def _format_names(self, names):
        return format_list(self.env, names) if names else ""


class WelfareDutyWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_duty_workbook"
    _description = "Workbook of Incompatible Duties"
    _inherit = ["report.welfare_facility.welfare_duty_report"]
