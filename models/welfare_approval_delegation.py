from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date


class WelfareApprovalDelegation(models.Model):
    """Somebody decides for somebody who is away (授权代批).

    From a day to a day, for a reason, and only by who is away himself. It is not passed
    on: who decides for another decides for nobody for whom that one would. What the
    other one may not approve, the delegate may not either.
    """

    _name = "welfare.approval.delegation"
    _description = "Delegation of Approvals"
    _inherit = [
        "welfare.approval.trail.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date_from desc, id desc"
    _rec_name = "reason"

    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Who Is Away",
        required=True,
        readonly=True,
        default=lambda self: self._default_user_id(),
        index=True,
        ondelete="restrict",
    )
    delegate_id = fields.Many2one(
        comodel_name="res.users",
        string="Who Decides",
        required=True,
        index=True,
        ondelete="restrict",
        domain="[('share', '=', False), ('id', '!=', user_id)]",
    )
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="To", required=True)
    reason = fields.Char(required=True)
    ended_at = fields.Datetime(string="Ended Early", readonly=True, copy=False)
    told_at = fields.Datetime(
        string="Delegate Told",
        readonly=True,
        copy=False,
        help="On the first day, by e-mail and with an activity.",
    )
    is_active = fields.Boolean(string="Now", compute="_compute_is_active")

    _check_self = models.Constraint(
        "CHECK (user_id <> delegate_id)", "Nobody delegates to himself."
    )
    _check_dates = models.Constraint(
        "CHECK (date_to >= date_from)", "A delegation cannot end before it begins."
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_user_id(self):
        return self.env.user

    # === COMPUTE METHODS === #

    @api.depends("date_from", "date_to", "ended_at")
    def _compute_is_active(self):
        today = fields.Date.context_today(self)
        for record in self:
            record.is_active = (
                record.date_from
                and record.date_to
                and record.date_from <= today <= record.date_to
                and not record.ended_at
            )

    # === CONSTRAINT METHODS === #

    @api.constrains("user_id", "delegate_id", "date_from", "date_to")
    def _check_circle(self):
        """Refuse a circle, however long: nobody's approvals come back to him."""
        for record in self:
            seen = reached = record.delegate_id
            while reached:
                if record.user_id in reached:
                    raise ValidationError(
                        self.env._("These delegations would go round in a circle.")
                    )
                later = self.sudo().search(
                    [
                        ("user_id", "in", reached.ids),
                        ("ended_at", "=", False),
                        ("date_from", "<=", record.date_to),
                        ("date_to", ">=", record.date_from),
                    ]
                )
                reached = later.delegate_id - seen
                seen |= reached

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        self.check_access("create")
        vals_list = [{**vals, "user_id": self.env.uid} for vals in vals_list]
        ours = {"ended_at": False, "told_at": False}
        delegations = self.with_context(
            mail_create_nolog=True, mail_create_nosubscribe=True
        )._insert([{**vals, **ours} for vals in vals_list])
        for record in delegations:
            record._check_delegate()
        delegations = delegations.with_env(self.env)
        # sudo(): nobody writes delegations himself.
        delegations.sudo()._tell_begun()
        return delegations

    # === ACTION METHODS === #

    def action_end(self):
        """End the delegation now; only who has given it."""
        for record in self:
            if record.user_id != self.env.user:
                raise AccessError(self.env._("Only who has given it ends it."))
            if record.ended_at:
                raise UserError(self.env._("It has ended already."))
        # sudo(): nobody writes delegations himself.
        self.sudo()._rewrite({"ended_at": fields.Datetime.now()})
        self.sudo().activity_ids.unlink()
        return True

    # === BUSINESS METHODS === #

    def _check_delegate(self):
        for user in self.user_id | self.delegate_id:
            # sudo(): the groups of others are not readable.
            if not user.sudo().has_group("welfare_facility.welfare_group_approver"):
                raise UserError(
                    self.env._("%(name)s is no approver.", name=user.sudo().name)
                )

    @api.model
    def _domain_today(self):
        """Return what finds the delegations that hold today.

        :rtype: Domain
        """
        today = fields.Date.context_today(self)
        return (
            Domain("date_from", "<=", today)
            & Domain("date_to", ">=", today)
            & Domain("ended_at", "=", False)
        )

    @api.model
    def _get_to(self, user):
        """Return the delegations by which a user decides for others today."""
        domain = Domain("delegate_id", "=", user.id) & self._domain_today()
        # sudo(): also of people of other places; for the program, no caller gets them.
        return self.sudo().search(domain)

    @api.model
    def _get_from(self, users):
        """Return the delegations by which others decide for some users today.

        A delegate who is no approver any more is left out.
        """
        approver_id = self.env["ir.model.data"]._xmlid_to_res_id(
            "welfare_facility.welfare_group_approver"
        )
        domain = (
            Domain("user_id", "in", users.ids)
            & Domain("delegate_id.active", "=", True)
            & Domain("delegate_id.all_group_ids", "in", approver_id)
            & self._domain_today()
        )
        # sudo(): as above.
        return self.sudo().search(domain)

    def _describe(self):
        """Return for whom somebody decides, and how long."""
        self.ensure_one()
        return self.env._(
            "on behalf of %(name)s until %(date)s",
            name=self.sudo().user_id.name,
            date=format_date(self.env, self.date_to),
        )

    def _tell_begun(self):
        """Tell the delegates of what holds today, each once."""
        for record in self.filtered_domain(
            self._domain_today() & Domain("told_at", "=", False)
        ):
            record._rewrite({"told_at": fields.Datetime.now()})
            Request = self.env["welfare.approval.request"].with_user(record.user_id)
            summary = self.env._(
                "You decide %(whom)s: %(reason)s",
                whom=record._describe(),
                reason=record.reason,
            )
            note = self.env._(
                "Documents that wait for %(name)s now: %(count)s. They are in your "
                "inbox.",
                name=record.user_id.name,
                count=Request.search_count([("is_mine", "=", True)]),
            )
            record._notify(record.delegate_id, summary, note, record.date_to)

    @api.model
    def _cron_tell(self):
        """Tell of what begins today, and take back the activities of what is over."""
        self.search(self._domain_today() & Domain("told_at", "=", False))._tell_begun()
        yesterday = fields.Date.context_today(self) - timedelta(days=1)
        over = self.search(
            [("date_to", "<=", yesterday), ("activity_ids", "!=", False)]
        )
        over.activity_ids.unlink()
