from reportlab.platypus import PageBreak

from odoo import models
from odoo.fields import Datetime
from odoo.tools import format_date

from . import layout


class WelfareRectificationSheetReport(models.AbstractModel):
    """整改单: one rectification a page, with its photos and places to sign."""

    _name = "report.welfare_facility.welfare_rectification_sheet_report"
    _description = "Rectification Sheet"

    def _get_filename(self, records, data):
        if len(records) == 1:
            return records.display_name
        return self.env._("Rectification Sheet")

    def _get_facts(self, record):
        """Return pairs of a label and what stands beside it."""
        severities = dict(
            record.log_id._fields["severity"]._description_selection(self.env)
        )
        due = self._say(record.date_due)
        if record.days_late:
            due = self.env._(
                "%(day)s, %(days)s days late", day=due, days=record.days_late
            )
        return [
            (self.env._("Facility"), record.facility_id.name),
            (self.env._("Place"), record.region_id.display_name),
            (self.env._("What is wrong"), record.note),
            (self.env._("How urgent"), severities[record.severity]),
            (
                self.env._("Found by"),
                self._sign(record.log_id.create_uid, record.date_found),
            ),
            (self.env._("Due"), due),
            (self.env._("Responsible"), record.responsible_id.name),
            (self.env._("What is to be done"), record.measure),
            (self.env._("State"), record._state_label(record.state)),
            (self.env._("Fixed by"), self._sign(record.fixed_by_id, record.date_fixed)),
            (self.env._("Report of fixing"), record.fix_log_id.note),
            (self.env._("Result of the check"), record.review),
            (
                self.env._("Closed by"),
                self._sign(record.closed_by_id, record.date_closed),
            ),
        ]

    def _say(self, date):
        return format_date(self.env, date) if date else None

    def _sign(self, user, date):
        """Return who did something on which day, or nothing."""
        # sudo(): the name of a colleague of another company is no secret on paper.
        return f"{user.sudo().name}  {self._say(date)}" if user else None

    def _get_story(self, record):
        return [
            layout.table(
                [[label, value] for label, value in self._get_facts(record)],
                [layout.Column(34, shaded=True), layout.Column(150)],
                header_rows=0,
            ),
            layout.paragraph(self.env._("Photos before fixing"), "heading"),
            *self._draw_photos(record.photo_ids),
            layout.paragraph(self.env._("Photos after fixing"), "heading"),
            *self._draw_photos(record.fix_photo_ids),
            layout.signatures(
                [
                    self.env._("Responsible:"),
                    self.env._("Closed by:"),
                    self.env._("Date:"),
                ]
            ),
        ]

    def _draw_photos(self, photos):
        if not photos:
            return [layout.paragraph(self.env._("No photo"), "small")]
        return layout.photos(photos._get_thumbnails(900), height=42)

    def _render_pdf(self, records, data):
        """Draw the sheets, each on a page of its own.

        :return: the file.
        :rtype: bytes
        """
        story = []
        for record in records:
            story += [*self._get_story(record), PageBreak()]
        return layout.build_document(
            story[:-1],
            title=self.env._("Rectification Sheet"),
            author=self.env.user.name,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )
