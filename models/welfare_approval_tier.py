from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain


class WelfareApprovalTier(models.Model):
    """Who approves what, in which order (审批权限).

    All tiers that match a document are its steps. Where a nearer jurisdiction has tiers
    of the kind, those of the farther ones do not count; tiers that name the source of
    funds take the place of those that name none. They are copied into a request when it
    is submitted: what is edited here changes nothing that runs.
    """

    _name = "welfare.approval.tier"
    _description = "Tier of Approval"
    _order = "kind_id, amount_from, sequence, id"

    kind_id = fields.Many2one(
        comodel_name="welfare.approval.kind",
        required=True,
        index=True,
        ondelete="restrict",
    )
    name = fields.Char(string="Step", required=True, translate=True)
    sequence = fields.Integer(string="Order", default=10)
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
    user_ids = fields.Many2many(comodel_name="res.users", string="Named Persons")
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
        string="Working Days", help="Until the step counts as overdue; 0: no limit."
    )
    escalation_group_id = fields.Many2one(
        comodel_name="res.groups",
        string="When Overdue, Also",
        ondelete="restrict",
        help="This role may take the step as well when it is overdue.",
    )
    date_from = fields.Date(string="Valid from", required=True)
    date_to = fields.Date(string="Valid to", help="Empty while it holds.")
    source = fields.Text(
        string="Rule", required=True, help="The document that says so."
    )
    is_verified = fields.Boolean(
        string="Verified", help="Somebody has checked this row against the document."
    )

    _check_band = models.Constraint(
        "CHECK (amount_from >= 0 AND (amount_to = 0 OR amount_to > amount_from))",
        "A band of amounts ends above where it begins.",
    )
    _check_dates = models.Constraint(
        "CHECK (date_to >= date_from)", "A tier cannot end before it begins."
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

    # === CONSTRAINT METHODS === #

    @api.constrains("group_id", "user_ids")
    def _check_approvers(self):
        for tier in self:
            if not tier.group_id and not tier.user_ids:
                raise ValidationError(
                    self.env._("%(tier)s: say who approves.", tier=tier.name)
                )

    # === BUSINESS METHODS === #

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
                ("date_from", "<=", date),
                "|",
                ("date_to", "=", False),
                ("date_to", ">=", date),
                "|",
                ("jurisdiction_id", "=", False),
                ("jurisdiction_id", "parent_of", region.id),
                ("region_level", "in", (False, region.level)),
                ("source_id", "in", (False, *source.ids)),
            ]
        )
        # sudo(): a district keeps to its province's tiers, and does not see its
        # province among the regions.
        tiers = self.sudo().search(domain)
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
