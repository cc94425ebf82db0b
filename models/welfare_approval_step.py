from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain


class WelfareApprovalStep(models.Model):
    """One step of a request: a tier as it was when the request was submitted."""

    _name = "welfare.approval.step"
    _description = "Step of an Approval"
    _inherit = ["welfare.approval.trail.mixin"]
    _order = "request_id, sequence, id"

    request_id = fields.Many2one(
        comodel_name="welfare.approval.request",
        string="Approval Request",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    sequence = fields.Integer(readonly=True)
    name = fields.Char(string="Step", required=True, readonly=True)
    group_id = fields.Many2one(
        comodel_name="res.groups", string="Role", readonly=True, ondelete="restrict"
    )
    approver_ids = fields.Many2many(
        comodel_name="res.users",
        relation="welfare_approval_step_approver_rel",
        column1="step_id",
        column2="user_id",
        string="Named Persons",
        readonly=True,
    )
    mode = fields.Selection(
        selection=[("any", "One of Them"), ("all", "All of Them")],
        required=True,
        readonly=True,
    )
    needed = fields.Integer(
        string="Approvals Needed", required=True, readonly=True, aggregator=None
    )
    sla_days = fields.Integer(string="Working Days", readonly=True, aggregator=None)
    escalation_group_id = fields.Many2one(
        comodel_name="res.groups",
        string="When Overdue, Also",
        readonly=True,
        ondelete="restrict",
    )
    rule = fields.Text(readonly=True, help="The document that asks for this step.")
    state = fields.Selection(
        selection=[
            ("waiting", "Coming"),
            ("current", "Waits for a Decision"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("returned", "Returned for Change"),
            ("skipped", "Not Needed Any More"),
        ],
        required=True,
        readonly=True,
        default="waiting",
    )
    started_at = fields.Datetime(readonly=True)
    deadline = fields.Date(readonly=True)
    is_escalated = fields.Boolean(string="Escalated", readonly=True)
    decision_ids = fields.One2many(
        comodel_name="welfare.approval.decision", inverse_name="step_id", readonly=True
    )

    _current_idx = models.Index("(request_id) WHERE state = 'current'")

    # === BUSINESS METHODS === #

    def _get_groups(self):
        """Return the roles that may take the step now."""
        return self.group_id | self._get_added_groups()

    def _get_added_groups(self):
        """Return the role that may take the step as well because it is overdue."""
        self.ensure_one()
        return self.escalation_group_id if self.is_escalated else self.group_id.browse()

    def _get_people(self):
        """Return who could take the step now, were nothing else in the way.

        :rtype: odoo.addons.base.models.res_users.ResUsers
        """
        self.ensure_one()
        step = self.sudo()
        groups = step._get_groups() if step.mode == "any" else step._get_added_groups()
        return self._search_people(groups, step.approver_ids, step.request_id.region_id)

    @api.model
    def _search_people(self, groups, users, region):
        """Return who approves: by a role or by name, and in a place.

        Whoever is no approver any more, or has left the place, is not among them.
        """
        approver_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "welfare_facility.welfare_group_approver"
        )
        # The place and those in which it lies.
        places = [int(id_) for id_ in region.parent_path.strip("/").split("/")]
        domain = Domain("id", "in", users.ids) | Domain(
            "all_group_ids", "in", groups.ids
        )
        domain &= Domain("all_group_ids", "in", approver_id)
        domain &= Domain("welfare_region_ids", "in", places)
        # sudo(): the groups and regions of others are not readable.
        return self.env["res.users"].sudo().search(domain).sudo(self.env.su)

    def _is_for(self, user):
        """Tell whether a person has the role, or is named, at this moment, here."""
        return user in self._get_people()

    def _find_person(self, user):
        """Return for whom a user takes the step: for himself, or for who is away.

        :return: the person whose step it is, the delegation if any, and the
            ``welfare.duty.exception`` that make it possible.
        :rtype: tuple
        :raise UserError: the user may not take it; in words.
        """
        self.ensure_one()
        if self._is_for(user):
            exceptions = self.request_id._check_person(self, user)
            return user, self.env["welfare.approval.delegation"], exceptions
        refusal = None
        approver = "welfare_facility.welfare_group_approver"
        # sudo(): the delegate himself must not have lost the role since.
        delegations = (
            self.env["welfare.approval.delegation"]._get_to(user)
            if user.sudo().has_group(approver)
            else ()
        )
        for delegation in delegations:
            person = delegation.user_id
            if not self._is_for(person):
                continue
            try:
                exceptions = self.request_id._check_person(self, person)
                exceptions |= self.request_id._check_person(self, user)
                return person, delegation, exceptions
            except UserError as error:
                refusal = error
        raise refusal or UserError(
            self.env._(
                "%(request)s: the step “%(step)s” is not yours.",
                request=self.request_id.name,
                step=self.name,
            )
        )

    def _count_approvals(self):
        """Return how many persons have approved the step."""
        self.ensure_one()
        approvals = self.decision_ids.filtered(lambda row: row.decision == "approve")
        return len({row.on_behalf_id or row.user_id for row in approvals})

    def _start(self):
        """Make the step the current one."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        self._rewrite(
            {
                "state": "current",
                "started_at": fields.Datetime.now(),
                "deadline": self._get_deadline(today),
            }
        )

    def _get_deadline(self, day):
        """Return the last day of the step, or none where the calendar ends before it.

        No law fixes it: a holiday that is not entered yet must not hold work up.
        """
        if not self.sla_days:
            return False
        try:
            return self.env["welfare.workday.exception"]._add_workdays(
                day, self.sla_days
            )
        except UserError:
            return False
