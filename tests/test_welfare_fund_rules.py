from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tools import mute_logger

from ..models.welfare_fund_account import Line, Posting
from .common import approve
from .test_welfare_fund_ledger import FundCase


class TestSources(FundCase):
    """What the law says of a source and of a code is data, and fails closed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lottery = cls.env.ref("welfare_facility.fund_source_lottery_prefecture")
        cls.orphan = cls.env.ref("welfare_facility.fund_purpose_orphan")

    def _try(self, **vals):
        """Try to register money of the lottery."""
        vals = {
            "number": f"福彩{next(self._keys)}号",
            "source_id": self.lottery.id,
            "purpose_ids": [Command.set(self.orphan.ids)],
            **vals,
        }
        return self._register(**vals)

    def assertRefused(self, **vals):
        with self.assertRaises(UserError), self.cr.savepoint():
            self._try(**vals)

    def test_sources_as_data(self):
        Source = self.env["welfare.fund.source"]
        natures = {(source.level, source.nature) for source in Source.search([])}
        for level in ("central", "province", "prefecture", "county"):
            self.assertIn((level, "general"), natures)
        for level in ("central", "province", "prefecture"):
            self.assertIn((level, "fund"), natures)
        self.assertIn(("society", "donation"), natures)
        purposes = {"fund_purpose_elderly", "fund_purpose_disabled"}
        purposes |= {"fund_purpose_orphan", "fund_purpose_poor"}
        for source in Source.search([("nature", "=", "fund")]):
            with self.subTest(source.code):
                self.assertEqual(
                    {
                        xml_id.split(".")[1]
                        for xml_id in source.purpose_ids.get_external_id().values()
                    },
                    purposes,
                )
                self.assertTrue(source.prohibited_ids)
                self.assertTrue(source.needs_label)
                self.assertEqual(source.disclosure_day, "06-30")
                self.assertTrue(source.carry_rule_ids)
                self.assertTrue(source.source)
        for day in ("31-12", "13-01", "6-30", "02-32"):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.lottery.disclosure_day = day
                self.lottery.flush_recordset()

    def test_no_source(self):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self._create_appropriation(source_id=False)

    def test_purposes(self):
        self.lottery.is_verified = True
        other = self.env["welfare.fund.purpose"].create({"name": "他", "code": "other"})
        self.assertRefused(purpose_ids=[Command.set(other.ids)])
        self.assertRefused(purpose_ids=[Command.set((self.orphan + other).ids)])
        self.assertRefused(purpose_ids=False)
        self._try()

    def test_codes_of_both_sets_by_year(self):
        """A code holds from a year to a year, in each of the three columns."""
        self.lottery.is_verified = True
        Code = self.env["welfare.fund.classification"]
        for column, kind in (
            ("function_id", "function"),
            ("economic_department_id", "economic_department"),
            ("economic_government_id", "economic_government"),
        ):
            code = Code.create(
                {
                    "kind": kind,
                    "code": "99901",
                    "name": "试",
                    "year_from": 2018,
                    "year_to": 2019,
                    "is_verified": True,
                }
            )
            renamed = code.copy({"name": "改", "year_from": 2020, "year_to": False})
            for year, known, refused in (
                (2017, code, True),
                (2018, code, False),
                (2019, code, False),
                (2020, code, True),
                (2019, renamed, True),
                (2020, renamed, False),
            ):
                vals = {column: known.id, "year": year, "date": f"{year}-03-01"}
                with self.subTest(column, year=year, name=known.name):
                    if refused:
                        self.assertRefused(**vals)
                    else:
                        self._try(**vals)
                    domain = Code._get_year_domain(year)
                    self.assertEqual(
                        bool(known.filtered_domain(list(domain))), not refused
                    )
            if kind != "function":
                self.lottery.prohibited_ids += code
                self.assertRefused(
                    **{column: code.id, "year": 2019, "date": "2019-03-01"}
                )


class TestNightlyProof(FundCase):
    """The books are proved each night; who must know is told."""

    def test_the_alarm(self):
        account = self._get_account(self._register(100))
        cron = self.env.ref("welfare_facility.ir_cron_prove_books")
        self.assertEqual((cron.interval_number, cron.interval_type), (1, "days"))
        self.assertTrue(cron.active)
        partners = (self.finance | self.auditor).partner_id
        self.assertEqual(cron.code, "model._cron_prove_books()")
        self.Account._cron_prove_books()
        self.assertFalse(partners.activity_ids)
        with self.cr.savepoint() as savepoint:
            self.env.flush_all()
            self.env.cr.execute("ALTER TABLE welfare_fund_account DISABLE TRIGGER USER")
            self.env.cr.execute(
                "UPDATE welfare_fund_account SET paid = paid + 1 WHERE id = %s",
                (account.id,),
            )
            logger = "odoo.addons.welfare_facility.models.welfare_fund_account_proof"
            with self.assertLogs(logger, "CRITICAL") as logs:
                self.Account._cron_prove_books()
            self.assertIn(f"'id': {account.id}", logs.output[0])
            for partner in partners:
                [activity] = partner.activity_ids
                self.assertIn(str(account.id), activity.note)
            savepoint.rollback()


class TestDrill(FundCase):
    """From the money to its document, and back."""

    def test_both_ways(self):
        appropriation = self._register(100)
        county = self._get_account(appropriation)
        allotment = self._allot(county, [(self.street_a, 60)])
        approve(allotment).action_post()
        street = self._get_account(appropriation, self.street_a)

        def found(action):
            return self.env[action["res_model"]].search(action["domain"])

        # Down: document → accounts → entries; the position → account.
        self.assertEqual(found(appropriation.action_open_accounts()), county + street)
        self.assertEqual(found(appropriation.action_open_allotments()), allotment)
        self.assertEqual(len(found(appropriation.action_open_entries())), 3)
        self.assertEqual(
            found(county.action_open_entries()).sorted("id").mapped("kind"),
            ["receive", "send"],
        )
        self.assertEqual(found(county.action_open_allotments()), allotment)
        self.assertEqual(found(street.action_open_allotments()), allotment)
        self.assertEqual(len(found(allotment.action_open_entries())), 2)
        position = self.env["welfare.fund.position"].search(
            [("account_id", "=", street.id)]
        )
        action = position.action_open_account()
        self.assertEqual(
            (action["res_model"], action["res_id"]), (street._name, street.id)
        )
        # Up: entry → document, account → appropriation.
        for entry in street.entry_ids | county.entry_ids:
            action = entry.action_open_document()
            document = appropriation if entry.kind == "receive" else allotment
            self.assertEqual(
                (action["res_model"], action["res_id"]), (document._name, document.id)
            )
        self.assertEqual(street.appropriation_id, appropriation)

    def test_a_document_of_any_stage(self):
        """Another stage's document is found in the same way."""
        account = self._get_account(self._register(100))
        posting = Posting(
            f"drill,{next(self._keys)}",
            [Line(account, "reserve", 1)],
            self.county_a,
            account.appropriation_id.date,
        )
        entry = self.Account._post([posting])
        action = entry.action_open_document()
        self.assertEqual(
            (action["res_model"], action["res_id"]),
            ("welfare.region", self.county_a.id),
        )
