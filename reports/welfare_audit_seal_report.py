from odoo import models
from odoo.fields import Datetime
from odoo.tools import format_datetime

from . import layout


class WelfareAuditSealReport(models.AbstractModel):
    """审计封存簿: the seals, each with the whole of its head, to be kept on paper."""

    _name = "report.welfare_facility.welfare_audit_seal_report"
    _description = "Seal Book"

    def _get_filename(self, seals, data):
        return self.env._(
            "Seal book %(first)s to %(last)s", first=min(seals.ids), last=max(seals.ids)
        )

    def _render_pdf(self, seals, data):
        """Draw the book, the oldest seal first.

        :rtype: bytes
        """
        seals = seals.sorted("id")
        rows = [
            [
                self.env._("No."),
                self.env._("Sealed at"),
                self.env._("Event Numbers"),
                self.env._("Head of the chain (SHA-256)"),
                self.env._("Signed with Key"),
            ],
            *(
                [
                    seal.id,
                    format_datetime(self.env, seal.sealed_at, dt_format="short"),
                    f"{seal.first_n:,} - {seal.last_n:,}",
                    layout.paragraph(_grouped(seal.hash), "cell"),
                    seal.key_id or self.env._("not signed"),
                ]
                for seal in seals
            ),
        ]
        columns = [
            layout.Column(14, "right"),
            layout.Column(34),
            layout.Column(38, "right"),
            layout.Column(110),
            layout.Column(34),
        ]
        story = [
            layout.paragraph(
                self.env._(
                    "The head of a seal stands for every event up to it. Kept outside "
                    "the database, it proves later whether the audit trail was "
                    "changed, cut off or written anew: enter its number and hash when "
                    "verifying."
                )
            ),
            layout.table(rows, columns, zebra=True),
            layout.signatures(
                [self.env._("Printed by:"), self.env._("Kept by:"), self.env._("Date:")]
            ),
        ]
        return layout.build_document(
            story,
            title=self.env._("Seal Book of the Audit Trail"),
            author=self.env.user.name,
            landscape=True,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )


def _grouped(digest):
    """Return the digits of a hash in fours, so that people can compare them."""
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))
