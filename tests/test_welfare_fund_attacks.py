import itertools
import math
from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import new_test_user
from odoo.tools import SQL, mute_logger

from ..models.welfare_fund_account import Line, Posting
from .common import approve
from .test_welfare_fund_ledger import FundCase

#: What is no amount in yuan and fen.
NO_AMOUNTS = (math.nan, math.inf, -math.inf, 1e13, 1e300, 10.004, 0.001, -0.001)
NO_COLUMNS = ("'NaN'", "'Infinity'", "10000000000000", "10.004", "0", "-1")


class AttackCase(FundCase):
    def setUp(self):
        super().setUp()
        self.appropriation = self._register(100)
        self.account = self._get_account(self.appropriation)
        self.entry = self.account.entry_ids
        self.allotment = self._allot(self.account, [(self.street_a, 10)])
        self.users = [*self.user_by_role.values(), self.env.ref("base.user_admin")]

    def refuse(self, function, error=UserError):
        """Make sure that something is refused in words, and leaves the books alone."""
        before = self._fingerprint()
        with self.assertRaises(error), self.cr.savepoint():
            function()
            self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self._fingerprint(), before)

    def refuse_sql(self, statement):
        """Make sure that the database refuses a statement by itself."""
        before = self._fingerprint()
        with (
            self.subTest(statement),
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self.env.cr.execute(statement)
        self.assertEqual(self._fingerprint(), before)

    def _fingerprint(self):
        self.env.flush_all()
        tables = (
            "welfare_fund_entry",
            "welfare_fund_account",
            "welfare_appropriation",
            "welfare_appropriation_adjustment",
            "welfare_allotment",
            "welfare_allotment_line",
        )
        return [
            self.env.execute_query(
                SQL(
                    "SELECT md5(string_agg(t::text, ';' ORDER BY id)) FROM %s t",
                    SQL.identifier(table),
                )
            )
            for table in tables
        ]


class TestRemoteAttacks(AttackCase):
    """What a logged-in user can send to the server, whatever the screens show."""

    def test_private_methods(self):
        Account = self.Account.with_user(self.finance)
        for model, name in (
            (Account, "_post"),
            (Account, "_begin_posting"),
            (Account, "_insert_entries"),
            (Account, "_get_or_create"),
            (Account, "_find_differences"),
            (self.allotment.with_user(self.finance), "_write_guarded"),
            (self.allotment.with_user(self.finance), "_set_state"),
            (self.allotment.line_ids.with_user(self.finance), "_take_norm"),
        ):
            with self.subTest(name):
                self.refuse(
                    lambda m=model, n=name: call_kw(m, n, [[]], {}), AccessError
                )

    def test_write_and_create_by_everyone(self):
        approve(self.allotment).action_post()
        line = self.allotment.line_ids
        attacks = (
            (self.entry, {"amount": 1}),
            (self.entry, {"d_received": 1}),
            (self.entry, {"posted_at": "2000-01-01"}),
            (self.account, {"received": 1e6}),
            (self.account, {"available": 1e6}),
            (self.account, {"appropriation_id": self.appropriation.id}),
            (self.appropriation, {"state": "draft"}),
            (self.appropriation, {"amount_initial": 1}),
            (self.allotment, {"state": "draft"}),
            (self.allotment, {"is_deviation": False}),
            (self.allotment, {"amount_total": 1}),
            (self.allotment, {"home_count": 1}),
            (self.allotment, {"region_id": self.county_b.id}),
            (line, {"amount": 1}),
            (line, {"is_norm_taken": True}),
            (line, {"facility_id": False}),
        )
        creations = (
            ("welfare.fund.entry", {"account_id": self.account.id, "amount": 1}),
            (
                "welfare.appropriation",
                self._prepare_appropriation_vals(state="registered", number="造"),
            ),
            ("welfare.allotment", self._prepare(is_deviation=True)),
            ("welfare.allotment", self._prepare(amount_total=1)),
            ("welfare.allotment", self._prepare(region_id=self.county_a.id)),
            ("welfare.allotment", self._prepare(state="posted")),
            (
                "welfare.allotment.line",
                {
                    "allotment_id": self.allotment.id,
                    "region_id": self.street_a.id,
                    "amount": 1,
                },
            ),
        )
        for user in self.users:
            for record, vals in attacks:
                with self.subTest(user=user.login, model=record._name, **vals):
                    own = record.with_user(user)
                    self.refuse(
                        lambda r=own, v=vals: call_kw(r, "write", [r.ids, v], {})
                    )
                    self.refuse(lambda r=own, v=vals: r.sudo().write(v))
            for model, vals in creations:
                with self.subTest(user=user.login, model=model, **vals):
                    own = self.env[model].with_user(user)
                    self.refuse(lambda m=own, v=vals: call_kw(m, "create", [[v]], {}))
                    self.refuse(lambda m=own, v=vals: m.sudo().create(v))
            with self.subTest(user=user.login):
                own = self.Account.with_user(user)
                holder = {
                    "appropriation_id": self.appropriation.id,
                    "year": 2019,
                    "region_id": self.community_a.id,
                }
                self.refuse(lambda m=own, h=holder: m.create(h), AccessError)

    def _prepare(self, **vals):
        return {"number": "造", "account_id": self.account.id, **vals}

    def test_smuggled_through_a_parent(self):
        approve(self.allotment).action_post()
        adjustment = self._adjust(kind="supplement")
        approve(adjustment.with_user(self.finance)).action_post()
        appropriation = self.appropriation.with_user(self.finance)
        other = self._create_appropriation(number="另").with_user(self.finance)
        account, line = self.account, self.allotment.line_ids
        new_adjustment = {"number": "造", "amount": 1, "state": "posted"}
        holder = {"year": 2019, "region_id": self.community_a.id, "received": 9}
        for record, vals in (
            (appropriation, {"account_ids": [Command.update(account.id, {"paid": 1})]}),
            (appropriation, {"account_ids": [Command.delete(account.id)]}),
            (appropriation, {"account_ids": [Command.clear()]}),
            (appropriation, {"account_ids": [Command.create(holder)]}),
            (other, {"account_ids": [Command.link(account.id)]}),
            (appropriation, {"adjustment_ids": [Command.create(new_adjustment)]}),
            (
                appropriation,
                {"adjustment_ids": [Command.update(adjustment.id, {"amount": 9})]},
            ),
            (appropriation, {"adjustment_ids": [Command.delete(adjustment.id)]}),
            (other, {"adjustment_ids": [Command.link(adjustment.id)]}),
            (other, {"reallocation_ids": [Command.link(adjustment.id)]}),
            (account, {"entry_ids": [Command.delete(self.entry.id)]}),
            (self.allotment, {"line_ids": [Command.update(line.id, {"amount": 9})]}),
            (self.allotment, {"line_ids": [Command.clear()]}),
        ):
            with self.subTest(**vals):
                self.refuse(lambda r=record, v=vals: r.write(v))
                sudo_vals = "account_ids" in vals and vals["account_ids"][0][0] == 0
                if not sudo_vals:
                    self.refuse(lambda r=record, v=vals: r.sudo().write(v))

    def _adjust(self, **vals):
        return self.env["welfare.appropriation.adjustment"].create(
            {
                "appropriation_id": self.appropriation.id,
                "number": "调整",
                "date": "2019-06-01",
                "amount": 10,
                **vals,
            }
        )

    def test_defaults_in_the_context(self):
        dollar = self.env.ref("base.USD")
        context = {
            "default_state": "posted",
            "default_is_deviation": True,
            "default_amount_total": 1_000_000,
            "default_home_count": 99,
            "default_region_id": self.street_a.id,
            "default_is_norm_taken": True,
            "default_received": 1_000_000,
            "default_currency_id": dollar.id,
        }
        Allotment = self.env["welfare.allotment"].with_user(self.finance)
        holder = {"region_id": self.street_a.id, "amount": 10}
        vals = self._prepare(date="2019-06-01", line_ids=[Command.create(holder)])
        context.pop("default_state")
        allotment = Allotment.with_context(**context).create(vals)
        self.assertEqual(
            (
                allotment.state,
                allotment.is_deviation,
                allotment.amount_total,
                allotment.home_count,
                allotment.region_id,
                allotment.line_ids.is_norm_taken,
                (allotment + allotment.line_ids.allotment_id).currency_id.name,
                allotment.line_ids.currency_id.name,
            ),
            ("draft", False, 10, 0, self.county_a, False, "CNY", "CNY"),
        )
        state = {"default_state": "posted"}
        self.assertEqual(Allotment.with_context(**state).create(vals).state, "draft")

    def test_another_currency(self):
        yen = self.env.ref("base.JPY").id
        draft = self._create_appropriation(number="外币")
        self.refuse(lambda: draft.write({"currency_id": yen}))
        self.refuse(lambda: self._create_appropriation(number="日元", currency_id=yen))

    def test_no_amounts(self):
        draft = self._create_appropriation(number="草稿")
        line = self.allotment.line_ids
        for amount in NO_AMOUNTS:
            with self.subTest(amount=amount):
                self.refuse(lambda a=amount: draft.write({"amount_initial": a}))
                self.refuse(lambda a=amount: line.write({"amount": a}))
                self.refuse(lambda a=amount: self._adjust(kind="supplement", amount=a))
        for amount in (*NO_AMOUNTS, "x", None, True, "10.004", "0.004", 0, -1):
            with self.subTest(posted=amount):
                self.refuse(lambda a=amount: self._post(self.account, "reserve", a))

    def test_noise_of_floats_is_no_fraction(self):
        self._post(self.account, "reserve", 0.1 + 0.2)
        self.assertEqual(self.account.reserved, 0.3)
        draft = self._create_appropriation(number="草稿", amount_initial=9.1 * 10_000)
        self.assertEqual(draft.amount_initial, 91_000)


class TestForeignAttacks(AttackCase):
    """What belongs to another region or another appropriation."""

    def setUp(self):
        super().setUp()
        self.foreign = self._register_foreign(county=self.county_b, number="乙区号")
        self.foreign_account = self._get_account(self.foreign)
        self.both = new_test_user(
            self.env,
            login="test_both",
            groups="welfare_facility.welfare_group_finance",
            context={"no_reset_password": True},
            welfare_region_ids=[Command.set((self.county_a + self.county_b).ids)],
        )

    def _register_foreign(self, county, **vals):
        appropriation = self._create_appropriation(county, **vals)
        approve(appropriation).action_register()
        return appropriation

    def test_posting_to_another_county(self):
        self.refuse(lambda: self._post(self.foreign_account, "reserve", 1), AccessError)

    def test_documents_of_another_county(self):
        for number, function in enumerate(
            (
                lambda: self._allot(self.foreign_account, [(self.street_b, 1)]),
                lambda: self.foreign.with_user(self.finance).action_register(),
                lambda: self._create_foreign_adjustment(
                    appropriation_id=self.foreign.id, kind="supplement"
                ),
                # Its name alone would tell too much.
                lambda: self._create_foreign_adjustment(
                    appropriation_id=self.appropriation.id,
                    to_appropriation_id=self.foreign.id,
                    kind="reallocation",
                ),
            )
        ):
            with self.subTest(number):
                self.refuse(function, AccessError)

    def _create_foreign_adjustment(self, user=None, **vals):
        return (
            self.env["welfare.appropriation.adjustment"]
            .with_user(user or self.finance)
            .create({"number": "调剂", "date": "2019-06-01", "amount": 10, **vals})
        )

    def test_reallocation_from_above_is_seen_by_both(self):
        approve(
            self._create_foreign_adjustment(
                self.both,
                appropriation_id=self.foreign.id,
                to_appropriation_id=self.appropriation.id,
                kind="reallocation",
            )
        ).action_post()
        for user in (self.both, self.finance):
            appropriation = self.appropriation.with_user(user)
            appropriation.invalidate_recordset()
            self.assertEqual(appropriation.amount_current, 110)
        self.assertBooksHold()

    def test_adjusting_what_is_not_registered(self):
        draft = self._create_appropriation(number="未登记")
        adjustment = self._create_foreign_adjustment(
            appropriation_id=draft.id, kind="supplement"
        )
        self.refuse(lambda: approve(adjustment).action_post())

    def test_a_refusal_tells_no_foreign_name(self):
        """Whoever tries the ids of another county learns nothing from the message."""
        foreign = self._create_facility(self.community_b, name="乙区秘密之家")
        for vals in (
            {"facility_id": foreign.id},
            {"facility_id": foreign.id, "region_id": self.street_a.id},
            {"region_id": self.street_b.id},
        ):
            with self.subTest(**vals), self.assertRaises(UserError) as caught:
                self.env["welfare.allotment"].with_user(self.finance).create(
                    {
                        "number": "试探",
                        "account_id": self.account.id,
                        "line_ids": [Command.create({**vals, "amount": 1})],
                    }
                )
            self.assertNotIn(foreign.name, str(caught.exception))
            self.assertNotIn(self.street_b.name, str(caught.exception))

    def test_a_deviation_tells_no_foreign_number(self):
        """The prefecture's allotment gave the norm: that is told, not its number."""
        home = self._create_facility(self.community_a)
        norm = self._create_norm(self.appropriation.source_id, amount=10)
        above = self._register_foreign(self.prefecture, number="市级号")
        secret = self.env["welfare.allotment"].create(
            {
                "number": "市级密件",
                "account_id": self._get_account(above).id,
                "date": above.date,
                "norm_id": norm.id,
                "line_ids": [Command.create({"facility_id": home.id, "amount": 10})],
            }
        )
        approve(secret).action_post()
        self.assertTrue(secret.line_ids.is_norm_taken)
        again = self._allot(self.account, [(home, 10)], norm_id=norm.id)
        [told] = again.with_user(self.finance)._get_deviations()
        self.assertIn(home.name, told)
        self.assertNotIn(secret.number, told)

    def test_holders_elsewhere(self):
        """Even somebody who may see both counties cannot mix them."""
        home = self._create_facility(self.community_a)
        for holder in (
            {"region_id": self.street_b.id},
            {"region_id": self.county_b.id},
            {"region_id": self.prefecture.id},
            {"region_id": self.county_a.id},  # the upper account itself
            {"region_id": self.street_a.id, "facility_id": home.id},
            {"facility_id": self._create_facility(self.community_b).id},
        ):
            with self.subTest(**holder):
                self.refuse(
                    lambda h=holder: (
                        self.env["welfare.allotment"]
                        .with_user(self.both)
                        .create(
                            {
                                "number": "他处",
                                "account_id": self.account.id,
                                "line_ids": [Command.create({**h, "amount": 1})],
                            }
                        )
                    )
                )

    def test_another_upper_account_after_the_lines(self):
        """The lines are looked at again when they are posted."""
        self.allotment.with_user(self.both).account_id = self.foreign_account
        self.refuse(lambda: approve(self.allotment.with_user(self.both)).action_post())

    def test_transfers_between_appropriations(self):
        other = self._get_account(self._register(100, number="另号"))
        for kinds in (("send", "arrive"), ("give_back", "take_back")):
            self.refuse(
                lambda kinds=kinds: self._post_lines(
                    Line(self.account, kinds[0], 10), Line(other, kinds[1], 10)
                )
            )

    def _post_lines(self, *lines, day=date(2019, 6, 1), **options):
        key = options.get("key") or f"attack,{next(self._keys)}"
        posting = Posting(key, list(lines), self.county_a, day)
        return self.Account.with_user(self.finance)._post([posting])

    def test_one_side_of_a_transfer(self):
        street = self.Account._get_or_create(self.appropriation, 2019, self.street_a)
        for kind in ("send", "arrive", "give_back", "take_back", "carry_out"):
            self.refuse(lambda k=kind: self._post_lines(Line(self.account, k, 10)))
        sent, arrived = self._post_lines(
            Line(self.account, "send", 10), Line(street, "arrive", 10)
        ).sudo()
        other_sent, _other_arrived = self._post_lines(
            Line(self.account, "send", 9), Line(street, "arrive", 9)
        ).sudo()
        for lines in (
            [Line(self.account, "reverse", 10, None, sent)],
            [Line(street, "reverse", 10, None, arrived)],
            [
                Line(self.account, "reverse", 9, None, other_sent),
                Line(street, "reverse", 10, None, arrived),
            ],
        ):
            self.refuse(lambda lines=lines: self._post_lines(*lines))
        self._post_lines(
            Line(self.account, "reverse", 10, None, sent),
            Line(street, "reverse", 10, None, arrived),
        )
        self.assertEqual((self.account.sent, street.received), (9, 9))

    def test_entries_of_other_accounts(self):
        other = self._get_account(self._register(100, number="另号"))
        foreign = self._post(other, "reserve", 10)
        own = self._post(self.account, "reserve", 10)
        committed = self._post(self.account, "commit", 10, resolves=own)
        reversal = self._post(self.account, "reverse", 10, reverses=committed)
        for kind, options in (
            ("commit", {"resolves": foreign}),
            ("release", {"resolves": foreign}),
            ("reverse", {"reverses": foreign}),
            ("reverse", {"reverses": own}),  # resolved
            ("reverse", {"reverses": committed}),  # reversed already
            ("reverse", {"reverses": reversal}),
            ("reverse", {}),
            ("reserve", {"resolves": reversal}),
            ("commit", {"resolves": self.entry}),
            ("commit", {"resolves": self.env["welfare.fund.entry"].browse(10**8)}),
        ):
            with self.subTest(kind=kind, **options):
                self.refuse(
                    lambda k=kind, o=options: self._post(self.account, k, 10, **o)
                )

    def test_days(self):
        reserved = self._post_lines(Line(self.account, "reserve", 10)).sudo()
        for day in (date(2018, 12, 31), date(2020, 1, 1), date(2090, 1, 1)):
            self.refuse(
                lambda d=day: self._post_lines(Line(self.account, "reserve", 1), day=d)
            )
        # Nothing is followed before it was there.
        for line in (
            Line(self.account, "commit", 10, reserved),
            Line(self.account, "reverse", 10, None, reserved),
        ):
            self.refuse(lambda li=line: self._post_lines(li, day=date(2019, 5, 31)))

    def test_a_key_for_two_things(self):
        one, two = (self._post(self.account, "reserve", 10) for _index in range(2))
        line = Line(self.account, "release", 10, one)
        self._post_lines(line, key="key")
        self._post_lines(line, key="key")
        self.refuse(lambda: self._post_lines(line._replace(resolves=two), key="key"))
        postings = [
            Posting("twice", [Line(self.account, "reserve", 1)], self.county_a, day)
            for day in itertools.repeat(date(2019, 6, 1), 3)
        ]
        self.assertEqual(len(self.Account._post(postings)), 1)
        postings[1] = postings[1]._replace(
            key="mixed", lines=[Line(self.account, "reserve", 2)]
        )
        postings[2] = postings[2]._replace(key="mixed")
        self.refuse(lambda: self.Account._post(postings))


class TestSqlAttacks(AttackCase):
    """Below the ORM: the database itself keeps the books."""

    def _insert(self, **columns):
        values = {
            "posting_key": "'raw'",
            "line_number": "1",
            "account_id": str(self.account.id),
            "date": "'2019-06-01'",
            "kind": "'reserve'",
            "amount": "10",
            "res_model": "'welfare.region'",
            "res_id": str(self.county_a.id),
            "user_id": str(self.env.uid),
            **columns,
        }
        names, expressions = ", ".join(values), ", ".join(values.values())
        return f"INSERT INTO welfare_fund_entry ({names}) VALUES ({expressions})"

    def test_forged_effects(self):
        self.env.cr.execute(
            self._insert(
                d_received="1000000",
                d_paid="-5",
                d_reserved="-10",
                transfer="77",
                posted_at="'1999-01-01'",
                currency_id=str(self.env.ref("base.USD").id),
            )
        )
        self.env.invalidate_all()
        entry = self.env["welfare.fund.entry"].search([], limit=1)
        self.assertEqual(
            (entry.d_received, entry.d_paid, entry.d_reserved, entry.transfer),
            (0, 0, 10, 0),
        )
        self.assertGreater(entry.posted_at.year, 2020)
        self.assertEqual(entry.currency_id.name, "CNY")
        self.assertEqual((self.account.received, self.account.reserved), (100, 10))
        self.assertBooksHold()

    def test_entries_that_no_python_has_seen(self):
        self._post(self.account, "reserve", 90)
        for columns in (
            *({"amount": amount, "kind": "'receive'"} for amount in NO_COLUMNS),
            {"amount": "10.01"},
            {"kind": "'send'", "amount": "1"},
            {"kind": "'arrive'", "amount": "1"},
            {"kind": "'carry_in'", "amount": "1"},
            {"kind": "'pay'", "amount": "1"},
            {"kind": "'release'", "amount": "1"},
            {"kind": "'take_back'", "amount": "1"},
            {"kind": "'windfall'", "amount": "1"},
            {"kind": "'reverse'", "amount": "1"},
            {
                "kind": "'reverse'",
                "amount": "99",
                "reverses_id": str(self.entry.id),
            },
            {"kind": "'commit'", "amount": "1", "resolves_id": str(self.entry.id)},
            {"date": "'2020-06-01'", "amount": "1"},
            {"date": "'2090-06-01'", "amount": "1", "kind": "'lapse'"},
            {"account_id": "NULL"},
            {"account_id": "0"},
        ):
            self.refuse_sql(self._insert(**columns))

    def test_documents_that_are_posted(self):
        approve(self.allotment).action_post()
        for statement in (
            "UPDATE welfare_allotment SET state = 'draft'",
            "UPDATE welfare_allotment SET date = '2019-01-01'",
            f"UPDATE welfare_allotment SET account_id = {self.account.id + 1}",
            "DELETE FROM welfare_allotment",
            "UPDATE welfare_allotment_line SET amount = 1",
            f"UPDATE welfare_allotment_line SET region_id = {self.street_b.id}",
            "DELETE FROM welfare_allotment_line",
            "INSERT INTO welfare_allotment_line (allotment_id, region_id, amount,"
            f" currency_id) SELECT {self.allotment.id}, region_id, 1, currency_id"
            " FROM welfare_allotment_line LIMIT 1",
            "UPDATE welfare_appropriation SET amount_initial = 1",
            "UPDATE welfare_appropriation SET year = 2018",
            f"DELETE FROM welfare_appropriation WHERE id = {self.appropriation.id}",
        ):
            self.refuse_sql(statement)

    def test_amounts_of_documents(self):
        self._create_appropriation(number="草稿")
        for amount in NO_COLUMNS:
            self.refuse_sql(
                f"UPDATE welfare_appropriation SET amount_initial = {amount} "
                "WHERE state = 'draft'"
            )
            self.refuse_sql(f"UPDATE welfare_allotment_line SET amount = {amount}")

    def test_a_home_of_another_place(self):
        home = self._create_facility(self.community_a)
        self.refuse_sql(
            "INSERT INTO welfare_fund_account (appropriation_id, year, region_id, "
            "facility_id, currency_id) SELECT appropriation_id, year, "
            f"{self.street_b.id}, {home.id}, currency_id "
            "FROM welfare_fund_account LIMIT 1"
        )

    def test_the_proof_finds_what_is_wrong(self):
        """Whoever can switch a trigger off is found out."""
        approve(self.allotment).action_post()
        self.assertBooksHold()
        for table, statement, found in (
            ("account", "SET paid = paid + 1", {"account"}),
            ("account", "SET granted = granted + 1", {"account"}),
            ("entry", "SET d_received = d_received + 1", {"account"}),
            ("entry", "SET amount = amount + 1", {"appropriation", "allotment"}),
            ("entry", "SET res_id = -1", {"appropriation", "allotment"}),
        ):
            table = f"welfare_fund_{table}"
            with self.subTest(statement), self.cr.savepoint() as savepoint:
                self.env.cr.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
                self.env.cr.execute(f"UPDATE {table} {statement}")
                differences = self.Account._find_differences()
                self.assertEqual({row["what"] for row in differences}, found)
                savepoint.rollback()
        self.assertBooksHold()


class TestQueryCounts(FundCase):
    """Query counts foretell the time, and do not depend on the machine."""

    def setUp(self):
        super().setUp()
        self.account = self._get_account(self._register(100_000))
        self._post(self.account, "reserve", 1)  # what Odoo reads once

    def _count(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.cr.sql_log_count - before

    def _prepare_postings(self, count, **options):
        account = self.account.with_user(self.finance)
        return [
            Posting(
                f"count,{next(self._keys)}",
                [Line(account, "reserve", 1, **options)],
                self.county_a,
                date(2019, 6, 1),
            )
            for _index in range(count)
        ]

    def test_postings(self):
        Account = self.Account.with_user(self.finance)
        counts = {}
        for count in (1, 2, 100):
            postings = self._prepare_postings(count)
            counts[count] = self._count(lambda p=postings: Account._post(p))
        self.assertLessEqual(counts[1], 6, counts)
        self.assertEqual(len(set(counts.values())), 1, counts)

    def test_postings_that_follow(self):
        reserved = self._post(self.account, "reserve", 10)
        posting = self._prepare_postings(1)[0]._replace(
            lines=[Line(self.account.with_user(self.finance), "commit", 5, reserved)]
        )
        Account = self.Account.with_user(self.finance)
        self.assertLessEqual(self._count(lambda: Account._post([posting])), 6)

    def test_allotments(self):
        """As many queries for 50 holders as for one."""
        streets = self._create_communities(self.street_a, 52)
        approve(self._allot(self.account, [(streets[0], 1)])).action_post()
        one = self._allot(self.account, [(streets[1], 1)])
        many = self._allot(self.account, [(street, 1) for street in streets[2:]])
        counts = [
            self._count(approve(one).action_post),
            self._count(approve(many).action_post),
        ]
        self.assertLessEqual(counts[1], counts[0] + 2, counts)
        self.assertLessEqual(counts[0], 44, counts)
