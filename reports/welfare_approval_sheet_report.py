from reportlab.platypus import PageBreak

from odoo import models
from odoo.fields import Datetime
from odoo.tools import format_amount, format_datetime, format_list

from ..tools.money import rmb_uppercase, to_yuan
from . import layout

_FACTS = (
    layout.Column(22, shaded=True),
    layout.Column(56),
    layout.Column(22, shaded=True),
    layout.Column(56),
)
_STEPS = (
    layout.Column(10, "center"),
    layout.Column(28),
    layout.Column(26),
    layout.Column(20, "center"),
    layout.Column(30),
    layout.Column(42),
)


class WelfareApprovalSheetReport(models.AbstractModel):
    """审批单: what was submitted, who decided what about it and when, one a page."""

    _name = "report.welfare_facility.welfare_approval_sheet_report"
    _description = "Approval Sheet"

    def _get_filename(self, requests, data):
        if len(requests) == 1:
            return self.env._("Approval sheet %(name)s", name=requests.name)
        return self.env._("Approval sheets")

    def _render_pdf(self, requests, data):
        """Draw the sheets.

        :return: the file.
        :rtype: bytes
        """
        story = []
        for request in requests:
            if story:
                story.append(PageBreak())
            story += self._get_story(request)
        one = len(requests) == 1
        return layout.build_document(
            story,
            title=self.env._("Approval Sheet"),
            subtitle=requests.kind_id.name if one else None,
            author=self.env.user.name,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            footer=self.env._(
                "Fingerprint of what was approved (SHA-256): %(fingerprint)s",
                fingerprint=requests.fingerprint,
            )
            if one
            else "",
            # What the paper says can be compared with what the system keeps.
            qr_text=f"APPROVAL;{requests.id};{requests.state};"
            f"SHA256={requests.fingerprint}"
            if one
            else None,
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )

    def _get_story(self, request):
        return [
            layout.table(
                self._get_facts(request),
                _FACTS,
                header_rows=0,
                spans=[(0, 1, 1, 3), (5, 1, 1, 3)],
            ),
            layout.paragraph(self.env._("What is approved"), "heading"),
            layout.paragraph(request.summary),
            layout.paragraph(self.env._("Decisions"), "heading"),
            layout.table(
                [self._get_heading(), *self._get_rows(request)], _STEPS, font_size=8
            ),
            *self._get_earlier(request),
        ]

    def _get_facts(self, request):
        state = dict(request._fields["state"]._description_selection(self.env))
        amount = to_yuan(request.amount)
        # sudo(): the name of who has submitted is for everybody who sees the request.
        requester = request.sudo().requester_id.name
        return [
            [self.env._("Document"), request.name, "", ""],
            [
                self.env._("Kind"),
                request.kind_id.name,
                self.env._("State"),
                state[request.state],
            ],
            [
                self.env._("Amount"),
                format_amount(self.env, request.amount, request.currency_id)
                if amount
                else "",
                self.env._("In capitals"),
                rmb_uppercase(amount) if amount else "",
            ],
            [
                self.env._("Source of funds"),
                request.source_id.name,
                self.env._("Place"),
                request.region_id.display_name,
            ],
            [
                self.env._("Submitted by"),
                requester,
                self.env._("Submitted at"),
                self._format_time(request.submitted_at),
            ],
            [self.env._("Fingerprint"), request.fingerprint, "", ""],
        ]

    def _get_heading(self):
        return [
            self.env._("No."),
            self.env._("Step"),
            self.env._("Who"),
            self.env._("Decision"),
            self.env._("Time"),
            self.env._("Comment"),
        ]

    def _get_rows(self, request):
        """Return one row for each decision, and one for each step without any."""
        steps = self.env["welfare.approval.step"]._fields["state"]
        labels = dict(steps._description_selection(self.env))
        rows = []
        for number, step in enumerate(request._get_steps(), start=1):
            for row in step["decisions"]:
                who = row["user"]
                if row["on_behalf"]:
                    who = self.env._(
                        "%(user)s for %(other)s", user=who, other=row["on_behalf"]
                    )
                rows.append(
                    [
                        number,
                        step["name"],
                        who,
                        row["label"],
                        self._format_time(row["at"]),
                        row["comment"],
                    ]
                )
            if not step["decisions"]:
                people = format_list(self.env, step["people"]) if step["people"] else ""
                rows.append(
                    [number, step["name"], people, labels[step["state"]], "", ""]
                )
        return rows

    def _get_earlier(self, request):
        """Return what became of the requests before this one for the same document."""
        earlier, lines = request.previous_id, []
        while earlier:
            state = dict(earlier._fields["state"]._description_selection(self.env))
            lines.append(
                [
                    self._format_time(earlier.submitted_at),
                    state[earlier.state],
                    earlier.close_reason,
                    earlier.fingerprint[:16],
                ]
            )
            earlier = earlier.previous_id
        if not lines:
            return []
        heading = [
            self.env._("Submitted at"),
            self.env._("State"),
            self.env._("Why It Ended"),
            self.env._("Fingerprint"),
        ]
        columns = [layout.Column(width) for width in (32, 28, 60, 36)]
        return [
            layout.paragraph(self.env._("Earlier requests"), "heading"),
            layout.table([heading, *lines], columns, font_size=8),
        ]

    def _format_time(self, time):
        return (
            format_datetime(self.env, time, dt_format="yyyy-MM-dd HH:mm")
            if time
            else ""
        )
