from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_amount, format_date, format_list

from ..tools.money import FEN, split_evenly, to_yuan
from .welfare_fund_account import Line, Posting
from .welfare_fund_document_mixin import REVERSAL_FIELDS


class WelfareAllotment(models.Model):
    """Money sent from an account to accounts below it, or back (资金下达、退回、收回).

    Each line has two entries, one on either side, posted together. Under a unit norm
    the lines name the homes, each takes the norm's amount, and takes it once.
    """

    _name = "welfare.allotment"
    _description = "Allotment"
    _inherit = [
        "welfare.region.mixin",
        "welfare.fund.document.mixin",
        "welfare.currency.mixin",
        "welfare.thread.mixin",
    ]
    _order = "date desc, id desc"
    _rec_name = "number"

    _initial_states = ("draft",)
    _transitions = {"draft": {"posted"}, "posted": {"reversed"}, "reversed": set()}
    _place_fields = frozenset(("account_id",))
    _guarded_fields = REVERSAL_FIELDS | {"is_deviation", "import_fund_id"}
    _derived_fields = frozenset(("region_id", "amount_total", "home_count"))
    _content_fields = frozenset(
        (
            "number",
            "kind",
            "account_id",
            "date",
            "norm_id",
            "deviation_reason",
            "line_ids",
        )
    )

    _approval_kinds = {
        ("draft", "posted"): "allotment",
        ("posted", "reversed"): "allotment_reverse",
    }
    _approval_given = {"allotment_reverse": ("reversal_reason", "date_reversed")}
    _approval_fields = (
        *("number", "kind", "account_id", "date", "norm_id", "norm_id.amount"),
        *("deviation_reason", "line_ids"),
    )
    _approval_excluded = {
        "is_deviation": "follows from norm and lines when it is posted",
        "import_fund_id": "says where it comes from, not what it is",
        "note": "a remark that moves no money",
    }
    _approval_amount = "amount_total"
    _approval_source = "source_id"

    number = fields.Char(string="Document Number", required=True)
    kind = fields.Selection(
        selection=[
            ("send", "Send Down"),
            ("give_back", "Given Back from Below"),
            ("take_back", "Taken Back from Above"),
        ],
        required=True,
        default="send",
    )
    account_id = fields.Many2one(
        comodel_name="welfare.fund.account",
        string="Upper Account",
        required=True,
        index=True,
        ondelete="restrict",
        help="The account from which the money goes down, or to which it comes back.",
    )
    region_id = fields.Many2one(
        related="account_id.region_id", store=True, precompute=True
    )
    available = fields.Monetary(
        related="account_id.available", string="Available There"
    )
    date = fields.Date(
        compute="_compute_date",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    date_note = fields.Char(compute="_compute_date_note")
    norm_id = fields.Many2one(
        comodel_name="welfare.fund.norm",
        string="Unit Norm",
        ondelete="restrict",
        domain="[('source_id', '=', source_id), ('state', '!=', 'draft')]",
    )
    source_id = fields.Many2one(related="account_id.source_id")
    deviation_reason = fields.Char(
        help="Why the amounts differ from the norm, or a home takes it again."
    )
    is_deviation = fields.Boolean(
        string="Deviates from the Norm", readonly=True, copy=False
    )
    line_ids = fields.One2many(
        comodel_name="welfare.allotment.line",
        inverse_name="allotment_id",
        string="Holders",
        copy=True,
    )
    amount_total = fields.Monetary(
        string="Total", compute="_compute_amount_total", store=True, precompute=True
    )
    home_count = fields.Integer(
        string="Homes", compute="_compute_amount_total", store=True, precompute=True
    )
    norm_check = fields.Char(
        string="Norm", compute="_compute_norm_check", help="Homes × norm = amount."
    )
    split_note = fields.Char(
        string="Remainder",
        compute="_compute_split_note",
        help="Where the remainder of an even split is, when the total does not divide.",
    )
    days_held = fields.Integer(
        compute="_compute_days_held",
        help="Days from the last receipt of the upper account to this allotment.",
    )
    is_sent_late = fields.Boolean(
        string="Sent on Late",
        compute="_compute_days_held",
        search="_search_is_sent_late",
        help="The money was held for longer than the rules allow.",
    )
    warning = fields.Text(compute="_compute_warning")
    state = fields.Selection(
        selection=[("draft", "Draft"), ("posted", "Posted"), ("reversed", "Reversed")],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )
    note = fields.Text()
    import_fund_id = fields.Many2one(
        comodel_name="welfare.facility.import.fund",
        string="Row of the Ledger",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The row of the bureau's own funding sheet whose money it sends to the "
        "homes that the ledger names.",
    )
    import_id = fields.Many2one(
        related="import_fund_id.import_id",
        string="Drafted from",
        help="The ledger whose facility sheet names the homes.",
    )

    _import_fund_uniq = models.UniqueIndex(
        "(account_id) WHERE import_fund_id IS NOT NULL AND state <> 'reversed'",
        "This money was allotted from a ledger already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("account_id")
    def _compute_date(self):
        for allotment in self:
            allotment.date = allotment._get_day_in_year(
                allotment.account_id.year, allotment.date
            )

    @api.depends("account_id", "date", "state")
    def _compute_date_note(self):
        for allotment in self:
            allotment.date_note = allotment.state == "draft" and (
                allotment._get_year_note(allotment.account_id.year, allotment.date)
            )

    @api.depends("line_ids.amount", "line_ids.facility_id")
    def _compute_amount_total(self):
        for allotment in self:
            allotment.amount_total = sum(allotment.line_ids.mapped("amount"))
            allotment.home_count = len(allotment.line_ids.facility_id)

    @api.depends("amount_total", "norm_id", "home_count")
    def _compute_norm_check(self):
        for allotment in self:
            norm = allotment.norm_id
            allotment.norm_check = norm and self.env._(
                "%(count)s homes × %(norm)s = %(expected)s; allotted %(total)s",
                count=allotment.home_count,
                norm=format_amount(self.env, norm.amount, norm.currency_id),
                expected=format_amount(
                    self.env, allotment.home_count * norm.amount, norm.currency_id
                ),
                total=format_amount(
                    self.env, allotment.amount_total, allotment.currency_id
                ),
            )

    @api.depends("line_ids.amount", "line_ids.display_name")
    def _compute_split_note(self):
        for allotment in self:
            lines = allotment.line_ids
            amounts = {line: to_yuan(line.amount) for line in lines}
            share = min(amounts.values(), default=0)
            upper = lines.filtered(lambda line, a=amounts, s=share: a[line] > s)
            is_split = set(amounts.values()) == {share, share + FEN}
            allotment.split_note = is_split and self.env._(
                "%(total)s does not divide by %(count)s: %(share)s each, and %(fen)s "
                "more for %(holders)s.",
                total=format_amount(
                    self.env, allotment.amount_total, allotment.currency_id
                ),
                count=len(lines),
                share=format_amount(self.env, float(share), allotment.currency_id),
                fen=format_amount(self.env, float(FEN), allotment.currency_id),
                holders=format_list(self.env, upper.mapped("display_name")),
            )

    @api.depends("account_id", "date", "kind")
    def _compute_days_held(self):
        saved = self.filtered("id")
        saved.flush_recordset(["account_id", "date", "kind"])
        query = SQL(
            "%s WHERE allotment.id IN %s", self._sql_held(), tuple(saved.ids) or (0,)
        )
        held = {row[0]: row[1:] for row in self.env.execute_query(query)}
        for allotment in self:
            days, limit = held.get(allotment._origin.id, (0, None))
            allotment.days_held = days
            allotment.is_sent_late = limit is not None and (days or 0) > limit

    @api.depends("account_id", "date", "kind", "line_ids.region_id")
    def _compute_warning(self):
        Rule = self.env["welfare.fund.transfer.rule"]
        for allotment in self:
            regions = allotment.line_ids.region_id
            warnings = []
            if allotment.kind == "send" and allotment.account_id and regions:
                warnings = Rule._get_warnings(
                    allotment.account_id.region_id, regions, allotment.date
                )
            allotment.warning = "\n".join(warnings)

    # === SEARCH METHODS === #

    @api.model
    def _search_is_sent_late(self, operator, value):
        if operator != "in":
            return NotImplemented
        self.flush_model(["account_id", "date", "kind"])
        late = SQL(
            "(SELECT id FROM (%s WHERE allotment.state = 'posted') AS held "
            "WHERE days_held > days_allowed)",
            self._sql_held(),
        )
        return [("id", "in", late)]

    # === ACTION METHODS === #

    def action_split_evenly(self):
        """Spread the total evenly over the lines, to the 分; the rest stays on top.

        The first lines get one 分 more where it does not divide.
        """
        self.ensure_one()
        self._check_is_initial()
        if not self.line_ids:
            raise UserError(self.env._("Add the holders first."))
        shares = split_evenly(to_yuan(self.amount_total), len(self.line_ids))
        for line, share in zip(self.line_ids, shares, strict=True):
            line.amount = float(share)
        return True

    def action_post(self):
        """Post the allotment: both sides of every line, or nothing.

        :raise UserError: the upper account has not that much left, a line deviates from
            a verified norm without a reason, or there is nothing to post.
        """
        Account = self.env["welfare.fund.account"]
        if not Account._begin_posting(self) and self.line_ids:
            Account._lock_documents(self.line_ids)
        self._check_is_initial()
        postings = []
        for allotment in self:
            deviations = allotment._check_lines()
            allotment.line_ids._take_norm()
            allotment._set_state("posted", is_deviation=bool(deviations))
            postings.append(allotment._prepare_posting())
        # At once: the accounts of all documents are locked in one order.
        Account._post(postings)
        return True

    # === BUSINESS METHODS === #

    @api.model
    def _sql_held(self):
        """Return a query of how long allotments had the money, and how long they may.

        From the last receipt of the upper account before; only what is sent down.
        """
        return SQL(
            """
            SELECT allotment.id,
                   allotment.date - (
                       SELECT MAX(entry.date) FROM welfare_fund_entry entry
                       WHERE entry.account_id = allotment.account_id
                         AND entry.kind IN ('receive', 'arrive', 'carry_in')
                         AND entry.date <= allotment.date
                   ) AS days_held,
                   CASE WHEN allotment.kind = 'send' THEN %s END AS days_allowed
            FROM welfare_allotment allotment
            JOIN welfare_region region ON region.id = allotment.region_id
            """,
            self.env["welfare.rule"]._sql_value(
                SQL("rule.code = 'fund_sent_on_days'"), SQL("allotment.date")
            ),
        )

    def _prepare_state_vals(self, target, **details):
        vals = super()._prepare_state_vals(target, **details)
        if target == "posted":
            vals["is_deviation"] = details["is_deviation"]
        return vals

    def _on_state_set(self, previous, **details):
        for allotment in self:
            if allotment.state == "reversed":
                allotment.line_ids._restore_norm()
        return super()._on_state_set(previous, **details)

    def _check_before_approval(self):
        if self.state == "draft":
            self._check_lines()
            if self.kind == "send":
                self.account_id._check_left(self.amount_total)
            else:
                for line, lower in self.line_ids._get_accounts().items():
                    lower._check_left(line.amount)
        return super()._check_before_approval()

    def _check_lines(self):
        """Refuse lines that could not be posted, and return how they deviate.

        :return: the deviations from the norm, in words.
        :rtype: list[str]
        :raise UserError: there is none, a holder is not below the upper account, or
            one deviates from a verified norm without a reason.
        """
        self.ensure_one()
        if not self.line_ids:
            raise UserError(self.env._("Add the holders first."))
        if self.norm_id.state == "draft":
            raise UserError(
                self.env._(
                    "The norm “%(norm)s” is not in force: it needs an approval of its "
                    "own.",
                    norm=self.norm_id.display_name,
                )
            )
        self.line_ids._refuse_holders()
        deviations = self._get_deviations()
        if deviations and not self.deviation_reason and self.norm_id.is_verified:
            raise UserError(
                "\n".join([*deviations, self.env._("Give a reason, or mend it.")])
            )
        return deviations

    def _get_duty_chain(self):
        # The grant, and the allotments by which the account has got its money.
        query = SQL(
            "SELECT DISTINCT res_id FROM welfare_fund_entry WHERE kind = 'arrive'"
            " AND account_id = %s AND res_model = %s AND res_id <> %s",
            self.account_id.id,
            self._name,
            self.id,
        )
        return [
            *super()._get_duty_chain(),
            self.account_id.appropriation_id,
            self.browse(row_id for (row_id,) in self.env.execute_query(query)),
        ]

    def _prepare_posting(self):
        upper = self.account_id
        lines = []
        for line, lower in self.line_ids._get_accounts().items():
            if self.kind == "send":
                lines += [
                    Line(upper, "send", line.amount),
                    Line(lower, "arrive", line.amount),
                ]
            else:
                lines += [
                    Line(lower, "give_back", line.amount),
                    Line(upper, "take_back", line.amount),
                ]
        return Posting(
            key=f"{self._name},{self.id}",
            lines=lines,
            document=self,
            date=self.date,
            note=self.number,
        )

    def _get_deviations(self):
        """Return how the lines deviate from the norm, in words."""
        self.ensure_one()
        norm = self.norm_id
        if not norm or self.kind != "send":
            return []
        deviations = []
        if norm.date_from > self.date or (norm.date_to and norm.date_to < self.date):
            deviations.append(
                self.env._(
                    "The norm does not hold on %(date)s.",
                    date=format_date(self.env, self.date),
                )
            )
        earlier_lines = self.line_ids._get_earlier_norm_lines()
        homes = set()
        for line in self.line_ids:
            home = line.facility_id
            if home.type_id != norm.facility_type_id:
                deviations.append(
                    self.env._(
                        "%(holder)s: the norm is for facilities of the type %(type)s.",
                        holder=line.display_name,
                        type=norm.facility_type_id.name,
                    )
                )
            elif to_yuan(line.amount) != to_yuan(norm.amount):
                deviations.append(
                    self.env._(
                        "%(holder)s: %(amount)s instead of %(norm)s.",
                        holder=line.display_name,
                        amount=format_amount(self.env, line.amount, self.currency_id),
                        norm=format_amount(self.env, norm.amount, norm.currency_id),
                    )
                )
            if home and home in homes:
                deviations.append(
                    self.env._("%(holder)s is named twice.", holder=line.display_name)
                )
            homes.add(home)
            earlier = earlier_lines.get(home)
            if earlier:
                deviations.append(
                    self.env._(
                        "%(holder)s has taken a norm already, by %(number)s.",
                        holder=line.display_name,
                        number=line._get_readable_name(earlier.allotment_id),
                    )
                )
        return deviations
