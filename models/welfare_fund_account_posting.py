"""How entries get into the fund ledger: the one way for every document."""

import json
from collections import defaultdict
from decimal import Decimal
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.sql_db import Cursor
from odoo.tools import SQL, format_amount, format_date

from ..tools.money import exact_yuan, to_yuan
from .welfare_fund_account import BALANCES

#: What follows from the balances.
FOLLOWING = (
    *("granted", "available", "entry_ids", "executed_rate", "time_rate", "forecast"),
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
    """Posting: wait for the accounts' turn, check in words, book in one statement.

    What is refused here in words the database refuses as well, see
    ``sql/welfare_fund_ledger.sql``.
    """

    _inherit = "welfare.fund.account"

    # === BUSINESS METHODS === #

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
        # What was said of the user has gone with the transaction; SQL follows.
        self._announce_actor()
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
            left, a year, a period or an appropriation is closed, an entry does not
            follow what it resolves or reverses, or a key comes back with other
            contents.
        :raise AccessError: the user may not read an account.
        """
        accounts = self.union(
            *(line.account for post in postings for line in post.lines)
        )
        if not accounts:
            return self.env["welfare.fund.entry"]
        accounts.check_access("read")
        postings = [self._complete_posting(posting) for posting in postings]
        self.env.flush_all()
        available = self._lock_accounts(postings)
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
                amount = exact_yuan(line.amount)
            except (TypeError, ValueError):
                raise UserError(
                    self.env._(
                        "%(amount)s is not an amount in yuan and fen.",
                        amount=line.amount,
                    )
                ) from None
            if amount <= 0:
                raise UserError(self.env._("An amount must be more than nothing."))
            year = line.account.year
            leaves_year = line.kind in ("carry_out", "lapse", "reverse")
            if date.year < year or (date.year > year and not leaves_year):
                raise UserError(
                    self.env._(
                        "%(date)s does not lie in the year of the account %(account)s.",
                        date=format_date(self.env, date),
                        account=line.account.display_name,
                    )
                )
            lines.append(line._replace(amount=amount))
        return posting._replace(date=date, lines=lines)

    @api.model
    def _lock_accounts(self, postings):
        """Wait for the accounts' turn, and return what each has left then.

        :rtype: dict[int, Decimal]
        :raise UserError: the books of an account are closed on a day.
        """
        Period = self.env["welfare.fund.period"]
        days = {
            (line.account.id, posting.date)
            for posting in postings
            for line in posting.lines
        }
        query = SQL(
            # As text: Odoo's connections read a numeric as a float.
            """
            SELECT account.id, account.available::text, appropriation.state = 'closed',
                   %(closed)s
            FROM (VALUES %(days)s) AS posted (account_id, day)
            JOIN welfare_fund_account account ON account.id = posted.account_id
            JOIN welfare_appropriation appropriation
                ON appropriation.id = account.appropriation_id
            ORDER BY account.id FOR NO KEY UPDATE OF account
            """,
            days=SQL(", ").join(SQL("(%s, %s::date)", *day) for day in sorted(days)),
            closed=Period._sql_closed(SQL("account.region_id"), SQL("posted.day")),
        )
        available = {}
        for account_id, left, is_closed, *closed in self.env.execute_query(query):
            Period._refuse(*closed)
            if is_closed:
                raise UserError(
                    self.env._(
                        "Nothing can be posted to %(account)s: the appropriation is "
                        "closed.",
                        account=self.browse(account_id).display_name,
                    )
                )
            available[account_id] = Decimal(left)
        return available

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
        condition = SQL("posting_key IN %s", tuple(posting.key for posting in postings))
        if entry_ids:
            condition = SQL("(%s OR id IN %s)", condition, tuple(entry_ids))
        elif not self.env.execute_query(
            SQL("SELECT 1 FROM welfare_fund_entry WHERE %s LIMIT 1", condition)
        ):
            # As mostly: PostgreSQL plans that in a third of the time.
            return []
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
            WHERE %s
            ORDER BY posting_key, line_number
            """,
            condition,
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
            if transfer:
                # Money stays with its appropriation, whoever sends it.
                sides[not is_carried and line.account.appropriation_id] += transfer
            available[line.account.id] = line.account._take_from(
                available[line.account.id], taken
            )
        if any(sides.values()):
            raise UserError(
                self.env._(
                    "What leaves one account must arrive in another one of the same "
                    "appropriation, and is reversed on both sides."
                )
            )

    def _check_left(self, amount):
        """Refuse in words to ask for more than the account has now.

        For a document that is not posted yet: others may be faster, so posting asks
        again.
        """
        self.ensure_one()
        self._take_from(to_yuan(self.available), to_yuan(amount))

    def _take_from(self, left, taken):
        """Return what is left of an account's money, or refuse."""
        if taken > 0 and taken > left:
            raise UserError(
                self.env._(
                    "%(account)s has %(left)s left, and %(amount)s is asked for.",
                    account=self.display_name,
                    left=format_amount(self.env, float(left), self.currency_id),
                    amount=format_amount(self.env, float(taken), self.currency_id),
                )
            )
        return left - taken

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
        self._announce_actor()
        rows = [
            {
                "posting_key": posting.key,
                "line_number": number,
                "account_id": line.account.id,
                "date": posting.date,
                "kind": line.kind,
                "amount": line.amount,
                "resolves_id": line.resolves.id if line.resolves else None,
                "reverses_id": line.reverses.id if line.reverses else None,
                "res_model": posting.document._name,
                "res_id": posting.document.id,
                "user_id": self.env.uid,
                "note": posting.note or None,
            }
            for posting in postings
            for number, line in enumerate(posting.lines, start=1)
        ]
        # As one text: PostgreSQL reads it in half the time of as many expressions.
        query = SQL(
            """
            INSERT INTO welfare_fund_entry (%(columns)s) SELECT %(columns)s
            FROM json_populate_recordset(NULL::welfare_fund_entry, %(rows)s)
            RETURNING id
            """,
            columns=SQL(", ").join(map(SQL.identifier, rows[0])),
            # Days and amounts as texts: no amount becomes a float.
            rows=json.dumps(rows, default=str),
        )
        return [entry_id for (entry_id,) in self.env.execute_query(query)]
