from odoo import api, fields, models
from odoo.exceptions import UserError

from .welfare_fund_account import Line, Posting
from .welfare_fund_document_mixin import REVERSAL_FIELDS


class WelfareAppropriationAdjustment(models.Model):
    """A document that adds to an appropriation or takes from it (追加、追减、调剂)."""

    _name = "welfare.appropriation.adjustment"
    _description = "Adjustment of an Appropriation"
    _inherit = [
        "welfare.region.mixin",
        "welfare.fund.document.mixin",
        "welfare.currency.mixin",
    ]
    _order = "date, id"
    _rec_name = "number"

    _initial_states = ("draft",)
    _transitions = {"draft": {"posted"}, "posted": {"reversed"}, "reversed": set()}
    _place_fields = frozenset(("appropriation_id",))
    _guarded_fields = REVERSAL_FIELDS | {"import_fund_id"}
    _initial_fields = frozenset(("import_fund_id",))
    _content_fields = frozenset(
        (
            "appropriation_id",
            "to_appropriation_id",
            "kind",
            "number",
            "date",
            "amount",
            "reason",
        )
    )

    _derived_fields = frozenset(("region_id",))
    _approval_kinds = {
        ("draft", "posted"): "adjustment",
        ("posted", "reversed"): "adjustment_reverse",
    }
    _approval_given = {"adjustment_reverse": ("reversal_reason", "date_reversed")}
    _approval_fields = (
        *("appropriation_id", "to_appropriation_id", "kind", "number", "date"),
        *("amount", "reason"),
    )
    _approval_excluded = {
        "import_fund_id": "says where it comes from, not what it is",
    }
    _approval_amount = "amount"
    _approval_source = "appropriation_id.source_id"

    appropriation_id = fields.Many2one(
        comodel_name="welfare.appropriation",
        required=True,
        index=True,
        ondelete="restrict",
    )
    # Stored and required: the record rules ask for it.
    region_id = fields.Many2one(
        related="appropriation_id.region_id", store=True, precompute=True
    )
    kind = fields.Selection(
        selection=[
            ("supplement", "Supplement"),
            ("reduction", "Reduction"),
            ("reallocation", "Reallocation to Another One"),
        ],
        required=True,
        default="supplement",
    )
    to_appropriation_id = fields.Many2one(
        comodel_name="welfare.appropriation",
        string="Reallocated to",
        index="btree_not_null",
        ondelete="restrict",
    )
    number = fields.Char(string="Document Number", required=True)
    date = fields.Date(
        compute="_compute_date",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    amount = fields.Monetary(required=True)
    reason = fields.Char()
    import_fund_id = fields.Many2one(
        comodel_name="welfare.facility.import.fund",
        string="Row of the Ledger",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    state = fields.Selection(
        selection=[("draft", "Draft"), ("posted", "Posted"), ("reversed", "Reversed")],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )

    _import_fund_uniq = models.UniqueIndex(
        "(import_fund_id) WHERE import_fund_id IS NOT NULL",
        "This row of a ledger has become an adjustment already.",
    )
    _check_amount = models.Constraint(
        "CHECK (amount > 0 AND amount = ROUND(amount, 2) AND amount < 10000000000000)",
        "An adjustment is more than nothing, in yuan and fen.",
    )
    _check_reallocation = models.Constraint(
        "CHECK ((kind = 'reallocation') = (to_appropriation_id IS NOT NULL) "
        "AND to_appropriation_id IS DISTINCT FROM appropriation_id)",
        "A reallocation, and nothing else, names another appropriation.",
    )

    # === COMPUTE METHODS === #

    @api.depends("appropriation_id")
    def _compute_date(self):
        for adjustment in self:
            adjustment.date = adjustment._get_day_in_year(
                adjustment.appropriation_id.year, adjustment.date
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        adjustments = super().create(vals_list)
        adjustments._check_to_appropriation()
        return adjustments

    def write(self, vals):
        result = super().write(vals)
        if "to_appropriation_id" in vals:
            self._check_to_appropriation()
        return result

    # === ACTION METHODS === #

    def action_post(self):
        """Post the adjustment to the accounts of the appropriations' holders.

        :raise UserError: an appropriation is not registered, or has not that much left.
        """
        self.env["welfare.fund.account"]._begin_posting(self)
        self._check_to_appropriation()
        self._check_registered()
        self._set_state("posted")
        self.env["welfare.fund.account"]._post(
            [adjustment._prepare_posting() for adjustment in self]
        )
        return True

    # === BUSINESS METHODS === #

    def _check_to_appropriation(self):
        """Refuse another region's appropriation; its name would be shown already."""
        self.to_appropriation_id.check_access("write")

    def _check_registered(self):
        for appropriation in self.appropriation_id + self.to_appropriation_id:
            if appropriation.state != "registered":
                raise UserError(
                    self.env._(
                        "%(number)s is “%(state)s”: only a registered appropriation is "
                        "adjusted.",
                        number=appropriation.number,
                        state=appropriation._state_label(appropriation.state),
                    )
                )

    def _check_before_approval(self):
        if self.state == "draft":
            self._check_registered()
            if self.kind != "supplement":
                self.appropriation_id._get_account()._check_left(self.amount)
        return super()._check_before_approval()

    def _get_duty_chain(self):
        chain = self.appropriation_id | self.to_appropriation_id
        return [*super()._get_duty_chain(), chain]

    def _prepare_posting(self):
        account = self.appropriation_id._get_account()
        kind = "receive" if self.kind == "supplement" else "reduce"
        lines = [Line(account, kind, self.amount)]
        if self.kind == "reallocation":
            other = self.to_appropriation_id._get_account()
            lines.append(Line(other, "receive", self.amount))
        return Posting(
            key=f"{self._name},{self.id}",
            lines=lines,
            document=self,
            date=self.date,
            note=self.number,
        )

    def _get_signed_amount(self, appropriation):
        """Return what the adjustment does to one of its appropriations."""
        self.ensure_one()
        adds = self.kind == "supplement" or appropriation == self.to_appropriation_id
        return self.amount if adds else -self.amount
