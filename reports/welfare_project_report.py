from odoo import fields, models
from odoo.fields import Datetime
from odoo.tools import format_date, format_list

from ..tools.coverage import digest
from . import layout, workbook

#: Kind of each column in the workbook, and its share of the printed page's width.
_COLUMNS = (
    ("integer", 9),
    ("text", 22),
    ("text", 44),
    ("text", 24),
    ("text", 18),
    ("text", 17),
    ("date", 21),
    ("date", 21),
    ("date", 21),
    ("decimal", 24),
    ("decimal", 24),
    ("decimal", 24),
    ("decimal", 17),
    ("decimal", 17),
    ("text", 40),
)
_RIGHT = ("integer", "decimal", "date")


class WelfareProjectReport(models.AbstractModel):
    """建设进度表: the chosen projects as they are now, one a line, with totals."""

    _name = "report.welfare_facility.welfare_project_report"
    _description = "Progress of Projects"

    def _get_filename(self, projects, data):
        return self.env._(
            "Progress of projects %(date)s", date=fields.Date.context_today(self)
        )

    def _get_heading(self):
        return [
            self.env._("No."),
            self.env._("Number"),
            self.env._("Project"),
            self.env._("Place"),
            self.env._("Kind"),
            self.env._("Stage"),
            self.env._("Begun on"),
            self.env._("Acceptance planned"),
            self.env._("Accepted on"),
            self.env._("Estimate (yuan)"),
            self.env._("Received (yuan)"),
            self.env._("Paid (yuan)"),
            self.env._("Physical (%)"),
            self.env._("Financial (%)"),
            self.env._("Late"),
        ]

    def _get_rows(self, projects):
        """Return the cells of each project in the order of the codes, and totals."""
        Day = self.env["welfare.project.date"]
        projects = projects.sorted(
            lambda project: (project.region_id.code, project.number or "", project.id)
        )
        ranks = list(dict(projects._fields["state"].selection))
        rows = []
        for number, project in enumerate(projects, start=1):
            actual = Day._get_days(project, "actual")
            is_accepted = ranks.index("acceptance") < ranks.index(project.state)
            is_accepted &= project.state != "cancelled"
            late = project.deadline_ids.filtered("is_late")
            rows.append(
                [
                    number,
                    project.number,
                    project.name,
                    project.region_id.name,
                    project.kind_id.name,
                    project._state_label(project.state),
                    project.date_start,
                    Day._get_days(project, "plan").get("acceptance"),
                    actual.get("acceptance") if is_accepted else None,
                    project.amount_estimate or None,
                    project.amount_received or None,
                    project.amount_paid or None,
                    project.progress,
                    project.financial_progress,
                    format_list(self.env, late.mapped("what")) if late else None,
                ]
            )
        total = [None] * len(_COLUMNS)
        total[1] = self.env._("Total")
        total[2] = self.env._("%(count)s projects", count=len(rows))
        for index in (9, 10, 11):
            total[index] = round(sum(row[index] or 0 for row in rows), 2)
        return [*rows, total]

    def _get_digest(self, rows):
        # Numbers, days and figures; labels differ by language.
        return digest([[row[1], row[2], *row[6:14]] for row in rows[:-1]])

    def _get_seal(self, rows):
        """Return what the QR code says: kind, number, day and digest, in ASCII."""
        today = fields.Date.context_today(self).isoformat()
        seal = self._get_digest(rows)[:32]
        return f"PROJECT-LIST;{len(rows) - 1};{today};SHA256={seal}"

    def _get_subtitle(self):
        return self.env._(
            "as of %(date)s · money in yuan",
            date=format_date(self.env, fields.Date.context_today(self)),
        )

    def _render_pdf(self, projects, data):
        """Draw the table.

        :return: the file.
        :rtype: bytes
        """
        rows = self._get_rows(projects)
        columns = [
            layout.Column(width, "right" if kind in _RIGHT else "left")
            for kind, width in _COLUMNS
        ]
        cells = [
            [
                f"{value:,.2f}" if kind == "decimal" and value is not None else value
                for value, (kind, _width) in zip(row, _COLUMNS, strict=True)
            ]
            for row in rows
        ]
        return layout.build_document(
            [
                layout.table(
                    [self._get_heading(), *cells],
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
            title=self.env._("Progress of Projects"),
            subtitle=self._get_subtitle(),
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

    def _render_xlsx(self, projects, data):
        """Write the table.

        :return: the file.
        :rtype: bytes
        """
        rows = self._get_rows(projects)
        seal = self._get_seal(rows)
        title = self.env._("Progress of Projects")
        book = workbook.Workbook(title=title, author=self.env.user.name, comments=seal)
        book.add_sheet(
            title,
            title=title,
            subtitle=self._get_subtitle(),
            heading=[self._get_heading()],
            columns=[workbook.Column(kind) for kind, _width in _COLUMNS],
            rows=rows,
            total_rows=1,
            footer=seal,
        )
        return book.close()


class WelfareProjectWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_project_workbook"
    _description = "Workbook of Projects"
    _inherit = ["report.welfare_facility.welfare_project_report"]
