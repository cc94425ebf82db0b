from decimal import Decimal
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL, Query

#: The balances of an account, in the order in which money passes through them.
BALANCES = ("received", "sent", "carried", "reserved", "committed", "accrued", "paid")


class Line(NamedTuple):
    """One entry to be posted.

    :param account: a ``welfare.fund.account``.
    :param str kind: a value of the field ``kind`` of ``welfare.fund.entry``.
    :param amount: yuan, more than nothing; a ``Decimal`` or what ``exact_yuan`` takes.
    :param resolves: the pending entry that this one resolves, or ``None``. What it does
        not take of it becomes available again.
    :param reverses: the entry that it reverses, for the kind ``reverse``.
    """

    account: models.BaseModel
    kind: str
    amount: Decimal
    resolves: models.BaseModel | None = None
    reverses: models.BaseModel | None = None


class Posting(NamedTuple):
    """Entries that are posted together or not at all.

    :param str key: names the request. The same key posts once, however often it comes.
    :param list lines: of :class:`Line`. The two sides of a transfer belong into one
        posting.
    :param document: the record on whose behalf it is posted.
    :param datetime.date date: the day on which it counts; today without it.
    :param str note: what it is, in words.
    """

    key: str
    lines: list
    document: models.BaseModel
    date: object = None
    note: str = ""


class WelfareFundAccount(models.Model):
    """What one holder has of one appropriation in one year (资金账户).

    The balances follow from the entries and are kept by the database (see
    ``sql/welfare_fund_ledger.sql``). :meth:`_post`, in
    ``welfare_fund_account_posting.py``, is the one way to post, for every document of
    every stage.
    """

    _name = "welfare.fund.account"
    _description = "Fund Account"
    _inherit = ["welfare.region.mixin", "welfare.currency.mixin"]
    # Columns of its own, in the order of an index: a page of the list costs the same,
    # however many accounts there are.
    _order = "year desc, appropriation_id.id desc, region_id.id, id"

    appropriation_id = fields.Many2one(
        comodel_name="welfare.appropriation",
        required=True,
        readonly=True,
        index=True,
        ondelete="restrict",
    )
    source_id = fields.Many2one(related="appropriation_id.source_id", store=True)
    year = fields.Integer(required=True, readonly=True, aggregator=None)
    region_id = fields.Many2one(string="Holder", readonly=True)
    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="The home or institution that holds the account; empty for the office of "
        "the region.",
    )
    received = fields.Monetary(readonly=True, copy=False)
    granted = fields.Monetary(
        readonly=True,
        copy=False,
        help="What came in from outside, not from an account above or from the year "
        "before: it can be added up over all levels and years.",
    )
    sent = fields.Monetary(string="Sent Down", readonly=True, copy=False)
    carried = fields.Monetary(string="Carried or Lapsed", readonly=True, copy=False)
    reserved = fields.Monetary(readonly=True, copy=False)
    committed = fields.Monetary(readonly=True, copy=False)
    accrued = fields.Monetary(readonly=True, copy=False)
    paid = fields.Monetary(readonly=True, copy=False)
    # A generated column of the database: received less all the others.
    available = fields.Monetary(readonly=True, copy=False)
    executed_rate = fields.Float(
        string="Executed (%)",
        digits=(5, 1),
        compute="_compute_executed_rate",
        help="Paid out and sent down, of what was received.",
    )
    time_rate = fields.Float(
        string="Time Gone (%)",
        digits=(5, 1),
        compute="_compute_progress",
        help="How much of the budget year has passed.",
    )
    forecast = fields.Monetary(
        string="Executed by Year's End",
        compute="_compute_progress",
        help="If it goes on as it has so far this year; never more than was received.",
    )
    days_idle = fields.Integer(
        string="Days without an Entry", compute="_compute_progress"
    )
    is_idle = fields.Boolean(string="Idle", compute="_compute_progress")
    is_slow = fields.Boolean(
        string="Behind the Calendar",
        compute="_compute_progress",
        help="Less is executed than time has gone, and there is money left. Homes and "
        "institutions are judged only where a rule says what they should have spent.",
    )
    progress_note = fields.Char(string="Progress", compute="_compute_progress")
    entry_ids = fields.One2many(
        comodel_name="welfare.fund.entry", inverse_name="account_id", readonly=True
    )

    _holder_uniq = models.UniqueIndex(
        "(appropriation_id, year, region_id, COALESCE(facility_id, 0))",
        "This holder has an account of that appropriation and year already.",
    )
    _order_idx = models.Index("(year DESC, appropriation_id DESC, region_id, id)")
    _check_overdrawn = models.Constraint(
        "CHECK (reserved + committed + accrued + paid + sent + carried <= received)",
        "The account does not have that much left.",
    )
    _check_balances = models.Constraint(
        "CHECK (received >= 0 AND sent >= 0 AND carried >= 0 AND reserved >= 0 "
        "AND committed >= 0 AND accrued >= 0 AND paid >= 0 "
        "AND received < 10000000000000)",
        "No balance of an account can be less than nothing, or ten trillion yuan.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "appropriation_id.number", "year", "region_id.name", "facility_id.name"
    )
    def _compute_display_name(self):
        for account in self:
            holder = account.facility_id.name or account.region_id.name
            # sudo(): the number of money that an office above has sent down.
            number = account.sudo().appropriation_id.number
            parts = [str(account.year), number, holder]
            account.display_name = " · ".join(part for part in parts if part)

    @api.depends("received", "paid", "sent")
    def _compute_executed_rate(self):
        for account in self:
            executed = account.paid + account.sent
            account.executed_rate = (
                100 * executed / account.received if account.received else 0
            )

    @api.depends(*BALANCES, "available", "year")
    def _compute_progress(self):
        positions = self.env["welfare.fund.position"].browse(self.ids)
        # The view is counted by the database, and knows nothing of what is cached.
        positions.invalidate_recordset(flush=False)
        by_account = {position.id: position for position in positions}
        for account in self:
            position = by_account.get(account.id, positions.browse())
            account.time_rate = position.time_rate
            account.forecast = position.forecast
            account.days_idle = position.days_idle
            account.is_idle = position.is_idle
            account.is_slow = (
                account.available > 0
                and account.executed_rate < position.time_rate
                and (not account.facility_id or position.expected_rate > 0)
            )
            account.progress_note = self.env._(
                "%(executed)s %% executed, %(time)s %% of the year gone",
                executed=f"{account.executed_rate:.1f}",
                time=f"{position.time_rate:.1f}",
            )

    # === CRUD METHODS === #

    # No super(): nobody gets through.
    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(
            self.env._("An account is not edited: its balances follow its entries.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self.env._("An account is never deleted."))

    # === ACTION METHODS === #

    def action_open_entries(self):
        """Open the entries of these accounts."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_entry_action"
        )
        return {**action, "domain": [("account_id", "in", self.ids)]}

    def action_open_allotments(self):
        """Open the allotments from which the money came, and those that sent it on."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_allotment_action"
        )
        allotment_ids = self.env["welfare.fund.entry"]._read_group(
            [("account_id", "in", self.ids), ("res_model", "=", "welfare.allotment")],
            aggregates=["res_id:array_agg_distinct"],
        )[0][0]
        return {
            **action,
            "domain": [
                "|",
                ("id", "in", allotment_ids or []),
                ("account_id", "in", self.ids),
            ],
        }

    # === BUSINESS METHODS === #

    @api.model
    def _get_or_create(self, appropriation, year, region, facility=None):
        """Return a holder's account, made now if there is none.

        :rtype: WelfareFundAccount
        """
        [account] = self._get_or_create_all(appropriation, year, [(region, facility)])
        return account

    @api.model
    def _get_or_create_all(self, appropriation, year, holders):
        """Return the accounts of holders, made now where there is none.

        Whoever else makes the same account at the same time is waited for, and its
        account is taken.

        :param list holders: pairs of a region and a facility, which may be empty.
        :return: as many accounts as holders, in their order.
        :rtype: list[WelfareFundAccount]
        """
        keys = [
            (region.id, facility.id if facility else False)
            for region, facility in holders
        ]
        known = self._get_accounts_by_holder(appropriation, year, keys)
        missing = sorted(set(keys) - known.keys())
        if missing:
            self._insert_accounts(appropriation, year, missing)
            known = self._get_accounts_by_holder(appropriation, year, keys)
        return [known[key].sudo(self.env.su) for key in keys]

    @api.model
    def _get_accounts_by_holder(self, appropriation, year, keys):
        # sudo(): the holder of the account below is not asked; nobody writes accounts
        # himself, and the caller has checked the document that asks for it.
        query = Query(self.env, self._table)
        query.add_where(
            "appropriation_id = %s AND year = %s AND region_id IN %s",
            [appropriation.id, year, tuple(region_id for region_id, _facility in keys)],
        )
        # What a posting asks of them, at once.
        names = ("region_id", "facility_id", "year", "appropriation_id", "currency_id")
        accounts = self.sudo()._fetch_query(
            query, [self._fields[name] for name in names]
        )
        return {
            (account.region_id.id, account.facility_id.id): account
            for account in accounts
        }

    @api.model
    def _insert_accounts(self, appropriation, year, keys):
        """Make accounts, except those that somebody else has made since.

        In the order of their holders: of two transactions that make the same accounts
        one waits for the other, and never both.
        """
        self.env.flush_all()
        currency = self._default_currency_id()
        query = SQL(
            """
            INSERT INTO %(table)s (
                appropriation_id, year, region_id, facility_id, currency_id,
                create_uid, create_date, write_uid, write_date
            ) VALUES %(rows)s ON CONFLICT DO NOTHING RETURNING id
            """,
            table=SQL.identifier(self._table),
            rows=SQL(", ").join(
                SQL(
                    "(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
                    appropriation.id,
                    year,
                    region_id,
                    facility_id or None,
                    currency.id,
                    self.env.uid,
                    self.env.cr.now(),
                    self.env.uid,
                    self.env.cr.now(),
                )
                for region_id, facility_id in keys
            ),
        )
        accounts = self.sudo().browse(row[0] for row in self.env.execute_query(query))
        for field in self._fields.values():
            if field.store and field.compute:
                self.env.add_to_compute(field, accounts)
        appropriation.invalidate_recordset(["account_ids"])

    @api.model
    def _get_balances_at(self, accounts, date):
        """Return the balances of accounts at the end of a past day.

        :param accounts: the accounts asked for; the user must be allowed to read them.
        :return: by account, a dict with each balance and ``available``.
        :rtype: dict
        """
        accounts.check_access("read")
        groups = self.env["welfare.fund.entry"]._read_group(
            [("account_id", "in", accounts.ids), ("date", "<=", date)],
            ["account_id"],
            [f"d_{name}:sum" for name in BALANCES],
        )
        sums_by_account = {account: sums for account, *sums in groups}
        result = {}
        for account in accounts:
            sums = sums_by_account.get(account, [0.0] * len(BALANCES))
            received, *gone = sums
            available = account.currency_id.round(received - sum(gone))
            result[account] = {
                **dict(zip(BALANCES, sums, strict=True)),
                "available": available,
            }
        return result
