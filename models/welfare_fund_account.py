import logging
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, format_amount

from ..tools.money import to_yuan

_logger = logging.getLogger(__name__)

#: The balances of an account, in the order in which money passes through them.
BALANCES = ("received", "sent", "carried", "reserved", "committed", "accrued", "paid")

#: Kinds of entries that take from what is available, unless they resolve an entry that
#: had taken it before.
TAKING_KINDS = frozenset(
    ("reduce", "send", "give_back", "carry_out", "lapse", "reserve", "commit", "accrue")
)


class Line(NamedTuple):
    """One entry to be posted.

    :param account: a ``welfare.fund.account``.
    :param str kind: a value of the field ``kind`` of ``welfare.fund.entry``.
    :param amount: yuan, more than nothing; a ``Decimal`` or what ``to_yuan`` takes.
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
    ``sql/welfare_fund_ledger.sql``). :meth:`_post` is the one way to post, for every
    document of every stage.
    """

    _name = "welfare.fund.account"
    _description = "Fund Account"
    _inherit = ["welfare.region.mixin", "welfare.currency.mixin"]
    _order = "year desc, appropriation_id, region_id, id"

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
    entry_ids = fields.One2many(
        comodel_name="welfare.fund.entry", inverse_name="account_id", readonly=True
    )

    _holder_uniq = models.UniqueIndex(
        "(appropriation_id, year, region_id, COALESCE(facility_id, 0))",
        "This holder has an account of that appropriation and year already.",
    )
    _check_overdrawn = models.Constraint(
        "CHECK (reserved + committed + accrued + paid + sent + carried <= received)",
        "The account does not have that much left.",
    )
    _check_balances = models.Constraint(
        "CHECK (received >= 0 AND sent >= 0 AND carried >= 0 AND reserved >= 0 "
        "AND committed >= 0 AND accrued >= 0 AND paid >= 0)",
        "No balance of an account can be less than nothing.",
    )

    # === COMPUTE METHODS === #

    @api.depends(
        "appropriation_id.number", "year", "region_id.name", "facility_id.name"
    )
    def _compute_display_name(self):
        for account in self:
            holder = account.facility_id.name or account.region_id.name
            parts = [str(account.year), account.appropriation_id.number, holder]
            account.display_name = " · ".join(part for part in parts if part)

    @api.depends("received", "paid", "sent")
    def _compute_executed_rate(self):
        for account in self:
            executed = account.paid + account.sent
            account.executed_rate = (
                100 * executed / account.received if account.received else 0
            )

    # === CRUD METHODS === #

    def write(self, vals):
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

    # === BUSINESS METHODS === #

    @api.model
    def _get_or_create(self, appropriation, year, region, facility=None):
        """Return a holder's account, made now if there is none.

        :rtype: WelfareFundAccount
        """
        holder = {
            "appropriation_id": appropriation.id,
            "year": year,
            "region_id": region.id,
            "facility_id": facility.id if facility else False,
        }
        # sudo(): the holder of the account below is not asked; nobody writes accounts
        # himself, and the caller has checked the document that asks for it.
        Account = self.sudo()
        account = Account.search([(name, "=", holder[name]) for name in holder])
        return (account or Account.create(holder)).sudo(self.env.su)

    @api.model
    def _begin_posting(self):
        """Let this transaction wait for its turn at an account instead of failing.

        Odoo's transactions see the database as it was at their start, and one that
        finds an account changed since is thrown back and tries again after a random
        pause: under load a few win always. A transaction that has written nothing yet
        can begin anew and see each row as it is when its turn comes; rows are then
        served in the order of asking.

        To be called first in a public action that posts, never inside a savepoint.
        Where the transaction has written already nothing happens: it stays safe, and
        Odoo's own retry resolves a conflict.
        """
        cr = self.env.cr
        [[is_unwritten]] = self.env.execute_query(
            SQL("SELECT pg_current_xact_id_if_assigned() IS NULL")
        )
        if is_unwritten:
            cr.rollback()
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
            self.env.invalidate_all(flush=False)

    @api.model
    def _post(self, postings):
        """Post entries to the ledger. Everything that moves money calls this.

        The accounts are locked in one order, checked in words, and booked by the
        database in one statement for all postings. A key that was posted before posts
        nothing again.

        :param list postings: of :class:`Posting`.
        :return: the entries of all postings, also of those that were there already.
        :raise UserError: an amount is not more than nothing, an account has not enough
            left, a year is closed, or a key comes back with other contents.
        :raise AccessError: the user may not read an account.
        """
        lines = [line for posting in postings for line in posting.lines]
        accounts = self.union(*(line.account for line in lines))
        accounts.check_access("read")
        postings = [self._complete_posting(posting) for posting in postings]
        self.env["welfare.fiscal.year"]._check_open(
            {posting.date.year for posting in postings}
        )
        self.env.flush_all()
        available = self._lock_accounts(accounts)
        known = self._get_known_entries(postings)
        new_postings = []
        for posting in postings:
            if posting.key in known:
                self._check_same_posting(posting, known[posting.key])
            else:
                self._check_available(posting, available)
                new_postings.append(posting)
        entry_ids = [entry["id"] for entries in known.values() for entry in entries]
        if new_postings:
            entry_ids += self._insert_entries(new_postings)
        accounts.invalidate_recordset([*BALANCES, "available", "entry_ids"])
        return self.env["welfare.fund.entry"].browse(entry_ids)

    @api.model
    def _complete_posting(self, posting):
        """Return a posting with its day and exact amounts, checked by themselves."""
        date = posting.date or fields.Date.context_today(self)
        lines = [line._replace(amount=to_yuan(line.amount)) for line in posting.lines]
        for line in lines:
            if line.amount <= 0:
                raise UserError(self.env._("An amount must be more than nothing."))
            leaves_year = line.kind in ("carry_out", "lapse", "reverse")
            if date.year != line.account.year and not leaves_year:
                raise UserError(
                    self.env._(
                        "%(date)s does not lie in the year of the account %(account)s.",
                        date=date,
                        account=line.account.display_name,
                    )
                )
        return posting._replace(date=date, lines=lines)

    @api.model
    def _lock_accounts(self, accounts):
        """Wait for the accounts' turn, and return what each has left then.

        :rtype: dict[int, Decimal]
        """
        query = SQL(
            # As text: Odoo's connections read a numeric as a float.
            "SELECT id, available::text FROM welfare_fund_account WHERE id IN %s "
            "ORDER BY id FOR NO KEY UPDATE",
            tuple(accounts.ids),
        )
        return {
            account_id: Decimal(available)
            for account_id, available in self.env.execute_query(query)
        }

    @api.model
    def _get_known_entries(self, postings):
        """Return the entries that the keys have posted before, by key."""
        query = SQL(
            "SELECT posting_key, id, account_id, kind, amount::text "
            "FROM welfare_fund_entry WHERE posting_key IN %s ORDER BY line_number",
            tuple(posting.key for posting in postings),
        )
        known = defaultdict(list)
        for key, entry_id, account_id, kind, amount in self.env.execute_query(query):
            known[key].append(
                {"id": entry_id, "content": (account_id, kind, Decimal(amount))}
            )
        return known

    def _check_same_posting(self, posting, entries):
        content = [(line.account.id, line.kind, line.amount) for line in posting.lines]
        if content != [entry["content"] for entry in entries]:
            raise UserError(
                self.env._(
                    "The request %(key)s has been posted with other contents.",
                    key=posting.key,
                )
            )

    def _check_available(self, posting, available):
        """Refuse in words what the database would refuse as well."""
        for line in posting.lines:
            if line.kind not in TAKING_KINDS or line.resolves:
                continue
            left = available[line.account.id]
            if line.amount > left:
                currency = line.account.currency_id
                raise UserError(
                    self.env._(
                        "%(account)s has %(left)s left, and %(amount)s is asked for.",
                        account=line.account.display_name,
                        left=format_amount(self.env, float(left), currency),
                        amount=format_amount(self.env, float(line.amount), currency),
                    )
                )
            available[line.account.id] = left - line.amount

    @api.model
    def _insert_entries(self, postings):
        """Insert the entries in one statement; the database books them."""
        rows = [
            SQL(
                "(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
                posting.key,
                number,
                line.account.id,
                posting.date,
                line.kind,
                line.amount,
                line.resolves.id if line.resolves else None,
                line.reverses.id if line.reverses else None,
                posting.document._name,
                posting.document.id,
                self.env.uid,
                posting.note or None,
            )
            for posting in postings
            for number, line in enumerate(posting.lines, start=1)
        ]
        query = SQL(
            """
            INSERT INTO welfare_fund_entry (
                posting_key, line_number, account_id, date, kind, amount, resolves_id,
                reverses_id, res_model, res_id, user_id, note
            ) VALUES %s RETURNING id
            """,
            SQL(", ").join(rows),
        )
        return [entry_id for (entry_id,) in self.env.execute_query(query)]

    # --- proof -----------------------------------------------------------------------

    @api.model
    def _find_differences(self, date=None):
        """Prove that entries = balances = documents, and return where they are not.

        One query over the whole ledger. Up to a past day the documents are compared
        with the entries; today's balances with all entries.

        :param datetime.date date: the day asked for; all days without it.
        :return: dicts with ``what``, ``id``, ``expected`` and ``found``.
        :rtype: list[dict]
        """
        self.env.flush_all()
        query = SQL(
            """
            WITH entry AS (
                SELECT * FROM welfare_fund_entry
                WHERE %(date)s::date IS NULL OR date <= %(date)s
            ), booked AS (
                SELECT account_id,
                       ARRAY[SUM(d_received), SUM(d_sent), SUM(d_carried),
                             SUM(d_reserved), SUM(d_committed), SUM(d_accrued),
                             SUM(d_paid)] AS sums
                FROM entry GROUP BY account_id
            ), document AS (
                SELECT res_model, res_id,
                       SUM(CASE WHEN kind IN ('receive', 'arrive', 'take_back')
                                THEN amount ELSE 0 END) AS amount,
                       SUM(CASE WHEN kind IN ('reduce', 'give_back')
                                THEN amount ELSE 0 END) AS amount_out
                FROM entry GROUP BY res_model, res_id
            )
            SELECT 'account' AS what, account.id,
                   ARRAY[account.received, account.sent, account.carried,
                         account.reserved, account.committed, account.accrued,
                         account.paid]::text,
                   COALESCE(booked.sums, ARRAY[0, 0, 0, 0, 0, 0, 0])::text
            FROM welfare_fund_account account
            LEFT JOIN booked ON booked.account_id = account.id
            WHERE %(date)s::date IS NULL
              AND ARRAY[account.received, account.sent, account.carried,
                        account.reserved, account.committed, account.accrued,
                        account.paid]
                  IS DISTINCT FROM COALESCE(
                      booked.sums, ARRAY[0, 0, 0, 0, 0, 0, 0]::numeric[]
                  )
            UNION ALL
            SELECT 'appropriation', appropriation.id,
                   appropriation.amount_initial::text,
                   COALESCE(document.amount, 0)::text
            FROM welfare_appropriation appropriation
            LEFT JOIN document ON document.res_model = 'welfare.appropriation'
                              AND document.res_id = appropriation.id
            WHERE appropriation.state <> 'draft'
              AND (%(date)s::date IS NULL OR GREATEST(
                       appropriation.date, make_date(appropriation.year, 1, 1)
                   ) <= %(date)s)
              AND appropriation.amount_initial
                  IS DISTINCT FROM COALESCE(document.amount, 0)
            UNION ALL
            SELECT 'adjustment', adjustment.id, adjustment.amount::text,
                   GREATEST(document.amount, document.amount_out, 0)::text
            FROM welfare_appropriation_adjustment adjustment
            LEFT JOIN document ON document.res_model = 'welfare.appropriation.adjustment'
                              AND document.res_id = adjustment.id
            WHERE adjustment.state = 'posted'
              AND (%(date)s::date IS NULL OR adjustment.date <= %(date)s)
              AND adjustment.amount IS DISTINCT FROM
                  GREATEST(document.amount, document.amount_out, 0)
            UNION ALL
            SELECT 'allotment', allotment.id, line.amount::text,
                   COALESCE(document.amount, 0)::text
            FROM welfare_allotment allotment
            JOIN (
                SELECT allotment_id, SUM(amount) AS amount
                FROM welfare_allotment_line GROUP BY allotment_id
            ) line ON line.allotment_id = allotment.id
            LEFT JOIN document ON document.res_model = 'welfare.allotment'
                              AND document.res_id = allotment.id
            WHERE allotment.state = 'posted'
              AND (%(date)s::date IS NULL OR allotment.date <= %(date)s)
              AND line.amount IS DISTINCT FROM COALESCE(document.amount, 0)
            """,
            date=date or None,
        )
        names = ("what", "id", "expected", "found")
        return [
            dict(zip(names, row, strict=True)) for row in self.env.execute_query(query)
        ]

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

    @api.model
    def _cron_prove_books(self):
        """Prove the books each night, and raise an alarm where they do not agree."""
        differences = self._find_differences()
        if not differences:
            return
        for difference in differences:
            _logger.critical("The fund ledger does not agree: %s", difference)
        group = self.env.ref("welfare_facility.welfare_group_finance")
        appropriation = self.env["welfare.appropriation"].search([], limit=1)
        for user in group.all_user_ids:
            appropriation.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("The fund ledger does not agree"),
                note="\n".join(map(str, differences)),
                user_id=user.id,
            )
