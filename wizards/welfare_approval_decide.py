from odoo import api, fields, models


class WelfareApprovalDecide(models.TransientModel):
    """Asks what is decided, and why, about exactly what it shows."""

    _name = "welfare.approval.decide"
    _description = "Decide about a Request"

    request_id = fields.Many2one(
        comodel_name="welfare.approval.request",
        string="Approval Request",
        required=True,
        ondelete="cascade",
    )
    # Not as superuser: a form that is not saved yet is under no record rule.
    summary = fields.Text(
        related="request_id.summary", related_sudo=False, string="What Is Approved"
    )
    changes = fields.Text(related="request_id.changes", related_sudo=False)
    fingerprint = fields.Char(
        compute="_compute_fingerprint", store=True, readonly=False, required=True
    )
    decision = fields.Selection(
        selection=[
            ("approve", "Approve"),
            ("return", "Return for Change"),
            ("reject", "Reject"),
        ],
        required=True,
        default="approve",
    )
    comment = fields.Text()

    # === COMPUTE METHODS === #

    @api.depends("request_id")
    def _compute_fingerprint(self):
        # Once, when the dialog opens: what was shown is what is decided.
        for record in self:
            record.fingerprint = record.request_id.fingerprint

    # === ACTION METHODS === #

    def action_decide(self):
        """Decide as chosen.

        :raise UserError: see :meth:`WelfareApprovalRequest.action_approve`.
        """
        self.ensure_one()
        self.request_id._decide(
            self.decision,
            [(self.request_id.id, self.fingerprint)],
            self.comment,
        )
        return {"type": "ir.actions.act_window_close"}
