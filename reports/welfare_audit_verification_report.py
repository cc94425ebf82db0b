from odoo import models
from odoo.fields import Datetime
from odoo.tools import format_datetime

from . import layout


class WelfareAuditVerificationReport(models.AbstractModel):
    """审计核验报告: the verdict of a verification, one page or more for each."""

    _name = "report.welfare_facility.welfare_audit_verification_report"
    _description = "Verification Report"

    def _render_pdf(self, verifications, data):
        """Draw the verdicts.

        :rtype: bytes
        """
        story = []
        for verification in verifications:
            story += self._draw(verification)
        return layout.build_document(
            story,
            title=self.env._("Verification of the Audit Trail"),
            author=self.env.user.name,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )

    def _draw(self, verification):
        state = verification._state_label(verification.state)
        time = [
            value and format_datetime(self.env, value)
            for value in (
                verification.verified_at,
                verification.first_event_at,
                verification.last_event_at,
            )
        ]
        rows = [
            [self.env._("Verdict"), state],
            [self.env._("Verified by"), verification.create_uid.name],
            [self.env._("Verified at"), time[0]],
            [self.env._("Events"), f"{verification.event_count:,}"],
            [self.env._("Seals"), f"{verification.seal_number:,}"],
            [self.env._("First event"), time[1]],
            [self.env._("Last event"), time[2]],
            [self.env._("Head"), verification.head],
            [self.env._("Earlier head"), verification.printed_head],
            [self.env._("Records compared"), f"{verification.record_count:,}"],
            [self.env._("Files compared"), f"{verification.file_count:,}"],
            [self.env._("Faults"), f"{verification.fault_count:,}"],
        ]
        columns = [layout.Column(35, shaded=True), layout.Column(120)]
        story = [layout.table(rows, columns, header_rows=0)]
        if verification.verdict:
            story.append(layout.paragraph(self.env._("Findings"), "heading"))
            lines = verification.verdict.splitlines()
            findings = [[number, line] for number, line in enumerate(lines, start=1)]
            columns = [layout.Column(12, "right"), layout.Column(143)]
            story.append(layout.table(findings, columns, header_rows=0))
        story.append(
            layout.signatures([self.env._("Verified by:"), self.env._("Date:")])
        )
        return story
