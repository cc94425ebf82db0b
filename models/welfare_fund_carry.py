from datetime import date

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

#: Balances that hold money for something that is not finished.
PENDING = ("reserved", "committed", "accrued")


class WelfareFundCarry(models.Model):
    """What becomes of the money that a region has left of a year (年终结转、结余收回).

    Each account with money left is a line: the rule of its source proposes to carry the
    money on to the next year or to let it lapse, and says why. What is reserved, bound
    or owed has to be finished first. Posting moves what the lines say, all of it or
    nothing; a posted document is undone by reversing it.
    """

    _name = "welfare.fund.carry"
    _description = "Year-end Carry-over"
    _inherit = [
        "welfare.region.mixin",
        "welfare.fund.document.mixin",
        "welfare.currency.mixin",
        "welfare.thread.mixin",
    ]
    _order = "year desc, id desc"

    _initial_states = ("draft",)
    _transitions = {"draft": {"posted"}, "posted": {"reversed"}, "reversed": set()}
    _content_fields = frozenset(("year", "region_id", "date", "number", "line_ids"))

    _approval_kinds = {
        ("draft", "posted"): "carry",
        ("posted", "reversed"): "carry_reverse",
    }
    _approval_given = {"carry_reverse": ("reversal_reason", "date_reversed")}
    _approval_fields = ("year", "region_id", "date", "number", "line_ids")
    _approval_excluded = {
        "note": "a remark that moves no money",
    }

    region_id = fields.Many2one(
        default=lambda self: self._default_region_id(),
        help="The accounts of this region and of all places in it.",
    )
    year = fields.Integer(
        string="Year that Ends",
        required=True,
        aggregator=None,
        default=lambda self: self._default_year(),
    )
    date = fields.Date(
        compute="_compute_date",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        help="The day on which it counts; a day of the following year.",
    )
    number = fields.Char(
        string="Document Number",
        help="The document by which the finance department confirms it, if there is "
        "one.",
    )
    state = fields.Selection(
        selection=[("draft", "Draft"), ("posted", "Posted"), ("reversed", "Reversed")],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )
    line_ids = fields.One2many(
        comodel_name="welfare.fund.carry.line",
        inverse_name="carry_id",
        string="Accounts",
        copy=False,
    )
    amount_carry = fields.Monetary(string="Carried on", compute="_compute_amounts")
    amount_lapse = fields.Monetary(string="Lapses", compute="_compute_amounts")
    amount_pending = fields.Monetary(
        string="To Be Finished First", compute="_compute_amounts"
    )
    note = fields.Text()

    _check_year = models.Constraint(
        "CHECK (year BETWEEN 1990 AND 2100)", "This is no budget year."
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_year(self):
        return fields.Date.context_today(self).year - 1

    # === COMPUTE METHODS === #

    @api.depends("year", "region_id.name")
    def _compute_display_name(self):
        for carry in self:
            carry.display_name = (
                f"{carry.region_id.name or ''} {carry.year} → {carry.year + 1}"
            )

    @api.depends("year")
    def _compute_date(self):
        for carry in self:
            # A year that cannot be is refused in words, by its constraint.
            year = min(max(carry.year, 1), 9998)
            carry.date = date(year + 1, 1, 1)

    @api.depends("line_ids.amount", "line_ids.amount_pending", "line_ids.action")
    def _compute_amounts(self):
        for carry in self:
            totals = dict.fromkeys(("carry", "lapse", "leave", False), 0.0)
            for line in carry.line_ids:
                totals[line.action] += line.amount
            carry.amount_carry = totals["carry"]
            carry.amount_lapse = totals["lapse"]
            carry.amount_pending = sum(carry.line_ids.mapped("amount_pending"))

    # === CONSTRAINT METHODS === #

    @api.constrains("year", "date")
    def _check_date(self):
        for carry in self:
            if carry.date.year != carry.year + 1:
                raise ValidationError(
                    self.env._(
                        "What is left of %(year)s is carried on in %(next)s.",
                        year=carry.year,
                        next=carry.year + 1,
                    )
                )

    # === CRUD METHODS === #

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"year", "region_id"}:
            # What was proposed speaks of another year or place. sudo(): nobody deletes
            # lines by hand; the document's rights were checked.
            self.line_ids.sudo().unlink()
        return result

    # === ACTION METHODS === #

    def action_propose(self):
        """List the accounts with money left, each with what the rules make of it."""
        self.ensure_one()
        self.check_access("write")
        self._check_is_initial()
        left = Domain.OR(
            Domain(name, ">", 0) for name in ("available", *PENDING)
        ) & Domain("year", "=", self.year)
        accounts = self.env["welfare.fund.account"].search(
            left & Domain("region_id", "child_of", self.region_id.id)
        )
        # sudo(): nobody makes or deletes lines by hand; the rights were checked.
        self.line_ids.sudo().unlink()
        self.env["welfare.fund.carry.line"].sudo().create(
            [self._prepare_line_vals(account) for account in accounts]
        )
        return True

    def action_post(self):
        """Carry on or give up what the lines say.

        :raise UserError: a line is not decided, its account has something unfinished or
            has changed since the proposal, or a verified rule forbids it.
        """
        self.env["welfare.fund.account"]._begin_posting(self)
        self.env["welfare.fund.account"]._lock_documents(self.line_ids)
        postings = []
        for carry in self:
            lines = carry._get_lines_to_post()
            carry._set_state("posted")
            postings += [line._prepare_posting() for line in lines]
        # At once: the accounts of all documents are locked in one order.
        self.env["welfare.fund.account"]._post(postings)
        return True

    # === BUSINESS METHODS === #

    def _get_approval_amount(self):
        self.ensure_one()
        return self.amount_carry + self.amount_lapse

    def _get_approval_source(self):
        self.ensure_one()
        return self.line_ids.source_id

    def _check_before_approval(self):
        if self.state == "draft":
            self._get_lines_to_post()
        return super()._check_before_approval()

    def _get_duty_chain(self):
        chain = self.line_ids.account_id.appropriation_id
        return [*super()._get_duty_chain(), chain]

    def _get_lines_to_post(self):
        """Return the lines that move money.

        :raise UserError: one of them cannot be posted, or there is none.
        """
        self.ensure_one()
        lines = self.line_ids.filtered(lambda line: line.action != "leave")
        refusals = [text for line in lines for text in line._get_refusals()]
        if refusals:
            raise UserError("\n".join(refusals))
        if not lines:
            raise UserError(self.env._("There is nothing to post."))
        return lines

    def _prepare_line_vals(self, account):
        """Return the line of an account: what is left, and what the rules make of it.

        :rtype: dict
        """
        pending = sum(account[name] for name in PENDING)
        rules = self.env["welfare.fund.carry.rule"]._get_rules(
            account.source_id, account.region_id, date(self.year, 12, 31)
        )
        rule = rules[:1]
        years_used = account.year - account.appropriation_id.year + 1
        proposal = rule and rule._propose(years_used)
        is_closed = account.appropriation_id.state == "closed"
        if pending or is_closed or not account.available:
            proposal = "leave"
        return {
            "carry_id": self.id,
            "account_id": account.id,
            "amount": account.available,
            "amount_pending": pending,
            "rule_id": rule.id,
            "proposal": proposal or False,
            "action": proposal or False,
            "explanation": self._explain(account, pending, years_used, rules),
        }

    def _explain(self, account, pending, years_used, rules):
        """Say in words why a line proposes what it does."""
        sentences = [
            self.env._(
                "Money of %(year)s from %(number)s, left at the end of %(end)s: its "
                "fiscal year no. %(count)s.",
                year=account.appropriation_id.year,
                number=account.appropriation_id.number,
                end=self.year,
                count=years_used,
            )
        ]
        if pending:
            sentences.append(
                self.env._(
                    "Something is still reserved, committed or owed: finish or release "
                    "it first, then propose again."
                )
            )
        if account.appropriation_id.state == "closed":
            sentences.append(
                self.env._("The appropriation is closed: open it again to move it.")
            )
        if not rules:
            sentences.append(
                self.env._(
                    "No carry-over rule of %(fund)s holds here on %(date)s: ask the "
                    "administrator to enter it, with its source.",
                    fund=account.source_id.name,
                    date=format_date(self.env, date(self.year, 12, 31)),
                )
            )
            return "\n".join(sentences)
        rule, others = rules[0], rules[1:]
        sentences.append(self._explain_rule(rule))
        if rule._propose(years_used) == "carry":
            sentences.append(
                self.env._(
                    "So it is carried on to %(year)s, for the same purpose.",
                    year=self.year + 1,
                )
            )
        else:
            sentences.append(
                self.env._(
                    "So it counts as surplus, and the finance department takes it."
                )
            )
        for other in others:
            if other._propose(years_used) != rule._propose(years_used):
                sentences.append(
                    self.env._(
                        "But another rule says otherwise: %(rule)s",
                        rule=self._explain_rule(other),
                    )
                )
        return "\n".join(sentences)

    def _explain_rule(self, rule):
        words = {"wording": rule.wording, "document": rule.source}
        if rule.is_verified:
            return self.env._("Rule (verified): “%(wording)s” (%(document)s).", **words)
        return self.env._("Rule (not verified): “%(wording)s” (%(document)s).", **words)
