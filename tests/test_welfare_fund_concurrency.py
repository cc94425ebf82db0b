import base64
import contextlib
import functools
import json
import os
import random
import select
import signal
import traceback
import uuid
from decimal import Decimal

from psycopg2.errors import (
    InvalidSavepointSpecification,
    LockNotAvailable,
    SerializationFailure,
)

import odoo.sql_db
from odoo import api
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.modules.registry import Registry
from odoo.service.model import retrying
from odoo.tests import BaseCase, get_db_name, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from ..models.welfare_fund_account import Line, Posting
from .common import approve, make_ledger

WORKERS = 8
PATIENCE = 120  # seconds until a process that does not end is given up
YEAR = 2019
DATE = "2019-06-01"


class Worker:
    """A process of its own, with connections of its own.

    :param work: function of (worker), run when :meth:`start` is called.
    :param int number: which of the workers it is.
    """

    def __init__(self, test, work, number=0):
        self.test = test
        self.number = number
        self.attempts = 0
        self._results, child_results = os.pipe()
        child_start, self._start = os.pipe()
        self._said, child_says = os.pipe()
        self.pid = os.fork()
        if self.pid:
            for end in (child_results, child_start, child_says):
                os.close(end)
            return
        # In the child. It ends by os._exit(): what it shares with its parent is closed
        # by the parent alone.
        try:
            for end in (self._results, self._start, self._said):
                os.close(end)
            self._says = child_says
            random.seed(number)
            odoo.sql_db._Pool = odoo.sql_db._Pool_readonly = None
            registry = Registry(get_db_name())
            registry._db = odoo.sql_db.db_connect(get_db_name())
            registry._db_readonly = None
            with self.test.transaction() as env:
                env["welfare.fund.account"].search_count([])
            os.write(child_says, b".")
            os.read(child_start, 1)
            result = {"result": work(self), "attempts": self.attempts}
        except BaseException:
            result = {"error": traceback.format_exc()}
        with os.fdopen(child_results, "w") as file:
            json.dump(result, file)
        os._exit(0)

    # --- in the child ---

    def request(self, function):
        """Do something as a request of the web client would be done.

        :param function: of an environment of the finance officer.
        :return: what it returns, or the words in which it was refused.
        """

        def attempt(env):
            self.attempts += 1
            return function(env)

        with self.test.cursor() as cr:
            env = api.Environment(cr, self.test.uid, {})
            try:
                return retrying(functools.partial(attempt, env), env)
            except UserError as error:
                return f"refused: {error}"

    def say(self):
        """Let the parent go on that waits in :meth:`hear`."""
        os.write(self._says, b".")

    # --- in the parent ---

    def hear(self):
        """Wait for the child to be ready, or to speak again."""
        self.test.assertEqual(os.read(self._said, 1), b".")

    def start(self):
        os.write(self._start, b".")

    def kill(self):
        """End the process as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        self._wait()

    def end(self):
        """Wait for the process to end, and return what its work returned."""
        if not select.select([self._results], [], [], PATIENCE)[0]:
            os.kill(self.pid, signal.SIGKILL)
        text = self._wait()
        self.test.assertTrue(text, "The process has not come to its end.")
        result = json.loads(text)
        self.test.assertNotIn("error", result, result.get("error"))
        self.attempts = result["attempts"]
        return result["result"]

    def _wait(self):
        with os.fdopen(self._results) as file:
            text = file.read()
        os.close(self._said)
        os.close(self._start)
        os.waitpid(self.pid, 0)
        return text


# Their data is committed, and what is in the ledger stays: it lies in a province of its
# own, with appropriations that no other test knows.
@tagged("-at_install", "post_install")
class FundConcurrencyCase(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with cls.transaction() as env:
            Region = env["welfare.region"]
            parent = Region
            for level, code in (
                ("province", "980000000000"),
                ("prefecture", "980100000000"),
                ("county", "980101000000"),
                ("street", "980101001000"),
            ):
                region = Region.search([("code", "=", code)])
                parent = region or Region.create(
                    {
                        "code": code,
                        "name": f"并发{level}",
                        "parent_id": parent.id,
                    }
                )
                setattr(cls, level, parent.id)
            villages = Region.search([("parent_id", "=", cls.street)])
            villages |= Region.create(
                [
                    {
                        "code": f"980101001{number:03}",
                        "name": f"并发第{number}社区",
                        "parent_id": cls.street,
                    }
                    for number in range(len(villages) + 1, 65)
                ]
            )
            cls.villages = villages.ids
            cls.uid = new_test_user(
                env,
                login=f"fund {uuid.uuid4()}",
                groups="welfare_facility.welfare_group_finance",
                context={"no_reset_password": True},
                welfare_region_ids=[Command.set([cls.county])],
            ).id
        cls.addClassCleanup(cls._archive_user)

    @classmethod
    def _archive_user(cls):
        with cls.transaction() as env:
            env["res.users"].browse(cls.uid).active = False

    @classmethod
    @contextlib.contextmanager
    def cursor(cls):
        """Open a transaction of its own, which ends without a commit."""
        cr = odoo.sql_db.db_connect(get_db_name()).cursor()
        try:
            yield cr
        finally:
            cr.close()

    @classmethod
    @contextlib.contextmanager
    def transaction(cls):
        """Open a transaction of its own, and commit it."""
        with cls.cursor() as cr:
            env = api.Environment(cr, api.SUPERUSER_ID, {})
            yield env
            cr.commit()  # pylint: disable=invalid-commit
            env.registry.signal_changes()

    # === WHAT THERE IS === #

    def register(self, amount):
        """Register an appropriation of the county's; return the account's id."""
        with self.transaction() as env:
            appropriation = env["welfare.appropriation"].create(
                {
                    "number": f"并发{uuid.uuid4()}",
                    "year": YEAR,
                    "date": "2019-01-15",
                    "source_id": env.ref("welfare_facility.fund_source_county").id,
                    "region_id": self.county,
                    "amount_initial": amount,
                }
            )
            approve(appropriation).action_register()
            return appropriation.account_ids.id

    def register_below(self, amount):
        """Register an appropriation, and give each community the amount of it.

        :return: the ids of the communities' accounts
        """
        upper_id = self.register(amount * len(self.villages))
        with self.transaction() as env:
            upper = env["welfare.fund.account"].browse(upper_id)
            lowers = upper._get_or_create_all(
                upper.appropriation_id,
                YEAR,
                [(region, None) for region in self._villages(env)],
            )
            lines = []
            for lower in lowers:
                lines += [Line(upper, "send", amount), Line(lower, "arrive", amount)]
            upper._post(
                [Posting(str(uuid.uuid4()), lines, upper.appropriation_id, DATE)]
            )
            return [lower.id for lower in lowers]

    def _villages(self, env):
        return env["welfare.region"].browse(self.villages)

    def create_allotments(self, account_id, count, amount, lines=2, approved=True):
        """Create drafts that send an amount to each of some communities, in an order of
        their own."""
        with self.transaction() as env:
            allotments = env["welfare.allotment"].create(
                [
                    {
                        "number": f"并发{uuid.uuid4()}",
                        "account_id": account_id,
                        "date": DATE,
                        "line_ids": [
                            Command.create({"region_id": region, "amount": amount})
                            for region in random.sample(self.villages[:8], lines)
                        ],
                    }
                    for _index in range(count)
                ]
            )
            return (approve(allotments) if approved else allotments).ids

    def import_ledger(self):
        """Apply a ledger with one document that its two homes add up to, and register
        the document; return the id of the import."""
        year = 2017
        with self.transaction() as env:
            homes = [
                ("", region.name, region.code, "已建成", f"{year}-05-01", amount)
                for region, amount in zip(
                    self._villages(env)[:2], (100, 200), strict=True
                )
            ]
            heading = ("街道", "社区名称", "统计用区划代码", "状态", "建成时间")
            heading += ("区级财政（元）",)
            fund_heading = ("年度", "资金来源", "文号", "下达日期", "金额（元）")
            fund = (year, "区级财政", f"并发{uuid.uuid4()}", f"{year}-02-01", 300)
            content = make_ledger(homes, heading, more=[("资金", [fund_heading, fund])])
            ledger = env["welfare.facility.import"].create(
                {
                    "filename": "台账.xlsx",
                    "file": base64.b64encode(content),
                    "region_id": self.county,
                }
            )
            ledger.action_check()
            ledger.action_apply()
            ledger.action_register_funds()
            approve(ledger.fund_ids.appropriation_id).action_register()
            return ledger.id

    # === WORK === #

    @staticmethod
    def post(env, key, lines, begin=True):
        """Post as a document's public action does.

        :param list lines: of (account id, kind, amount in 分)
        """
        Account = env["welfare.fund.account"]
        if begin:
            Account._begin_posting()
        lines = [
            Line(Account.browse(account_id), kind, Decimal(fen) / 100)
            for account_id, kind, fen in lines
        ]
        document = lines[0].account.appropriation_id
        return Account._post([Posting(key, lines, document, DATE)]).ids

    def run_workers(self, work, count=WORKERS):
        """Let workers do something at the same time.

        :return: what the work of each has returned.
        """
        workers = [Worker(self, work, number) for number in range(count)]
        for worker in workers:
            worker.hear()
        for worker in workers:
            worker.start()
        self.workers = workers
        return [worker.end() for worker in workers]

    def assertNobodyThrownBack(self, requests):
        """Nobody has seen a serialization error, not even Odoo's retry."""
        self.assertEqual(sum(worker.attempts for worker in self.workers), requests)

    def assertFair(self, shares):
        """Jain: 1 where all have the same, 1/n where one has all."""
        fairness = sum(shares) ** 2 / (len(shares) * sum(x * x for x in shares))
        self.assertGreaterEqual(fairness, 0.8, shares)

    def assertPosted(self, keys):
        """The ledger has these requests and no other of this test, each once.

        :param dict keys: what each has taken, in 分
        """
        with self.transaction() as env:
            rows = env.execute_query(
                SQL(
                    "SELECT posting_key, (SUM(amount) * 100)::bigint "
                    "FROM welfare_fund_entry WHERE posting_key LIKE %s "
                    "GROUP BY posting_key",
                    f"{self.id()}%",
                )
            )
        self.assertEqual(dict(rows), keys)

    def assertBooksHold(self):
        with self.transaction() as env:
            self.assertEqual(env["welfare.fund.account"]._find_differences(), [])

    def get_available(self, account_ids):
        with self.transaction() as env:
            accounts = env["welfare.fund.account"].browse(account_ids)
            return round(100 * sum(accounts.mapped("available")))


class TestFundConcurrency(FundConcurrencyCase):
    """Many processes at once, each with Odoo's own retry."""

    def test_one_account_until_it_is_empty(self):
        account_id = self.register(100)
        token = f"{self.id()} {uuid.uuid4()}"

        def work(worker):
            taken = {}
            refused = 0
            for number in range(50):
                key = f"{token} {worker.number} {number}"
                fen = random.randint(1, 80)
                result = worker.request(
                    lambda env, key=key, fen=fen: self.post(
                        env, key, [(account_id, "reserve", fen)]
                    )
                )
                if isinstance(result, list):
                    taken[key] = fen
                else:
                    assert "left" in result, result
                    refused += 1
            return taken, refused

        results = self.run_workers(work)
        self.assertNobodyThrownBack(WORKERS * 50)
        self.assertFair([len(taken) for taken, _refused in results])
        self.assertGreater(sum(refused for _taken, refused in results), 0)
        keys = {key: fen for taken, _refused in results for key, fen in taken.items()}
        self.assertPosted(keys)
        left = self.get_available(account_id)
        self.assertEqual(left, 100_00 - sum(keys.values()))
        self.assertTrue(0 <= left < 80)
        self.assertBooksHold()

    def test_64_accounts_two_at_a_time(self):
        """Transfers to and fro, in any order: none waits for the other forever."""
        account_ids = self.register_below(10)
        token = f"{self.id()} {uuid.uuid4()}"

        def work(worker):
            taken = {}
            for number in range(25):
                key = f"{token} {worker.number} {number}"
                giver, taker = random.sample(account_ids[:: 8 if number % 2 else 1], 2)
                fen = random.randint(1, 500)
                result = worker.request(
                    lambda env, key=key, fen=fen, giver=giver, taker=taker: self.post(
                        env, key, [(giver, "send", fen), (taker, "arrive", fen)]
                    )
                )
                if isinstance(result, list):
                    taken[key] = 2 * fen
            return taken

        results = self.run_workers(work)
        self.assertNobodyThrownBack(WORKERS * 25)
        self.assertFair([len(taken) for taken in results])
        self.assertPosted({key: fen for taken in results for key, fen in taken.items()})
        self.assertEqual(self.get_available(account_ids), 64 * 10_00)
        self.assertBooksHold()

    def test_allotments_drafted_from_a_ledger(self):
        """All press the button at once: one draft, and nobody is refused."""
        ledger_id = self.import_ledger()

        def work(worker):
            return worker.request(
                lambda env: bool(
                    env["welfare.facility.import"]
                    .browse(ledger_id)
                    .action_draft_allotments()
                )
            )

        self.assertEqual(self.run_workers(work), [True] * WORKERS)
        self.assertNobodyThrownBack(WORKERS)
        with self.transaction() as env:
            drafts = env["welfare.allotment"].search(
                [("import_fund_id.import_id", "=", ledger_id)]
            )
            self.assertEqual(drafts.mapped("amount_total"), [300])

    def test_allotments_from_one_account(self):
        """40 documents of 20 yuan from 500: 25 are posted, and make 8 accounts."""
        account_id = self.register(500)
        allotment_ids = self.create_allotments(account_id, WORKERS * 5, 10)

        def work(worker):
            results = []
            for allotment_id in allotment_ids[worker.number :: WORKERS]:
                result = worker.request(
                    lambda env, id=allotment_id: (
                        env["welfare.allotment"].browse(id).action_post()
                    )
                )
                assert result is True or "left" in result, result
                results.append(result is True)
            return sum(results)

        shares = self.run_workers(work)
        self.assertNobodyThrownBack(WORKERS * 5)
        self.assertEqual(sum(shares), 25)
        self.assertFair(shares)
        self.assertEqual(self.get_available(account_id), 0)
        with self.transaction() as env:
            states = env["welfare.allotment"].browse(allotment_ids).mapped("state")
            self.assertEqual(states.count("posted"), 25)
        self.assertBooksHold()

    def test_one_document_posted_by_all(self):
        account_id = self.register(500)
        [allotment_id] = self.create_allotments(account_id, 1, 10)

        def work(worker):
            return worker.request(
                lambda env: env["welfare.allotment"].browse(allotment_id).action_post()
            )

        results = self.run_workers(work)
        self.assertNobodyThrownBack(WORKERS)
        self.assertEqual(results.count(True), 1)
        self.assertEqual(self.get_available(account_id), 480_00)
        self.assertBooksHold()

    def test_documents_in_batches(self):
        """Several documents in one action, each batch in another order."""
        account_ids = self.register_below(100)
        with self.transaction() as env:
            accounts = env["welfare.fund.account"].browse(account_ids)
            appropriation = accounts.appropriation_id
            documents = [
                (f"{self.id()} {uuid.uuid4()}", account.id) for account in accounts[:16]
            ]

        def work(worker):
            own = random.sample(documents, len(documents))

            def request(env):
                Account = env["welfare.fund.account"]
                Account._begin_posting()
                document = env["welfare.appropriation"].browse(appropriation.id)
                postings = [
                    Posting(
                        key, [Line(Account.browse(id), "reserve", 1)], document, DATE
                    )
                    for key, id in own
                ]
                return Account._post(postings).ids

            return sorted(worker.request(request))

        results = self.run_workers(work)
        self.assertNobodyThrownBack(WORKERS)
        # The same requests: posted by one, and found by all others.
        self.assertEqual(len({tuple(entry_ids) for entry_ids in results}), 1)
        self.assertPosted({key: 100 for key, _account_id in documents})

    def test_the_same_key_at_once(self):
        account_id = self.register(100)
        tokens = [f"{self.id()} {uuid.uuid4()}" for _index in range(20)]

        def work(worker):
            return [
                worker.request(
                    lambda env, key=key: self.post(
                        env, key, [(account_id, "reserve", 1_00)]
                    )
                )
                for key in tokens
            ]

        first, second = self.run_workers(work, 2)
        self.assertNobodyThrownBack(2 * len(tokens))
        self.assertEqual(first, second)
        self.assertEqual(self.get_available(account_id), 80_00)
        self.assertPosted(dict.fromkeys(tokens, 1_00))

    def test_an_account_made_at_once(self):
        account_id = self.register(100)

        def work(worker):
            def request(env):
                Account = env["welfare.fund.account"]
                Account._begin_posting()
                upper = Account.browse(account_id)
                villages = self._villages(env)
                holders = [(region, None) for region in villages]
                if worker.number:
                    holders.reverse()
                accounts = Account._get_or_create_all(
                    upper.appropriation_id, YEAR, holders
                )
                return sorted(account.id for account in accounts)

            return worker.request(request)

        first, second = self.run_workers(work, 2)
        self.assertNobodyThrownBack(2)
        self.assertEqual(first, second)
        self.assertEqual(len(set(first)), 64)

    def test_a_worker_is_killed(self):
        """Whoever waits for a process that dies goes on, and its request posts once."""
        account_id = self.register(100)
        token = f"{self.id()} {uuid.uuid4()}"
        lost = [(account_id, "reserve", 50_00)]

        def die(worker):
            def request(env):
                self.post(env, token, lost)
                worker.say()
                signal.pause()

            worker.request(request)

        def work(worker):
            return [
                worker.request(
                    lambda env, number=number: self.post(
                        env,
                        f"{token} {worker.number} {number}",
                        [(account_id, "reserve", 1_00)],
                    )
                )
                for number in range(10)
            ]

        victim = Worker(self, die)
        self.workers = [Worker(self, work, number) for number in range(3)]
        for worker in (victim, *self.workers):
            worker.hear()
        victim.start()
        victim.hear()
        for worker in self.workers:
            worker.start()
        victim.kill()
        for worker in self.workers:
            self.assertEqual(len(worker.end()), 10)
        self.assertNobodyThrownBack(30)
        self.assertEqual(self.get_available(account_id), 70_00)
        self.assertBooksHold()
        for _time in range(2):
            with self.transaction() as env:
                self.post(env, token, lost)
            self.assertEqual(self.get_available(account_id), 20_00)
        self.assertBooksHold()


class TestFundInterleaving(FundConcurrencyCase):
    """Two transactions, step by step."""

    @contextlib.contextmanager
    def session(self, *, impatient=False):
        """Open a transaction of the finance officer's."""
        with self.cursor() as cr:
            env = api.Environment(cr, self.uid, {})
            if impatient:
                cr.execute("SET lock_timeout = '200ms'")
                cr.commit()  # pylint: disable=invalid-commit
            yield env

    def test_an_old_snapshot_does_not_post(self):
        """A transaction that has not begun anew is thrown back, to be tried again."""
        account_id = self.register(100)
        with self.session() as old, self.session() as new:
            old["welfare.fund.account"].browse(account_id).read(["available"])
            self.post(new, str(uuid.uuid4()), [(account_id, "reserve", 80_00)])
            new.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                self.post(
                    old, str(uuid.uuid4()), [(account_id, "reserve", 80_00)], False
                )
        self.assertEqual(self.get_available(account_id), 20_00)

    def test_an_old_snapshot_begins_anew(self):
        account_id = self.register(100)
        with self.session() as old, self.session() as new:
            account = old["welfare.fund.account"].browse(account_id)
            self.assertEqual(account.available, 100)
            self.post(new, str(uuid.uuid4()), [(account_id, "reserve", 80_00)])
            new.cr.commit()
            with self.assertRaises(UserError):
                self.post(old, str(uuid.uuid4()), [(account_id, "reserve", 80_00)])
            old.cr.commit()
            # That transaction alone: the next one is one of Odoo's own again.
            old.cr.execute("SHOW transaction_isolation")
            self.assertEqual(old.cr.fetchone(), ("repeatable read",))

    def test_what_was_changed_before_is_kept(self):
        account_id = self.register(100)
        [allotment_id] = self.create_allotments(account_id, 1, 10)
        with self.session() as env:
            allotment = env["welfare.allotment"].browse(allotment_id)
            allotment.note = "写在过账之前"
            allotment.action_post()
            env.cr.commit()
            self.assertEqual(allotment.note, "写在过账之前")
            self.assertEqual(allotment.state, "posted")

    def test_a_savepoint_posts_nothing(self):
        account_id = self.register(100)
        [allotment_id] = self.create_allotments(account_id, 1, 10)
        with (
            self.session() as env,
            mute_logger("odoo.sql_db"),
            self.assertRaises(InvalidSavepointSpecification),
            env.cr.savepoint(),
        ):
            env["welfare.allotment"].browse(allotment_id).action_post()
        self.assertEqual(self.get_available(account_id), 100_00)

    def test_a_line_that_is_being_changed(self):
        """Nobody posts a line while it changes, or changes it while it is posted."""
        account_id = self.register(100)
        [allotment_id] = self.create_allotments(account_id, 1, 10)
        with self.session(impatient=True) as one, self.session(impatient=True) as two:
            lines = one["welfare.allotment"].browse(allotment_id).line_ids
            # The total stays, so that the allotment itself does not change.
            lines[0].region_id = lines[1].region_id
            one.flush_all()
            with mute_logger("odoo.sql_db"), self.assertRaises(LockNotAvailable):
                two["welfare.allotment"].browse(allotment_id).action_post()
            two.cr.rollback()
            one.cr.rollback()
            one.invalidate_all()
            two["welfare.allotment"].browse(allotment_id).action_post()
            with mute_logger("odoo.sql_db"), self.assertRaises(LockNotAvailable):
                # Its approval is locked as well.
                lines[0].region_id = lines[1].region_id
                one.flush_all()
            one.cr.rollback()
            two.cr.rollback()

    def test_a_year_that_is_being_closed(self):
        """Whoever closes a year waits for whoever posts, and the other way round."""
        with self.transaction() as env:
            Year = env["welfare.fiscal.year"]
            year = Year.search([("year", "=", 2031)]) or Year.create({"year": 2031})
            appropriation = env["welfare.appropriation"].create(
                {
                    "number": f"并发{uuid.uuid4()}",
                    "year": 2031,
                    "date": "2031-01-15",
                    "source_id": env.ref("welfare_facility.fund_source_county").id,
                    "region_id": self.county,
                    "amount_initial": 100,
                }
            )
            approve(appropriation).action_register()
            account_id = appropriation.account_ids.id
            year_id = year.id

        def post(env, begin=True):
            Account = env["welfare.fund.account"]
            if begin:
                Account._begin_posting()
            account = Account.browse(account_id)
            line = Line(account, "reserve", 1)
            document = account.appropriation_id
            Account._post([Posting(str(uuid.uuid4()), [line], document, "2031-06-01")])

        def close(env):
            approve(env["welfare.fiscal.year"].browse(year_id).sudo()).action_close()

        with self.session(impatient=True) as one, self.session(impatient=True) as two:
            post(one)
            with mute_logger("odoo.sql_db"), self.assertRaises(LockNotAvailable):
                close(two)
            two.cr.rollback()
            one.cr.rollback()
            # The first one has looked before the year is closed.
            one["welfare.fiscal.year"].browse(year_id).read(["state"])
            close(two)
            two.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                post(one, begin=False)
            one.cr.rollback()
            with self.assertRaises(UserError):
                post(one)
            approve(
                two["welfare.fiscal.year"].browse(year_id).sudo(),
                reopening_reason="并发",
            ).action_reopen()
            two.cr.commit()

    def test_a_period_that_is_being_closed(self):
        """The same for a month, of which whoever posts knows nothing yet."""
        account_id = self.register(100)

        def post(env, begin=True):
            key = str(uuid.uuid4())
            return self.post(env, key, [(account_id, "reserve", 1)], begin)

        def create(env):
            return env["welfare.fund.period"].create(
                {"region_id": self.county, "date_from": f"{DATE[:7]}-01"}
            )

        with self.session(impatient=True) as one, self.session(impatient=True) as two:
            post(one)
            period = approve(create(two).sudo())
            with mute_logger("odoo.sql_db"), self.assertRaises(LockNotAvailable):
                period.action_close()
            two.cr.rollback()
            one.cr.rollback()
            # The first one has looked before the month is closed.
            one["welfare.fund.account"].browse(account_id).read(["available"])
            period = approve(create(two).sudo())
            period.action_close()
            two.cr.commit()
            with mute_logger("odoo.sql_db"), self.assertRaises(SerializationFailure):
                post(one, begin=False)
            one.cr.rollback()
            with self.assertRaises(UserError):
                post(one)
            approve(period, reopening_reason="并发")
            period.action_reopen()
            two.cr.commit()
