import logging
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.sql_db import Cursor
from odoo.tools import SQL, format_amount, format_date

from ..tools.money import exact_yuan

_logger = logging.getLogger(__name__)

#: The balances of an account, in the order in which money passes through them.
BALANCES = ("received", "sent", "carried", "reserved", "committed", "accrued", "paid")

#: What follows from the balances.
FOLLOWING = (
    *("available", "entry_ids", "executed_rate", "time_rate", "forecast"),
    *("days_idle", "is_idle", "is_slow", "progress_note"),
)

#: Kinds of entries that take from what is available, unless they resolve an entry that
#: had taken it before.
TAKING_KINDS = frozenset(
    ("reduce", "send", "give_back", "carry_out", "lapse", "reserve", "commit", "accrue")
)

#: Kinds of entries that add to what is available.
GIVING_KINDS = frozenset(("receive", "arrive", "take_back", "carry_in"))

#: What each kind of entry resolves.
RESOLVED_BALANCES = {
    "commit": ("reserved",),
    "accrue": ("committed",),
    "pay": ("accrued",),
    "release": ("reserved", "committed", "accrued"),
}

#: Kinds of entries with a second side, and which of both sides they are.
TRANSFER_SIGNS = {
    "send": 1,
    "arrive": -1,
    "give_back": 1,
    "take_back": -1,
    "carry_out": 1,
    "carry_in": -1,
}


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


class _Known(NamedTuple):
    """An entry that is there already, as the database has it now."""

    id: int
    posting_key: str
    account_id: int
    kind: str
    amount: Decimal
    date: object
    resolves_id: int | None
    reverses_id: int | None
    #: The balance in which it is pending, and how much of it.
    stage: str | None
    pending: Decimal
    #: What it took from what is available; less than nothing for what it gave.
    taken: Decimal
    transfer: Decimal
    is_resolved: bool
    is_reversed: bool


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
        help="Less is executed than time has gone, and there is money left.",
    )
    progress_note = fields.Char(string="Progress", compute="_compute_progress")
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
            parts = [str(account.year), account.appropriation_id.number, holder]
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
                account.available > 0 and account.executed_rate < position.time_rate
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
        accounts = self.sudo().search_fetch(
            [
                ("appropriation_id", "=", appropriation.id),
                ("year", "=", year),
                ("region_id", "in", [region_id for region_id, _facility_id in keys]),
            ],
            ["region_id", "facility_id"],
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
    def _begin_posting(self, documents=None):
        """Let this transaction wait for its turn at an account instead of failing.

        Odoo's transactions see the database as it was at their start, and one that
        finds an account changed since is thrown back and tries again after a random
        pause: under load a few win always. A transaction that has written nothing yet
        can begin anew and see each row as it is when its turn comes; rows are then
        served in the order of asking.

        To be called first in a public action that posts, never inside a savepoint
        (which the new beginning would end; the action then fails and posts nothing).
        Where the transaction has written already nothing happens: it stays safe, and
        Odoo's own retry resolves a conflict.

        :param documents: the records that are posted. They are locked, so that they
            stay as they are until they are posted.
        :return: whether the transaction has begun anew. If not, what it sees of other
            records may be old: those that have to be as it sees them are to be locked
            as well, which fails where they have changed.
        :rtype: bool
        :raise AccessError: the user may not write the documents.
        """
        # What the caller has changed must be neither lost nor overlooked.
        self.env.flush_all()
        cr = self.env.cr
        is_anew = False
        hooks = (cr.precommit, cr.postcommit, cr.prerollback, cr.postrollback)
        # In tests there can be a cursor that shares its transaction with others.
        if isinstance(cr, Cursor) and not any(hook._funcs for hook in hooks):
            [[is_anew]] = self.env.execute_query(
                SQL("SELECT pg_current_xact_id_if_assigned() IS NULL")
            )
            if is_anew:
                cr.rollback()
                # Of this transaction alone.
                cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        if documents:
            # Locked before anything is read of them: what is read then is what counts.
            self._lock_documents(documents)
            documents.check_access("write")
        return is_anew

    @api.model
    def _lock_documents(self, documents):
        """Keep records as they are until the end of the transaction."""
        query = SQL(
            "SELECT id FROM %s WHERE id IN %s ORDER BY id FOR NO KEY UPDATE",
            SQL.identifier(documents._table),
            tuple(documents.ids),
        )
        self.env.execute_query(query)

    @api.model
    def _post(self, postings):
        """Post entries to the ledger. Everything that moves money calls this.

        The accounts are locked in one order, checked in words, and booked by the
        database in one statement for all postings. A key that was posted before posts
        nothing again.

        :param list postings: of :class:`Posting`.
        :return: the entries of all postings, also of those that were there already.
        :raise UserError: an amount is not more than nothing, an account has not enough
            left, a year is closed, an entry does not follow what it resolves or
            reverses, or a key comes back with other contents.
        :raise AccessError: the user may not read an account.
        """
        accounts = self.union(
            *(line.account for post in postings for line in post.lines)
        )
        if not accounts:
            return self.env["welfare.fund.entry"]
        accounts.check_access("read")
        postings = [self._complete_posting(posting) for posting in postings]
        self.env["welfare.fiscal.year"]._check_open(
            {posting.date.year for posting in postings}
        )
        self.env.flush_all()
        available = self._lock_accounts(accounts)
        known = self._get_known_entries(postings)
        known_by_key = defaultdict(list)
        for entry in known:
            known_by_key[entry.posting_key].append(entry)
        known = {entry.id: entry for entry in known}
        entry_ids = []
        new_postings = {}
        for posting in postings:
            if posting.key in known_by_key:
                earlier = known_by_key[posting.key]
                self._check_same_posting(posting, earlier)
                entry_ids += [entry.id for entry in earlier]
            elif posting.key not in new_postings:
                self._check_posting(posting, known, available)
                new_postings[posting.key] = posting
            elif posting.lines != new_postings[posting.key].lines:
                raise self._other_contents(posting)
        if new_postings:
            entry_ids += self._insert_entries(new_postings.values())
        accounts.invalidate_recordset([*BALANCES, *FOLLOWING])
        return self.env["welfare.fund.entry"].browse(entry_ids)

    @api.model
    def _complete_posting(self, posting):
        """Return a posting with its day and exact amounts, checked by themselves."""
        date = fields.Date.to_date(posting.date) or fields.Date.context_today(self)
        lines = []
        for line in posting.lines:
            try:
                line = line._replace(amount=exact_yuan(line.amount))
            except (TypeError, ValueError):
                raise UserError(
                    self.env._(
                        "%(amount)s is not an amount in yuan and fen.",
                        amount=line.amount,
                    )
                ) from None
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
            lines.append(line)
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
        """Return the entries that the postings' keys have posted before, and those that
        they resolve or reverse.

        :rtype: list[_Known]
        """
        entry_ids = [
            entry.id
            for posting in postings
            for line in posting.lines
            for entry in (line.resolves, line.reverses)
            if entry
        ]
        query = SQL(
            """
            SELECT id, posting_key, account_id, kind, amount::text, date, resolves_id,
                   reverses_id,
                   CASE WHEN d_reserved > 0 THEN 'reserved'
                        WHEN d_committed > 0 THEN 'committed'
                        WHEN d_accrued > 0 THEN 'accrued' END,
                   welfare_fund_entry_open(entry)::text,
                   (d_sent + d_carried + d_reserved + d_committed + d_accrued + d_paid
                    - d_received)::text,
                   transfer::text,
                   EXISTS (SELECT FROM welfare_fund_entry WHERE resolves_id = entry.id),
                   EXISTS (SELECT FROM welfare_fund_entry WHERE reverses_id = entry.id)
            FROM welfare_fund_entry entry
            WHERE posting_key IN %s OR id IN %s
            ORDER BY posting_key, line_number
            """,
            tuple(posting.key for posting in postings),
            tuple(entry_ids) or (0,),
        )
        exact = {"amount", "pending", "taken", "transfer"}
        return [
            _Known(
                *(
                    Decimal(value) if name in exact else value
                    for name, value in zip(_Known._fields, row, strict=True)
                )
            )
            for row in self.env.execute_query(query)
        ]

    def _check_same_posting(self, posting, entries):
        """Refuse a key that has posted something else before."""
        content = [
            (
                line.account.id,
                line.kind,
                line.amount,
                line.resolves.id if line.resolves else None,
                line.reverses.id if line.reverses else None,
            )
            for line in posting.lines
        ]
        known = [
            (
                entry.account_id,
                entry.kind,
                entry.amount,
                # A reversal also ends what it reverses.
                None if entry.kind == "reverse" else entry.resolves_id,
                entry.reverses_id,
            )
            for entry in entries
        ]
        if content != known:
            raise self._other_contents(posting)

    def _other_contents(self, posting):
        return UserError(
            self.env._(
                "The request %(key)s has been posted with other contents.",
                key=posting.key,
            )
        )

    def _check_posting(self, posting, known, available):
        """Refuse in words what the database would refuse as well.

        :param dict known: by id, the :class:`_Known` that the posting refers to.
        :param dict available: by account, what is left before it; and after it, on
            return.
        """
        sides = defaultdict(Decimal)
        for line in posting.lines:
            taken = Decimal(0)
            transfer = TRANSFER_SIGNS.get(line.kind, 0) * line.amount
            is_carried = line.kind in ("carry_out", "carry_in")
            if line.kind == "reverse":
                original = self._check_reverses(posting, line, known)
                taken, transfer = -original.taken, -original.transfer
                is_carried = original.kind in ("carry_out", "carry_in")
            elif line.resolves or line.kind in ("pay", "release"):
                pending = self._check_resolves(posting, line, known)
                keeps = line.kind != "release"
                taken = (line.amount if keeps else 0) - pending.pending
            elif line.kind in TAKING_KINDS:
                taken = line.amount
            elif line.kind in GIVING_KINDS:
                taken = -line.amount
            # Money stays with its appropriation, whoever sends it.
            sides[not is_carried and line.account.appropriation_id] += transfer
            self._check_available(line, taken, available)
        if any(sides.values()):
            raise UserError(
                self.env._(
                    "What leaves one account must arrive in another one of the same "
                    "appropriation, and is reversed on both sides."
                )
            )

    def _check_available(self, line, taken, available):
        left = available[line.account.id]
        if taken > 0 and taken > left:
            currency = line.account.currency_id
            raise UserError(
                self.env._(
                    "%(account)s has %(left)s left, and %(amount)s is asked for.",
                    account=line.account.display_name,
                    left=format_amount(self.env, float(left), currency),
                    amount=format_amount(self.env, float(taken), currency),
                )
            )
        available[line.account.id] = left - taken

    def _check_resolves(self, posting, line, known):
        """Return the pending entry that a line resolves, or refuse the line."""
        kind = self._get_kind_label(line.kind)
        if not line.resolves:
            raise UserError(
                self.env._(
                    "“%(kind)s” needs the entry that it follows or ends.", kind=kind
                )
            )
        pending = self._check_follows(posting, line, known.get(line.resolves.id))
        if pending.is_resolved:
            raise UserError(
                self.env._("Entry %(id)s has been resolved already.", id=pending.id)
            )
        fits = pending.stage in RESOLVED_BALANCES.get(line.kind, ())
        too_much = line.amount > pending.pending
        if line.kind == "release":
            too_much = line.amount != pending.pending
        if not fits or too_much:
            currency = line.account.currency_id
            raise UserError(
                self.env._(
                    "“%(kind)s” of %(amount)s does not follow entry %(id)s, "
                    "“%(earlier)s”, of which %(pending)s is pending.",
                    kind=kind,
                    amount=format_amount(self.env, float(line.amount), currency),
                    id=pending.id,
                    earlier=self._get_kind_label(pending.kind),
                    pending=format_amount(self.env, float(pending.pending), currency),
                )
            )
        return pending

    def _check_reverses(self, posting, line, known):
        """Return the entry that a line reverses, or refuse the line."""
        original = self._check_follows(
            posting, line, known.get(line.reverses.id) if line.reverses else None
        )
        if original.kind == "reverse" or original.amount != line.amount:
            raise UserError(
                self.env._(
                    "Entry %(id)s cannot be reversed: a reversal has the amount of the "
                    "entry, and is not reversed itself.",
                    id=original.id,
                )
            )
        if original.is_reversed:
            raise UserError(
                self.env._("Entry %(id)s has been reversed already.", id=original.id)
            )
        if original.is_resolved:
            raise UserError(
                self.env._(
                    "Entry %(id)s has been resolved: reverse what resolved it.",
                    id=original.id,
                )
            )
        return original

    def _check_follows(self, posting, line, entry):
        """Return the entry that a line refers to, or refuse the line."""
        if entry is None or entry.account_id != line.account.id:
            raise UserError(
                self.env._(
                    "“%(kind)s” refers to no entry of the account %(account)s.",
                    kind=self._get_kind_label(line.kind),
                    account=line.account.display_name,
                )
            )
        if entry.date > posting.date:
            raise UserError(
                self.env._(
                    "“%(kind)s” on %(date)s comes before entry %(id)s of %(earlier)s.",
                    kind=self._get_kind_label(line.kind),
                    date=format_date(self.env, posting.date),
                    id=entry.id,
                    earlier=format_date(self.env, entry.date),
                )
            )
        return entry

    def _get_kind_label(self, kind):
        field = self.env["welfare.fund.entry"]._fields["kind"]
        return dict(field._description_selection(self.env)).get(kind, kind)

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
        with the entries, allotments for each holder; today's balances with all entries.
        Entries without their document are found as well as documents without entries.

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
                       SUM(amount) FILTER (WHERE kind = 'receive') AS received,
                       SUM(amount) FILTER (WHERE kind = 'reduce') AS reduced
                FROM entry WHERE kind IN ('receive', 'reduce')
                GROUP BY res_model, res_id
            ), appropriation AS (
                SELECT id, amount_initial AS amount FROM welfare_appropriation
                WHERE state <> 'draft'
                  AND (%(date)s::date IS NULL
                       OR GREATEST(date, make_date(year, 1, 1)) <= %(date)s)
            ), adjustment AS (
                SELECT id, NULLIF(amount * (kind <> 'reduction')::int, 0) AS received,
                       NULLIF(amount * (kind <> 'supplement')::int, 0) AS reduced
                FROM welfare_appropriation_adjustment
                WHERE state = 'posted' AND (%(date)s::date IS NULL OR date <= %(date)s)
            ), line AS (
                SELECT line.allotment_id, line.region_id,
                       COALESCE(line.facility_id, 0) AS facility_id,
                       SUM(line.amount) AS amount
                FROM welfare_allotment_line line
                JOIN welfare_allotment allotment ON allotment.id = line.allotment_id
                WHERE allotment.state = 'posted'
                  AND (%(date)s::date IS NULL OR allotment.date <= %(date)s)
                GROUP BY line.allotment_id, line.region_id, line.facility_id
            ), moved AS (
                SELECT entry.res_id AS allotment_id, account.region_id,
                       COALESCE(account.facility_id, 0) AS facility_id,
                       SUM(entry.amount) AS amount
                FROM entry JOIN welfare_fund_account account
                    ON account.id = entry.account_id
                WHERE entry.res_model = 'welfare.allotment'
                  AND entry.kind IN ('arrive', 'give_back')
                GROUP BY entry.res_id, account.region_id, account.facility_id
            ), decided AS (
                SELECT line.carry_id, line.account_id, line.amount,
                       CASE line.action WHEN 'carry' THEN 'carry_out' ELSE 'lapse' END
                           AS kind
                FROM welfare_fund_carry_line line
                JOIN welfare_fund_carry carry ON carry.id = line.carry_id
                WHERE carry.state <> 'draft' AND line.action IN ('carry', 'lapse')
                  AND (%(date)s::date IS NULL OR carry.date <= %(date)s)
            ), carried AS (
                SELECT res_id AS carry_id, account_id, kind, SUM(amount) AS amount
                FROM entry
                WHERE res_model = 'welfare.fund.carry'
                  AND kind IN ('carry_out', 'lapse')
                GROUP BY res_id, account_id, kind
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
            SELECT 'appropriation', COALESCE(appropriation.id, document.res_id),
                   appropriation.amount::text, document.received::text
            FROM appropriation FULL JOIN (
                SELECT * FROM document WHERE res_model = 'welfare.appropriation'
                AND received > 0
            ) document ON document.res_id = appropriation.id
            WHERE appropriation.amount IS DISTINCT FROM document.received
            UNION ALL
            SELECT 'adjustment', COALESCE(adjustment.id, document.res_id),
                   ARRAY[adjustment.received, adjustment.reduced]::text,
                   ARRAY[document.received, document.reduced]::text
            FROM adjustment FULL JOIN (
                SELECT * FROM document
                WHERE res_model = 'welfare.appropriation.adjustment'
            ) document ON document.res_id = adjustment.id
            WHERE (adjustment.received, adjustment.reduced)
                  IS DISTINCT FROM (document.received, document.reduced)
            UNION ALL
            SELECT 'allotment', COALESCE(line.allotment_id, moved.allotment_id),
                   line.amount::text, moved.amount::text
            FROM line FULL JOIN moved USING (allotment_id, region_id, facility_id)
            WHERE line.amount IS DISTINCT FROM moved.amount
            UNION ALL
            SELECT 'carry', carry_id, decided.amount::text, carried.amount::text
            FROM decided FULL JOIN carried USING (carry_id, account_id, kind)
            WHERE decided.amount IS DISTINCT FROM carried.amount
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
        officers = self.env.ref("welfare_facility.welfare_group_finance").all_user_ids
        auditors = self.env.ref("welfare_facility.welfare_group_auditor").all_user_ids
        for user in officers | auditors:
            user.partner_id.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("The fund ledger does not agree"),
                note="\n".join(map(str, differences)),
                user_id=user.id,
            )
