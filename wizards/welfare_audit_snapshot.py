from odoo import api, fields, models

from ..models.audit_words import AuditWords
from ..models.welfare_audit_event import make_table


class WelfareAuditSnapshot(models.TransientModel):
    """Shows a record as it stood at a moment, also one that has been deleted."""

    _name = "welfare.audit.snapshot"
    _description = "Record as It Stood"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Integer(required=True, readonly=True)
    subject = fields.Char(string="Record Concerned", compute="_compute_contents")
    date = fields.Datetime(
        string="As It Stood At",
        required=True,
        default=lambda self: fields.Datetime.now(),
    )
    contents = fields.Html(compute="_compute_contents", sanitize=False)

    # === COMPUTE METHODS === #

    @api.depends("res_model", "res_id", "date")
    def _compute_contents(self):
        Event = self.env["welfare.audit.event"]
        for snapshot in self:
            Event._check_record(snapshot.res_model, snapshot.res_id)
            words = AuditWords(self.env)
            snapshot.subject = self.env._(
                "%(kind)s %(name)s",
                kind=self.env["ir.model"]._get(snapshot.res_model).name,
                name=words.name(snapshot.res_model, snapshot.res_id),
            )
            values = (
                Event._find_values(snapshot.res_model, snapshot.res_id, snapshot.date)
                if snapshot.date
                else None
            )
            snapshot.contents = bool(values) and make_table(
                [self.env._("Field"), self.env._("Value")],
                words.lines(snapshot.res_model, values),
            )
