from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.welfare_project_gate import STAGES


class WelfareProjectStep(models.TransientModel):
    """Asks what a step of a project needs: its day, a reason, or the planned days."""

    _name = "welfare.project.step"
    _description = "Step of a Project"

    project_id = fields.Many2one(
        comodel_name="welfare.project", required=True, ondelete="cascade"
    )
    step = fields.Selection(
        selection=[
            ("complete", "Complete the Stage"),
            ("send_back", "Send Back to the Builder"),
            ("cancel", "Give Up the Project"),
            ("plan", "Plan the Stages"),
        ],
        required=True,
        default="complete",
    )
    # Not as superuser: a form that is not saved yet is under no record rule.
    state = fields.Selection(related="project_id.state", related_sudo=False)
    date = fields.Date(string="Completed on", default=lambda self: self._default_date())
    opens = fields.Boolean(
        string="Opens at Once",
        default=True,
        help="The facilities are in operation from that day on; else they are accepted "
        "and opened later.",
    )
    reason = fields.Char()
    missing = fields.Text(compute="_compute_missing")
    date_initiation = fields.Date(string="Initiation")
    date_approval = fields.Date(string="Approval")
    date_procurement = fields.Date(string="Procurement")
    date_construction = fields.Date(string="Construction")
    date_acceptance = fields.Date(string="Acceptance")
    date_handover = fields.Date(string="Handover")
    date_settlement = fields.Date(string="Final Accounts")
    date_archiving = fields.Date(string="Archiving")

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        project = self.env["welfare.project"].browse(values.get("project_id"))
        if project.exists() and project.has_access("read"):
            days = self.env["welfare.project.date"]._get_days(project, "plan")
            values.update({f"date_{stage}": day for stage, day in days.items()})
        return values

    # === COMPUTE METHODS === #

    @api.depends("project_id", "step")
    def _compute_missing(self):
        for wizard in self:
            project = wizard.project_id
            wizard.missing = (
                wizard.step == "complete"
                and project
                and "\n".join(
                    gate.name
                    if gate.is_verified
                    else self.env._("%(gate)s (only warns)", gate=gate.name)
                    for gate in project._get_missing_gates()
                )
            )

    # === ACTION METHODS === #

    def action_apply(self):
        """Take the step; the project's own rules say whether it may be taken."""
        self.ensure_one()
        project = self.project_id
        project.check_access("write")
        if self.step == "complete":
            project._complete_stage(self.date, reason=self.reason, opens=self.opens)
        elif self.step == "plan":
            project._plan_stages(
                {stage: self[f"date_{stage}"] for stage, _label in STAGES}, self.reason
            )
        else:
            if not self.reason:
                raise UserError(self.env._("Say why."))
            target = "cancelled" if self.step == "cancel" else "construction"
            if self.step == "send_back" and project.state != "acceptance":
                raise UserError(
                    self.env._("Only what stands for acceptance can be sent back.")
                )
            project._set_state(target, reason=self.reason)
        return {"type": "ir.actions.act_window_close"}
