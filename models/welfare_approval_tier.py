from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain


class WelfareApprovalTier(models.Model):
    """Who approves what, in which order (审批权限).

    All tiers that match a document are its steps. Where a nearer jurisdiction has tiers
    of the kind, those of the farther ones do not count; tiers that name the source of
    funds take the place of those that name none. They are copied into a request when it
    is submitted: what is ended or added here changes nothing that runs.

    A tier is itself approved. By which tiers that is done everywhere comes with the
    program and does not end, so that nobody locks himself out; a place may have its
    own.
    """

    _name = "welfare.approval.tier"
    _description = "Tier of Approval"
    _inherit = ["welfare.rule.mixin"]
    _order = "kind_id, amount_from, sequence, id"

    _approval_kinds = {
        ("draft", "effective"): "tier",
        ("effective", "ended"): "tier_end",
    }
    _approval_given = {"tier_end": ("date_to",)}
    _approval_fields = (
        *("kind_id", "name", "sequence", "source_id", "amount_from", "amount_to"),
        *("jurisdiction_id", "region_level", "group_id", "user_ids", "mode"),
        *("attachment_words", "sla_days", "escalation_group_id"),
        *("date_from", "date_to", "source"),
    )

    kind_id = fields.Many2one(
        comodel_name="welfare.approval.kind",
        required=True,
        index=True,
        ondelete="restrict",
    )
    name = fields.Char(string="Step", required=True, translate=True)
    sequence = fields.Integer(string="Order", default=10, aggregator=None)
    active = fields.Boolean(default=True)
    source_id = fields.Many2one(
        comodel_name="welfare.fund.source",
        string="Source of Funds",
        ondelete="restrict",
        help="Empty: whatever the source.",
    )
    amount_from = fields.Float(string="From (yuan)", digits=(16, 2), aggregator=None)
    amount_to = fields.Float(
        string="Less than (yuan)",
        digits=(16, 2),
        aggregator=None,
        help="The amount itself belongs to the next band. 0: no limit.",
    )
    jurisdiction_id = fields.Many2one(
        comodel_name="welfare.region",
        ondelete="restrict",
        help="Where it holds, with all places in it; empty: everywhere. The nearest "
        "one that has tiers counts.",
    )
    region_level = fields.Selection(
        selection=lambda self: self._selection_region_level(),
        help="Only for documents of places of this level; empty: of any.",
    )
    group_id = fields.Many2one(
        comodel_name="res.groups",
        string="Role",
        ondelete="restrict",
        help="Whoever has this role in the place of the document.",
    )
    user_ids = fields.Many2many(
        comodel_name="res.users",
        relation="welfare_approval_tier_user_rel",
        column1="tier_id",
        column2="user_id",
        string="Named Persons",
    )
    mode = fields.Selection(
        selection=[("any", "One of Them"), ("all", "All of Them")],
        required=True,
        default="any",
    )
    attachment_words = fields.Char(
        string="Required File",
        help="Words of which one is in the name of a file that must be attached, set "
        "apart by blanks, such as “纪要 minutes”.",
    )
    sla_days = fields.Integer(
        string="Working Days",
        aggregator=None,
        help="Until the step counts as overdue; 0: no limit.",
    )
    escalation_group_id = fields.Many2one(
        comodel_name="res.groups",
        string="When Overdue, Also",
        ondelete="restrict",
        help="This role may take the step as well when it is overdue.",
    )

    _check_band = models.Constraint(
        "CHECK (amount_from >= 0 AND (amount_to = 0 OR amount_to > amount_from))",
        "A band of amounts ends above where it begins.",
    )
    _check_sla_days = models.Constraint(
        "CHECK (sla_days >= 0)", "A period cannot be less than nothing."
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_region_level(self):
        return (
            self.env["welfare.region"]._fields["level"]._description_selection(self.env)
        )

    # === COMPUTE METHODS === #

    @api.depends("kind_id.name", "name")
    def _compute_display_name(self):
        for tier in self:
            names = filter(None, (tier.kind_id.name, tier.name))
            tier.display_name = ": ".join(names)

    # === CONSTRAINT METHODS === #

    @api.constrains("group_id", "user_ids")
    def _check_approvers(self):
        for tier in self:
            if not tier.group_id and not tier.user_ids:
                raise ValidationError(
                    self.env._("%(tier)s: say who approves.", tier=tier.name)
                )

    # === BUSINESS METHODS === #

    def _check_before_approval(self):
        """Keep a way in which tiers can be approved."""
        if self.kind_id.code in self._approval_kinds.values():
            if not self.jurisdiction_id:
                raise UserError(
                    self.env._(
                        "How tiers are approved everywhere comes with the program, and "
                        "does not end: enter tiers for a place, which take their place."
                    )
                )
            if not self.group_id or self.amount_from or self.amount_to:
                raise UserError(
                    self.env._(
                        "A tier by which tiers are approved names a role, because "
                        "persons leave, and is for no band of amounts."
                    )
                )
        return super()._check_before_approval()

    @api.model
    def _get_route(self, kind, amount, source, region, date):
        """Return the tiers that a document goes through, in their order.

        :param kind: a ``welfare.approval.kind``.
        :param amount: yuan; a ``Decimal``.
        :param source: a ``welfare.fund.source``, or an empty one.
        :param region: the ``welfare.region`` of the document.
        :param datetime.date date: the day.
        :return: none where nothing matches.
        :rtype: WelfareApprovalTier
        """
        domain = Domain(
            [
                ("kind_id", "=", kind.id),
                "|",
                ("jurisdiction_id", "=", False),
                ("jurisdiction_id", "parent_of", region.id),
                ("region_level", "in", (False, region.level)),
                ("source_id", "in", (False, *source.ids)),
            ]
        )
        # sudo(): a district keeps to its province's tiers, and does not see its
        # province among the regions.
        tiers = self.sudo().search(domain & self._domain_in_force(date))
        by_place = defaultdict(self.browse().sudo)
        for tier in tiers:
            by_place[tier.jurisdiction_id] |= tier
        if not by_place:
            return tiers
        nearest = max(by_place, key=lambda place: len(place.parent_path or ""))
        tiers = by_place[nearest].filtered(
            lambda tier: (
                tier.amount_from <= amount
                and (not tier.amount_to or amount < tier.amount_to)
            )
        )
        tiers = tiers.filtered("source_id") or tiers
        return tiers.sorted(lambda tier: (tier.sequence, tier.id))
