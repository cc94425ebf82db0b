import datetime
from collections import defaultdict
from decimal import Decimal

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from ..models.welfare_fund_account import BALANCES, Line, Posting
from .test_welfare_fund_ledger import FundCase

ZERO = dict.fromkeys(BALANCES, Decimal(0))
FIRST_DAY = datetime.date(2019, 3, 15)
RESOLVED = {"commit": "reserved", "accrue": "committed", "pay": "accrued"}
#: The effects of an entry that resolves nothing, but for the sign of a transfer.
EFFECTS = {
    "receive": {"received": 1},
    "reduce": {"received": -1},
    "send": {"sent": 1},
    "arrive": {"received": 1},
    "give_back": {"received": -1},
    "take_back": {"sent": -1},
    "carry_out": {"carried": 1},
    "lapse": {"carried": 1},
    "reserve": {"reserved": 1},
    "commit": {"committed": 1},
    "accrue": {"accrued": 1},
    "pay": {"paid": 1},
    "release": {},
}
TRANSFER_SIGNS = {"send": 1, "arrive": -1, "give_back": 1, "take_back": -1}
SINGLE_KINDS = (
    *("receive", "reduce", "reserve", "commit", "accrue", "pay", "release", "lapse"),
    *("send", "arrive"),  # one-sided: always refused
)
TRANSFERS = (("send", "arrive"), ("give_back", "take_back"))


class Refused(Exception):
    """The model of the ledger would not post that."""


class Ledger:
    """What the ledger should do, written down a second time, in plain Python."""

    def __init__(self, count):
        self.balances = [dict(ZERO) for _index in range(count)]
        self.entries = []  # dicts, in the order of posting
        self.keys = {}  # what each request has posted

    def post(self, key, lines, date):
        """Post lines of (account, kind, amount, resolves, reverses)."""
        if key in self.keys:
            if self.keys[key] != lines:
                raise Refused
            return
        balances = [dict(account) for account in self.balances]
        entries = [self._book(balances, line, date) for line in lines]
        if sum(entry["transfer"] for entry in entries) or any(
            value < 0 for account in balances for value in account.values()
        ):
            raise Refused
        self.balances = balances
        for entry in entries:
            for index in entry["ends"]:
                ended = self.entries[index]
                if entry["kind"] == "reverse":
                    ended["is_reversed"] = True
                if entry["kind"] != "reverse" or self._pending(ended)[1]:
                    ended["is_resolved"] = True
        self.entries += entries
        self.keys[key] = lines

    def _book(self, balances, line, date):
        """Return the entry that a line makes, and add it to the balances."""
        account, kind, amount, resolves, reverses = line
        entry = {
            "account": account,
            "kind": kind,
            "amount": amount,
            "date": date,
            "changes": defaultdict(Decimal),
            "transfer": TRANSFER_SIGNS.get(kind, 0) * amount,
            "ends": [index for index in (resolves, reverses) if index is not None],
            "is_resolved": False,
            "is_reversed": False,
        }
        changes = entry["changes"]
        if kind == "reverse":
            original = self._get_reversible(line, date)
            entry["transfer"] = -original["transfer"]
            for name, change in original["changes"].items():
                changes[name] = -change
        else:
            if resolves is not None:
                name, rest = self._get_resolvable(line, date)
                changes[name] -= rest
            elif kind in ("pay", "release"):
                raise Refused
            for name, sign in EFFECTS[kind].items():
                changes[name] += sign * amount
        for name, change in changes.items():
            balances[account][name] += change
        # In the order of the lines: what comes later does not pay for it.
        if self.available(balances[account]) < 0:
            raise Refused
        return entry

    def _get_reversible(self, line, date):
        account, _kind, amount, _resolves, reverses = line
        original = self._find(reverses, account, date)
        if (
            original["kind"] == "reverse"
            or original["amount"] != amount
            or original["is_reversed"]
            or original["is_resolved"]
        ):
            raise Refused
        return original

    def _get_resolvable(self, line, date):
        account, kind, amount, resolves, _reverses = line
        pending = self._find(resolves, account, date)
        name, rest = self._pending(pending)
        follows = RESOLVED.get(kind) == name and amount <= rest
        if pending["is_resolved"] or not (
            follows or (kind == "release" and amount == rest)
        ):
            raise Refused
        return name, rest

    def _find(self, index, account, date):
        entry = self.entries[index]
        if entry["account"] != account or entry["date"] > date:
            raise Refused
        return entry

    @staticmethod
    def _pending(entry):
        for name in ("reserved", "committed", "accrued"):
            if entry["changes"][name] > 0:
                return name, entry["changes"][name]
        return None, 0

    @staticmethod
    def available(balances):
        return 2 * balances["received"] - sum(balances.values())

    def balances_at(self, account, date):
        sums = dict(ZERO)
        for entry in self.entries:
            if entry["account"] == account and entry["date"] <= date:
                for name, change in entry["changes"].items():
                    sums[name] += change
        return sums


_accounts = st.integers(0, 2)
_amounts = st.integers(1, 25_00).map(lambda fen: Decimal(fen) / 100)
_days = st.integers(0, 5)
#: What is done: (operation, account, other account, amount, an earlier entry, days)
_steps = st.tuples(
    st.sampled_from(
        ("single", "single", "transfer", "follow", "follow", "follow", "reverse")
        + ("reverse", "again", "other contents")
    ),
    _accounts,
    _accounts,
    _amounts,
    st.integers(0, 10_000),
    _days,
)


class TestFundProperties(FundCase):
    """Any sequence of operations keeps the books, and the model foresees each step."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        streets = [cls.street_a, cls._create_region(cls.county_a)]
        cls.regions = [cls.county_a, *streets]
        cls.sequences = 0

    def _start(self):
        """Return new accounts of one appropriation, the first one with 100 yuan."""
        type(self).sequences += 1
        appropriation = self._register(100, number=f"性质{self.sequences}")
        accounts = self.Account._get_or_create_all(
            appropriation, 2019, [(region, None) for region in self.regions]
        )
        ledger = Ledger(len(accounts))
        ledger.post("initial", [(0, "receive", Decimal(100), None, None)], FIRST_DAY)
        return accounts, ledger, [accounts[0].entry_ids.id]

    def _plan(self, ledger, step):
        """Turn a step into (key, lines)."""
        operation, account, other, amount, choice, _day = step
        key = f"{self.sequences} {len(ledger.keys)} {choice}"
        index = choice % len(ledger.entries)
        entry = ledger.entries[index]
        if operation == "single":
            kind = SINGLE_KINDS[choice % len(SINGLE_KINDS)]
            return key, [(account, kind, amount, None, None)]
        if operation == "transfer":
            out, into = TRANSFERS[choice % 2]
            return key, [
                (account, out, amount, None, None),
                (other, into, amount, None, None),
            ]
        if operation == "follow":
            # Mostly what is pending, by what follows it, of the same account.
            pending = [
                number
                for number, entry in enumerate(ledger.entries)
                if ledger._pending(entry)[1] and not entry["is_resolved"]
            ]
            if pending and choice % 7:
                index = pending[choice % len(pending)]
            entry = ledger.entries[index]
            name, rest = ledger._pending(entry)
            following = {name: kind for kind, name in RESOLVED.items()}
            kind = following.get(name, "pay")
            if not choice % 3:
                kind = "release"
            if kind == "release" or choice % 2:
                amount = rest or amount
            target = entry["account"] if choice % 11 else account
            return key, [(target, kind, amount, index, None)]
        if operation == "reverse":
            lines = [(entry["account"], "reverse", entry["amount"], None, index)]
            if entry["transfer"] and choice % 5:
                # Both sides; sometimes one alone, which is refused.
                index += 1 if entry["kind"] in ("send", "give_back") else -1
                entry = ledger.entries[index]
                lines.append(
                    (entry["account"], "reverse", entry["amount"], None, index)
                )
            return key, lines
        keys = list(ledger.keys)
        key = keys[choice % len(keys)]
        lines = ledger.keys[key]
        if key == "initial":
            return f"{self.sequences} 0", lines
        if operation == "other contents":
            lines = [
                (account, kind, amount + 1, resolves, reverses)
                for account, kind, amount, resolves, reverses in lines
            ]
        return key, lines

    @settings(
        max_examples=120,
        derandomize=True,
        database=None,
        deadline=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    @given(steps=st.lists(_steps, min_size=8, max_size=25))
    def _check_sequence(self, steps):
        accounts, ledger, entry_ids = self._start()
        Entry = self.env["welfare.fund.entry"]
        poster = self.Account.with_user(self.finance)
        days = {FIRST_DAY}
        for step in steps:
            key, lines = self._plan(ledger, step)
            date = FIRST_DAY + datetime.timedelta(days=step[-1])
            if key in ledger.keys:
                date = None
            posting = Posting(
                key=key,
                lines=[
                    Line(
                        accounts[account],
                        kind,
                        amount,
                        *(
                            None if index is None else Entry.browse(entry_ids[index])
                            for index in indices
                        ),
                    )
                    for account, kind, amount, *indices in lines
                ],
                document=self.county_a,
                date=date or FIRST_DAY,
            )
            count = len(ledger.entries)
            try:
                ledger.post(key, lines, date or FIRST_DAY)
            except Refused:
                self.refuse(poster, posting)
            else:
                posted = poster._post([posting])
                entry_ids += posted.ids[: len(ledger.entries) - count]
                self.posted += len(ledger.entries) - count
                days.add(date or FIRST_DAY)
            self._compare(accounts, ledger)
        self.assertBooksHold()
        everything = self.Account.union(*accounts)
        for day in days:
            found = self.Account._get_balances_at(everything, day)
            for index, account in enumerate(accounts):
                expected = ledger.balances_at(index, day)
                expected["available"] = ledger.available(expected)
                self.assertEqual(
                    {name: round(value, 2) for name, value in found[account].items()},
                    {name: float(value) for name, value in expected.items()},
                )

    def refuse(self, poster, posting):
        """Make sure that a posting is refused, and in words."""
        self.refused += 1
        try:
            with self.cr.savepoint():
                poster._post([posting])
        except UserError:
            return
        except IntegrityError as error:
            # A balance below nothing: retrying() asks for the words.
            Account = self.env["welfare.fund.account"]
            self.assertIn("No balance", Account._sql_error_to_message(error))
            return
        self.fail(f"This should have been refused: {posting}")

    def _compare(self, accounts, ledger):
        everything = self.Account.union(*accounts)
        everything.invalidate_recordset()
        for account, expected in zip(accounts, ledger.balances, strict=True):
            self.assertEqual(
                [account[name] for name in BALANCES],
                [float(expected[name]) for name in BALANCES],
            )
            self.assertTrue(all(account[name] >= 0 for name in BALANCES))
            self.assertEqual(account.available, float(ledger.available(expected)))
            self.assertGreaterEqual(account.available, 0)

    def test_any_sequence(self):
        self.posted = self.refused = 0
        with mute_logger("odoo.sql_db"):
            self._check_sequence()
        # The sequences say something: much was posted, and much refused.
        self.assertGreater(self.posted, 300)
        self.assertGreater(self.refused, 300)
