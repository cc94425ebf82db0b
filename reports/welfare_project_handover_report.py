from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Datetime
from odoo.tools import format_amount, format_date, format_list

from . import layout

#: The stages whose papers are handed over.
_STAGES = ("approval", "procurement", "construction", "acceptance", "handover")


class WelfareProjectHandoverReport(models.AbstractModel):
    """移交单: what a project hands over to those who run its facilities."""

    _name = "report.welfare_facility.welfare_project_handover_report"
    _description = "Handover Sheet"

    def _get_filename(self, projects, data):
        return self.env._(
            "Handover sheet %(number)s",
            number=format_list(self.env, projects.mapped("number")),
        )

    def _get_facts(self, project):
        """Return pairs of a label and what stands beside it."""
        days = self.env["welfare.project.date"]._get_days(project, "actual")
        money = project.currency_id
        return [
            (self.env._("Number"), project.number),
            (self.env._("Project"), project.name),
            (self.env._("Kind"), project.kind_id.name),
            (self.env._("Place"), project.region_id.display_name),
            (
                self.env._("Facilities"),
                format_list(self.env, project.facility_ids.mapped("name")),
            ),
            (self.env._("Builder"), project.builder_id.name),
            (
                self.env._("Supervisor"),
                project.supervisor_id.name if project.is_supervised else None,
            ),
            (
                self.env._("Accepted on"),
                format_date(self.env, days["acceptance"]),
            ),
            (
                self.env._("Approved estimate"),
                format_amount(self.env, project.amount_estimate, money),
            ),
        ]

    def _get_story(self, project):
        if project.state not in ("handover", "settlement", "archiving", "done"):
            raise UserError(
                self.env._(
                    "%(project)s has not been accepted: there is nothing to hand over.",
                    project=project.display_name,
                )
            )
        papers = project.requirement_ids.filtered(
            lambda row: row.stage in _STAGES and row.evidence == "document"
        )
        warranties = project.deadline_ids.filtered(lambda row: row.kind == "warranty")
        wide = layout.Column(100, "left")
        narrow = layout.Column(34, "left")
        middle = layout.Column(50, "left")
        return [
            layout.table(
                [[label, value] for label, value in self._get_facts(project)],
                [narrow, layout.Column(150, "left")],
                header_rows=0,
            ),
            layout.paragraph(self.env._("Papers handed over"), "heading"),
            layout.table(
                [
                    [
                        self.env._("Paper"),
                        self.env._("Number"),
                        self.env._("Day"),
                        self.env._("Files"),
                    ],
                    *(
                        [
                            row.gate_id.name,
                            row.number,
                            row.date_document
                            and format_date(self.env, row.date_document),
                            len(row.attachment_ids) or self.env._("missing"),
                        ]
                        for row in papers
                    ),
                ],
                [wide, middle, narrow, layout.Column(20, "right")],
            ),
            layout.paragraph(self.env._("Warranties"), "heading"),
            layout.table(
                [
                    [
                        self.env._("Part"),
                        self.env._("Least period"),
                        self.env._("Ends on"),
                    ],
                    *(
                        [
                            row.what,
                            f"{row.rule_id.value:g} {row.rule_id.unit}",
                            format_date(self.env, row.date_due)
                            if row.date_due
                            else self.env._("by the local season"),
                        ]
                        for row in warranties
                    ),
                ],
                [wide, middle, narrow],
                empty=self.env._("None"),
            ),
            layout.signatures(
                [
                    self.env._("Handed over by:"),
                    self.env._("Received by:"),
                    self.env._("Date:"),
                ]
            ),
        ]

    def _render_pdf(self, projects, data):
        """Draw the sheets, one after the other.

        :return: the file.
        :rtype: bytes
        :raise UserError: a project has not been accepted.
        """
        story = [part for project in projects for part in self._get_story(project)]
        return layout.build_document(
            story,
            title=self.env._("Handover Sheet"),
            subtitle=format_list(self.env, projects.mapped("number")),
            author=self.env.user.name,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )
