from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..tools.money import to_yuan
from .welfare_fund_account import Line, Posting


class WelfareFundCarryLine(models.Model):
    """What becomes of the money that one account has left of a year.

    The lines come from the proposal. Whoever keeps the document decides, and gives a
    reason where it is not what was proposed.
    """

    _name = "welfare.fund.carry.line"
    _description = "Account of a Carry-over"
    _inherit = ["welfare.approval.content.mixin", "welfare.currency.mixin"]
    _order = "carry_id, id"

    _approval_document = "carry_id"
    _approval_fields = (
        *("account_id", "amount", "amount_pending", "rule_id", "proposal", "action"),
        "reason",
    )
    _approval_excluded = {
        "explanation": "says in words what the others say",
        "is_deviation": "follows from proposal and action",
    }

    carry_id = fields.Many2one(
        comodel_name="welfare.fund.carry",
        required=True,
        index=True,
        ondelete="cascade",
    )
    state = fields.Selection(related="carry_id.state")
    account_id = fields.Many2one(
        comodel_name="welfare.fund.account",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    source_id = fields.Many2one(related="account_id.source_id")
    amount = fields.Monetary(string="Left", readonly=True)
    amount_pending = fields.Monetary(
        string="Unfinished",
        readonly=True,
        help="Reserved, committed or owed: to be finished or released first.",
    )
    rule_id = fields.Many2one(
        comodel_name="welfare.fund.carry.rule", readonly=True, ondelete="set null"
    )
    proposal = fields.Selection(selection="_selection_action", readonly=True)
    action = fields.Selection(selection="_selection_action")
    explanation = fields.Text(readonly=True)
    reason = fields.Char(help="Why it is not what was proposed.")
    is_deviation = fields.Boolean(
        string="Not as Proposed", compute="_compute_is_deviation", store=True
    )

    _account_uniq = models.Constraint(
        "UNIQUE (carry_id, account_id)", "This account is on the list already."
    )

    # === COMPUTE METHODS === #

    @api.depends("account_id")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.account_id.display_name

    @api.depends("proposal", "action")
    def _compute_is_deviation(self):
        for line in self:
            line.is_deviation = line.action != line.proposal

    # === SELECTION METHODS === #

    @api.model
    def _selection_action(self):
        return [
            ("carry", self.env._("Carry On")),
            ("lapse", self.env._("Lapse")),
            ("leave", self.env._("Leave for Now")),
        ]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.carry_id._check_is_initial()
        return lines

    def write(self, vals):
        if vals.keys() - {"action", "reason"}:
            raise AccessError(
                self.env._("What was proposed is not edited: propose anew.")
            )
        self.carry_id._check_is_initial()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self.carry_id._check_is_initial()

    # === BUSINESS METHODS === #

    def _get_refusals(self):
        """Return why the line cannot be posted, in words."""
        self.ensure_one()
        account = self.account_id
        reasons = []
        if self.amount_pending:
            reasons.append(self.env._("finish what is reserved, committed or owed"))
        if not self.rule_id:
            reasons.append(self.env._("no rule says what becomes of it"))
        elif not self.action:
            reasons.append(self.env._("say what becomes of it"))
        elif self.is_deviation and not self.reason:
            reasons.append(self.env._("give a reason for not doing as proposed"))
        if (
            self.rule_id.is_verified
            and self.proposal == "lapse"
            and self.action == "carry"
        ):
            reasons.append(
                self.env._(
                    "it has lapsed: %(document)s",
                    document=self.rule_id.source,
                )
            )
        if to_yuan(account.available) != to_yuan(self.amount):
            reasons.append(self.env._("its balance has changed: propose again"))
        return [f"{account.display_name}: {reason}" for reason in reasons]

    def _prepare_posting(self):
        """Return the posting by which the account's money goes where it should."""
        self.ensure_one()
        account, amount = self.account_id, to_yuan(self.amount)
        if self.action == "carry":
            following = account._get_or_create(
                account.appropriation_id,
                account.year + 1,
                account.region_id,
                account.facility_id,
            )
            lines = [
                Line(account, "carry_out", amount),
                Line(following, "carry_in", amount),
            ]
        else:
            lines = [Line(account, "lapse", amount)]
        return Posting(
            key=f"{self._name},{self.id}",
            lines=lines,
            document=self.carry_id,
            date=self.carry_id.date,
            note=self.carry_id.number or self.carry_id.display_name,
        )
