from odoo import fields, models


class WelfareApprovalDecision(models.Model):
    """What one person decided, and what that person saw. Never changed or deleted."""

    _name = "welfare.approval.decision"
    _description = "Decision"
    _inherit = ["welfare.approval.trail.mixin"]
    _order = "id"
    _rec_name = None

    request_id = fields.Many2one(
        comodel_name="welfare.approval.request",
        string="Approval Request",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    step_id = fields.Many2one(
        comodel_name="welfare.approval.step",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Decided by",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    on_behalf_id = fields.Many2one(
        comodel_name="res.users",
        string="On Behalf of",
        readonly=True,
        ondelete="restrict",
    )
    delegation_id = fields.Many2one(
        comodel_name="welfare.approval.delegation", readonly=True, ondelete="restrict"
    )
    exception_ids = fields.Many2many(
        comodel_name="welfare.duty.exception",
        string="By Exception",
        readonly=True,
        help="The authorizations without which this person could not have decided.",
    )
    decision = fields.Selection(
        selection=[
            ("approve", "Approved"),
            ("reject", "Rejected"),
            ("return", "Returned for Change"),
        ],
        required=True,
        readonly=True,
    )
    fingerprint = fields.Char(
        string="Fingerprint Seen", required=True, readonly=True, size=64
    )
    # Set by the database.
    decided_at = fields.Datetime(readonly=True)
    address = fields.Char(
        readonly=True, help="The network address from which it was decided."
    )
    comment = fields.Text(readonly=True)

    # === COMPUTE METHODS === #

    def _compute_display_name(self):
        labels = dict(self._fields["decision"]._description_selection(self.env))
        for decision in self:
            label = labels.get(decision.decision)
            decision.display_name = f"{decision.sudo().user_id.name}: {label}"
