"""Whatever changes a row of the business is written down by the database."""

import uuid
from unittest.mock import patch

from psycopg2 import DatabaseError
from psycopg2.errors import CheckViolation

from odoo import api
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.service.model import retrying
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, mute_logger

from ..models.audit_capture import _MANY_ROWS, TECHNICAL, find_captures, is_captured
from .common import WelfareCase
from .test_welfare_fund_concurrency import FundConcurrencyCase


class TestAuditCapture(WelfareCase):
    """What is captured, and what cannot be avoided."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["welfare.audit.event"]
        cls.facility = cls._create_facility(cls.community_a, name="甲之家")
        cls.env.flush_all()

    def _sql(self, query, *params):
        self.env.flush_all()
        self.env.cr.execute(query, params)

    def _last(self, record, **vals):
        return self._events(record, **vals)[-1:]

    # === ROWS === #

    def test_a_creation_is_captured(self):
        event = self._last(self.facility, operation="insert")
        self.assertEqual(event.new_values["name"], "甲之家")
        self.assertEqual(event.new_values["region_id"], self.community_a.id)
        self.assertFalse(event.old_values)
        self.assertNotIn("write_date", event.new_values)
        self.assertEqual(event.record_name, "甲之家")
        self.assertEqual(event.region_id, self.community_a)
        self.assertEqual(event.table_name, "welfare_facility")
        self.assertTrue(event.txid and event.occurred_at and event.db_user)

    def test_a_change_holds_what_changed(self):
        self.facility.write({"name": "新名", "plan_year": 2020})
        event = self._last(self.facility)
        self.assertEqual(event.operation, "update")
        self.assertEqual(event.old_values.keys(), {"name", "plan_year"})
        self.assertEqual(event.old_values["name"], "甲之家")
        self.assertEqual(event.new_values, {"name": "新名", "plan_year": 2020})

    def test_a_change_of_nothing_is_none(self):
        count = len(self._events(self.facility))
        self.facility.write({"name": self.facility.name})
        self._sql(
            "UPDATE welfare_facility SET write_date = now() WHERE id = %s",
            self.facility.id,
        )
        self.assertEqual(len(self._events(self.facility)), count)

    def test_a_deletion_holds_everything(self):
        facility = self._create_facility(self.street_a, name="乙之家")
        self.env.flush_all()
        region = facility.region_id
        facility.unlink()
        event = self._last(facility)
        self.assertEqual(event.operation, "delete")
        self.assertEqual(event.old_values["name"], "乙之家")
        self.assertEqual(event.record_name, "乙之家")
        self.assertEqual(event.region_id, region)

    def test_what_goes_along_is_captured(self):
        facility = self._create_facility(self.street_a)
        status, region = facility.status_ids, facility.region_id
        self.assertTrue(status)
        self.env.flush_all()
        facility.unlink()
        event = self._last(status)
        self.assertEqual(event.operation, "delete")
        self.assertEqual(event.parent_model, "welfare.facility")
        self.assertEqual(event.parent_id, facility.id)
        # Its facility had gone already.
        self.assertEqual(event.region_id, region)

    def test_a_batch_is_captured_row_by_row(self):
        days = self.env["welfare.workday.exception"].create(
            [{"date": f"2031-01-{day:02}", "name": "试"} for day in range(1, 21)]
        )
        self.assertEqual(
            sorted(self._events(days, operation="insert").mapped("res_id")),
            sorted(days.ids),
        )
        days.write({"kind": "workday"})
        changes = self._events(days, operation="update")
        self.assertEqual(len(changes), 20)
        self.assertEqual(len(set(changes.mapped("txid"))), 1)

    def test_many_rows_are_captured_like_one(self):
        """One row, some and many take ways of their own through the trigger; the events
        are the same."""
        self.env.cr.execute(
            "SET LOCAL welfare.actor = %s", [f"{self.manager.id} 192.0.2.7"]
        )
        rows = {}
        for prefix, steps in (
            ("many", [(1, _MANY_ROWS)]),
            ("some", [(1, 2), (3, 3), (4, _MANY_ROWS)]),
            ("each", [(n, n) for n in range(1, _MANY_ROWS + 1)]),
        ):
            for first, last in steps:
                self._sql(
                    """
                    INSERT INTO welfare_rule (
                        code, name, unit, value, date_from, source, active, state
                    )
                    SELECT %s || n, jsonb_build_object('en_US', '"甲"' || chr(10) || n),
                           '{"en_US": "x"}', n + 0.50, '2010-01-01',
                           CASE WHEN n %% 3 = 0 THEN '张三11010519491231002X'
                                ELSE '' END,
                           nullif(n %% 2 = 0, false), 'draft'
                      FROM generate_series(%s, %s) n
                    """,
                    prefix,
                    first,
                    last,
                )
                self._sql(
                    """
                    UPDATE welfare_rule SET
                        value = value + mod(trunc(value), 2),
                        active = CASE WHEN mod(trunc(value), 4) = 1 THEN true END,
                        date_to = CASE WHEN mod(trunc(value), 4) = 0 THEN date_from END,
                        source = 'x', write_date = now()
                    WHERE code IN (SELECT %s || n FROM generate_series(%s, %s) n)
                    """,
                    prefix,
                    first,
                    last,
                )
            rules = self.env["welfare.rule"].search(
                [("code", "=like", f"{prefix}%"), ("active", "in", (True, False))]
            )
            self.assertEqual(len(rules), _MANY_ROWS)
            rows[prefix] = sorted(self._tell(rules, prefix))
        self.assertEqual(len(rows["many"]), 2 * _MANY_ROWS)
        self.assertEqual(rows["many"], rows["each"])
        self.assertEqual(rows["some"], rows["each"])
        said = "".join(rows["many"])
        self.assertIn("'note': 'identity'", said)
        self.assertIn("192.0.2.7", said)
        self.assertIn(self.manager.name, said)
        self.assertNotIn("19491231", said)
        self.assertIn("'active': None", said)

    def _tell(self, records, prefix):
        """Return as texts what the events say, but for the records they speak of."""
        for event in self._events(records):
            values = event.read(
                ["operation", "table_name", "old_values", "new_values", "region_id"]
                + ["record_name", "parent_model", "parent_id", "note", "txid"]
                + ["user_id", "db_user", "db_address", "request_address"]
                + ["application"]
            )[0]
            del values["id"]
            yield str(values).replace(prefix, "…")

    def test_many_keys_that_change_are_rows_gone_and_come(self):
        all_days = self._create_days()
        for days in (all_days[:3], all_days[3:]):
            self._sql(
                "UPDATE welfare_workday_exception SET id = id + 900000000"
                " WHERE id IN %s",
                tuple(days.ids),
            )
            moved = days.browse(number + 900000000 for number in days.ids)
            self.assertEqual(len(self._events(days, operation="delete")), len(days))
            self.assertEqual(len(self._events(moved, operation="insert")), len(days))

    def test_a_column_that_is_not_known_yet_is_captured(self):
        """Between a change of the table and the next start; with few rows and many."""
        days = self._create_days()
        for change, values in (
            ("ADD COLUMN x_new integer DEFAULT 1", "x_new = x_new + 1"),
            ("RENAME COLUMN x_new TO x_other", "x_other = x_other + 1"),
            ("DROP COLUMN x_other", "kind = kind || 'x'"),
        ):
            self._sql(f"ALTER TABLE welfare_workday_exception {change}")
            column = values.split(" ", maxsplit=1)[0]
            for some in (days, days[:2], days[:1]):
                with self.subTest(change=change, rows=len(some)):
                    before = len(self._events(some, operation="update"))
                    self._sql(
                        f"UPDATE welfare_workday_exception SET {values} WHERE id IN %s",
                        tuple(some.ids),
                    )
                    events = self._events(some, operation="update")
                    self.assertEqual(len(events), before + len(some))
                    self.assertEqual(events[-1].new_values.keys(), {column})

    def _create_days(self):
        days = self.env["welfare.workday.exception"].create(
            [
                {"date": f"203{year}-01-{day:02}", "name": "试"}
                for year in range(2)
                for day in range(1, 3 + _MANY_ROWS // 2)
            ]
        )
        self.env.flush_all()
        return days

    def test_sql_is_captured(self):
        self._sql(
            "UPDATE welfare_facility SET name = 'SQL' WHERE id = %s", self.facility.id
        )
        event = self._last(self.facility)
        self.assertEqual(event.new_values, {"name": "SQL"})

    def test_a_changed_key_is_a_row_gone_and_a_row_come(self):
        rule = self.env["welfare.workday.exception"].create(
            {"date": "2031-01-01", "name": "试"}
        )
        self._sql(
            "UPDATE welfare_workday_exception SET id = 999999999 WHERE id = %s", rule.id
        )
        moved = rule.browse(999999999)
        self.assertEqual(self._last(rule).operation, "delete")
        self.assertEqual(self._last(moved).operation, "insert")

    def test_no_table_of_the_session_takes_the_events(self):
        """Names that a session has made for itself come before ours."""
        for table in ("welfare_audit_event", "welfare_facility"):
            self._sql(f"CREATE TEMP TABLE {table} (LIKE public.{table})")
        self._sql("SET LOCAL search_path TO pg_temp, public")
        self._sql(
            "INSERT INTO public.ir_attachment (name, type, res_model, res_id)"
            " VALUES ('x', 'binary', 'welfare.facility', %s) RETURNING id",
            self.facility.id,
        )
        [[number]] = self.env.cr.fetchall()
        for table in ("welfare_audit_event", "welfare_facility"):
            self._sql(f"DROP TABLE pg_temp.{table}")
        event = self._last(self.env["ir.attachment"].browse(number))
        self.assertEqual(event.new_values["name"], "x")
        self.assertEqual(event.region_id, self.facility.region_id)

    def test_no_function_of_the_session_says_who_acts(self):
        """Functions that a session puts before PostgreSQL's own; one row or many."""
        self._sql(
            """
            CREATE SCHEMA test_forged;
            CREATE FUNCTION test_forged.current_setting(text, boolean) RETURNS text
                AS $$ SELECT '1 203.0.113.9' $$ LANGUAGE sql;
            CREATE FUNCTION test_forged.inet_client_addr() RETURNS inet
                AS $$ SELECT '203.0.113.9'::inet $$ LANGUAGE sql;
            SET LOCAL welfare.actor = '77 192.0.2.7';
            SET LOCAL search_path TO test_forged, pg_catalog, public
            """
        )
        for count in (1, _MANY_ROWS):
            self._sql(
                """
                INSERT INTO welfare_workday_exception (date, kind, name)
                SELECT '2031-03-01'::date + n, 'workday', '{"en_US": "forged"}'
                FROM generate_series(1, %s) n;
                DELETE FROM welfare_workday_exception WHERE date > '2031-03-01'
                """,
                count,
            )
        self._sql(
            """
            SELECT DISTINCT user_id, request_address, db_address = '203.0.113.9'
            FROM welfare_audit_event WHERE new_values #>> '{name,en_US}' = 'forged'
            """
        )
        found = self.env.cr.fetchall()
        self._sql("RESET search_path; RESET welfare.actor")
        self.assertEqual(
            {(user, address, bool(forged)) for user, address, forged in found},
            {(77, "192.0.2.7", False)},
        )

    def test_an_emptied_table_is_captured(self):
        self._sql("TRUNCATE welfare_import_mapping CASCADE")
        event = self.Event.search([("operation", "=", "truncate")], limit=1)
        self.assertEqual(event.table_name, "welfare_import_mapping")

    def test_a_replica_is_captured(self):
        """Who says that the session replicates would skip ordinary triggers."""
        self.env.flush_all()
        try:
            with self.env.cr.savepoint(), mute_logger("odoo.sql_db"):
                self.env.cr.execute("SET LOCAL session_replication_role = replica")
        except DatabaseError:
            enabled = "superusers alone may say so"
        else:
            self._sql(
                "UPDATE welfare_facility SET name = 'R' WHERE id = %s", self.facility.id
            )
            self.env.cr.execute("SET LOCAL session_replication_role = origin")
            enabled = self._last(self.facility).new_values
            self.assertEqual(enabled, {"name": "R"})
        self.assertTrue(enabled)

    def test_no_context_and_no_sudo_avoids_it(self):
        for context in (
            {"tracking_disable": True},
            {"mail_notrack": True, "mail_create_nolog": True},
            {"no_audit": True, "audit_disable": True, "auditlog_disabled": True},
            {"prefetch_fields": False, "import_file": True, "install_mode": True},
        ):
            count = len(self._events(self.facility))
            record = self.facility.with_context(**context).sudo()
            record.write({"plan_year": 2000 + count})
            self.assertEqual(len(self._events(self.facility)), count + 1, context)

    # === RELATIONS, FILES, PEOPLE === #

    def test_roles_and_regions_of_users_are_captured(self):
        user = self._create_user("manager", regions=self.county_a, login="changed")
        self.env.flush_all()
        before = self._events(user)
        group = self.env.ref("welfare_facility.welfare_group_finance")
        user.write(
            {
                "group_ids": [Command.link(group.id)],
                "welfare_region_ids": [Command.set(self.county_b.ids)],
                "password": "a secret of mine",
            }
        )
        events = self._events(user) - before
        roles = events.filtered(
            lambda event: event.table_name == "res_groups_users_rel"
        )
        self.assertIn(group.id, [event.new_values["gid"] for event in roles])
        regions = {
            event.operation: event.new_values or event.old_values
            for event in events
            if event.table_name == "welfare_region_res_users_rel"
        }
        self.assertEqual(regions["insert"]["region_id"], self.county_b.id)
        self.assertEqual(regions["delete"]["region_id"], self.county_a.id)
        user.active = False
        self.assertEqual(self._last(user).new_values, {"active": False})
        text = str(self._events(user).mapped("new_values"))
        self.assertNotIn("secret", text)
        self.assertNotIn("pbkdf2", text)
        self.assertNotIn("password", text)

    def test_relations_of_our_models_are_captured(self):
        relations = {
            capture.table for capture in find_captures(self.env) if not capture.has_id
        }
        self.assertIn("welfare_region_res_users_rel", relations)
        self.assertIn("res_groups_users_rel", relations)
        missing = {
            field.relation
            for name in self.env.registry
            if is_captured(self.env[name])
            for field in self.env[name]._fields.values()
            if field.type == "many2many" and field.store
        } - relations
        self.assertFalse(missing)

    def test_files_are_captured_by_their_checksum(self):
        attachment = self.env["ir.attachment"].create(
            {
                "name": "验收.txt",
                "raw": b"very private",
                "res_model": "welfare.facility",
                "res_id": self.facility.id,
            }
        )
        event = self._last(attachment)
        self.assertEqual(event.new_values["checksum"], attachment.checksum)
        self.assertEqual(event.parent_model, "welfare.facility")
        self.assertEqual(event.parent_id, self.facility.id)
        self.assertEqual(event.region_id, self.community_a)
        self.assertNotIn("private", str(event.new_values))
        attachment.raw = b"swapped"
        self.assertIn("checksum", self._last(attachment).new_values)
        # Taken off the document, it leaves an event with the document.
        self._sql(
            "UPDATE ir_attachment SET res_model = 'res.partner' WHERE id = %s",
            attachment.id,
        )
        self.assertEqual(
            self._last(attachment).old_values, {"res_model": "welfare.facility"}
        )

    def test_other_files_are_not(self):
        attachment = self.env["ir.attachment"].create({"name": "x", "raw": b"x"})
        self.assertFalse(self._events(attachment))

    def test_suppliers_and_rules_are_captured(self):
        partner = self.env["res.partner"].create({"name": "承接机构"})
        self.env.flush_all()
        partner.write({"vat": "91530100MA6K12345X", "comment": "private"})
        event = self._last(partner)
        self.assertEqual(event.new_values, {"vat": "91530100MA6K12345X"})
        rule = self.env.ref("welfare_facility.welfare_facility_rule")
        rule.active = False
        self.assertEqual(self._last(rule).new_values, {"active": False})

    # === WHO === #

    def test_the_session_is_who_acts(self):
        """Neither sudo() nor another user's environment hides who is behind it."""
        with self._session(self.manager) as env:
            facility = env["welfare.facility"].browse(self.facility.id)
            facility.sudo().write({"plan_year": 2041})
            env.flush_all()
            facility.with_user(self.administrator).sudo().write({"plan_year": 2042})
            env.flush_all()
            env.cr.execute("UPDATE welfare_facility SET name = 'x'")
        events = self._events(self.facility)[-3:]
        self.assertEqual(events.user_id, self.manager)
        self.assertEqual(len(events), 3)

    def _session(self, user):
        """Have the transaction serve the session of a user."""
        case = self

        class Session:
            def __enter__(self):
                transaction = case.env.transaction
                self.before = transaction.default_env
                transaction.default_env = api.Environment(case.env.cr, user.id, {})
                return transaction.default_env

            def __exit__(self, *_error):
                case.env.transaction.default_env = self.before

        return Session()

    def test_sql_without_odoo_has_no_user(self):
        self.env.flush_all()
        self.env.cr.execute("RESET welfare.actor")
        self.env.cr.execute(
            "UPDATE welfare_facility SET plan_year = 9, write_uid = %s WHERE id = %s",
            [self.manager.id, self.facility.id],
        )
        event = self._last(self.facility)
        self.assertFalse(event.user_id)
        self.assertTrue(event.db_user)

    def test_a_forged_actor_does_not_keep_a_change_from_being_captured(self):
        self.env.flush_all()
        for forged in ("x", "99999999999999999999 y", "", " ", "1; DROP TABLE"):
            self.env.cr.execute("SET welfare.actor = %s", [forged])
            self.env.cr.execute(
                "UPDATE welfare_facility SET plan_year = coalesce(plan_year, 0) + 1"
                " WHERE id = %s",
                [self.facility.id],
            )
        self.env.cr.execute("RESET welfare.actor")

    def test_the_name_outlives_what_is_undone(self):
        with self._session(self.manager) as env:
            facility = env["welfare.facility"].browse(self.facility.id)
            with self.assertRaises(ZeroDivisionError), env.cr.savepoint():
                facility.sudo().plan_year = 2060
                env.flush_all()
                _fails = 1 / 0
            facility.sudo().plan_year = 2061
            env.flush_all()
        self.assertEqual(self._last(self.facility).user_id, self.manager)

    def test_the_name_outlives_a_savepoint_that_odoo_does_not_clear(self):
        with self._session(self.manager) as env:
            facility = env["welfare.facility"].browse(self.facility.id)
            with (
                self.assertRaises(ZeroDivisionError),
                env.cr.savepoint(flush=False),
            ):
                facility._announce_actor()
                _fails = 1 / 0
            facility._announce_actor()
            env.cr.execute(
                "UPDATE welfare_facility SET plan_year = 2062 WHERE id = %s",
                [self.facility.id],
            )
        self.assertEqual(self._last(self.facility).user_id, self.manager)

    def test_a_job_of_the_server_has_its_user(self):
        cron = self.env["ir.cron"].create(
            {
                "name": "x",
                "model_id": self.env["ir.model"]._get_id("welfare.facility"),
                "code": f"env.cr.execute('UPDATE welfare_facility SET plan_year = 2063"
                f" WHERE id = {self.facility.id}')",
                "user_id": self.administrator.id,
            }
        )
        self.registry_enter_test_mode()
        self.env.cr.execute("RESET welfare.actor; RESET application_name")
        cron.method_direct_trigger()
        self.assertEqual(self._last(self.facility).user_id, self.administrator)

    # === APPEND-ONLY === #

    def test_rows_are_only_added(self):
        partition = (
            f"welfare_audit_event_{self.Event.search([], limit=1).occurred_at.year}"
        )
        for table in ("welfare_audit_event", partition, "welfare_audit_event_default"):
            for statement in (
                "UPDATE %s SET note = 'x'",
                "DELETE FROM %s",
                "TRUNCATE %s",
            ):
                if table.endswith("default") and "TRUNCATE" not in statement:
                    continue
                with (
                    self.subTest(table=table, statement=statement),
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(CheckViolation),
                    self.env.cr.savepoint(),
                ):
                    self.env.cr.execute(statement.replace("%s", table))

    def test_no_user_writes_it(self):
        event = self._last(self.facility)
        for env in (self.env, *(user.env for user in self.user_by_role.values())):
            Event = self.Event.with_env(env)
            for act in (
                lambda Event=Event: Event.create({"operation": "insert"}),
                lambda Event=Event: Event.browse(event.id).write({"note": "x"}),
                lambda Event=Event: Event.browse(event.id).unlink(),
                lambda Event=Event: Event.sudo().browse(event.id).unlink(),
            ):
                with self.assertRaises(AccessError):
                    act()

    # === PRIVACY === #

    def test_a_number_of_a_citizen_is_warned_about(self):
        with patch.object(type(self.env["bus.bus"]), "_sendone") as send:
            self.facility.name = "张三11010519491231002X"
            self.facility.name = "张三110105194912310021"
        [call] = send.call_args_list
        self.assertEqual(call.args[1], "simple_notification")
        self.assertNotIn("1949", str(call.args[2]))

    def test_a_number_of_a_citizen_is_flagged_and_not_kept(self):
        self.facility.name = "张三11010519491231002X"
        self.env.flush_all()
        event = self._last(self.facility)
        self.assertEqual(event.note, "identity")
        self.assertNotIn("19491231", str(event.new_values))
        self.facility.name = "好名"
        event = self._last(self.facility)
        self.assertFalse(event.note)
        self.assertNotIn("19491231", str(event.old_values))


class TestAuditPosting(FundConcurrencyCase):
    """The ledger begins its transaction anew, and writes by SQL."""

    def _assert_all_have_a_user(self, model):
        """Every event of the last transaction that touched a model is the user's."""
        with self.transaction() as env:
            rows = env.execute_query(
                SQL(
                    """
                    SELECT model, user_id FROM welfare_audit_event
                    WHERE txid = (SELECT txid FROM welfare_audit_event
                                  WHERE model = %s ORDER BY id DESC LIMIT 1)
                    """,
                    model,
                )
            )
        self.assertTrue({"welfare.fund.entry", model} <= {name for name, _uid in rows})
        self.assertEqual({uid for _name, uid in rows}, {self.uid})

    def _request(self, function):
        """Do something as a request would, in a transaction that is committed."""
        with self.cursor() as cr:
            env = api.Environment(cr, self.uid, {})
            retrying(lambda: function(env), env)

    def test_an_allotment_is_posted(self):
        [allotment] = self.create_allotments(self.register(1000), 1, 10)
        self._request(
            lambda env: env["welfare.allotment"].browse(allotment).action_post()
        )
        self._assert_all_have_a_user("welfare.allotment")

    def test_entries_are_posted_by_sql_alone(self):
        account = self.register(1000)
        self._request(
            lambda env: self.post(
                env, f"{self.id()}{uuid.uuid4()}", [(account, "reserve", 100)]
            )
        )
        self._assert_all_have_a_user("welfare.fund.account")


@tagged("post_install", "-at_install")
class TestAuditCoverage(TransactionCase):
    """Every table and every column of the addon is in, or declared out."""

    def test_every_model_is_in_or_declared_out(self):
        captured = {capture.table for capture in find_captures(self.env)}
        for name, model in self.env.registry.items():
            if model._original_module != "welfare_facility":
                continue
            if model._abstract or model._transient or not model._auto:
                continue
            with self.subTest(model=name):
                if model._audit_excluded:
                    self.assertGreater(len(model._audit_excluded), 20, "Say why.")
                else:
                    self.assertIn(model._table, captured)

    def test_every_column_is_in_or_declared_out(self):
        captures = {capture.table: capture for capture in find_captures(self.env)}
        for name in self.env.registry:
            model = self.env[name]
            if not is_captured(model):
                continue
            for field in model._fields.values():
                if not field.store or not field.column_type:
                    continue
                why = {**TECHNICAL, **model._audit_excluded_fields}.get(field.name)
                with self.subTest(field=str(field)):
                    self.assertNotEqual(field.column_type[0], "bytea")
                    if field.name != "id":
                        self.assertEqual(
                            captures[model._table].captures(field.name), not why
                        )
            unknown = model._audit_excluded_fields.keys() - model._fields.keys()
            self.assertFalse(unknown, name)

    def test_what_is_in_arrives(self):
        """The functions leave out of a row what is declared out, and no more."""
        self.env.cr.execute("SELECT proname, prosrc FROM pg_proc")
        sources = dict(self.env.cr.fetchall())
        for capture in self.env["welfare.audit.event"]._find_captures():
            with self.subTest(table=capture.table):
                self.assertEqual(
                    sources[capture.function],
                    capture.body(self.env["welfare.audit.event"]._schema()),
                )

    def test_all_triggers_are_there(self):
        self.assertEqual(self.env["welfare.audit.event"]._find_missing_triggers(), [])


@tagged("post_install", "-at_install")
class TestAuditTriggers(TransactionCase):
    """A trigger that is switched off, gone or another one is found and put right."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Event = cls.env["welfare.audit.event"]

    def _assert_found(self, sql, *expected):
        self.env.cr.execute(sql)
        faults = {
            (fault["table"], fault["trigger"], fault["fault"])
            for fault in self.Event._find_missing_triggers()
        }
        self.assertEqual(faults, set(expected))
        last = self.Event.search([], limit=1).id
        self.Event._install_capture()
        self.assertEqual(self.Event._find_missing_triggers(), [])
        repairs = self.Event.search([("id", ">", last), ("operation", "=", "repair")])
        self.assertEqual(len(repairs), len(expected))

    def test_a_disabled_trigger(self):
        for statement in ("DISABLE", "ENABLE REPLICA", "ENABLE"):
            with self.subTest(statement=statement):
                self._assert_found(
                    f"ALTER TABLE welfare_rule {statement}"
                    " TRIGGER welfare_audit_update",
                    ("welfare_rule", "welfare_audit_update", "disabled"),
                )

    def test_a_dropped_trigger(self):
        self._assert_found(
            "DROP TRIGGER welfare_audit_delete ON welfare_facility",
            ("welfare_facility", "welfare_audit_delete", "missing"),
        )

    def test_another_function(self):
        self._assert_found(
            "CREATE OR REPLACE FUNCTION welfare_audit_of_welfare_rule()"
            " RETURNS trigger AS 'BEGIN RETURN NULL; END' LANGUAGE plpgsql",
            ("welfare_rule", "welfare_audit_of_welfare_rule", "function"),
        )

    def test_settings_of_a_function(self):
        for change in ("SET DateStyle = 'German'", "SECURITY DEFINER"):
            with self.subTest(change=change):
                self._assert_found(
                    f"ALTER FUNCTION welfare_audit_of_welfare_rule() {change}",
                    ("welfare_rule", "welfare_audit_of_welfare_rule", "function"),
                )

    def test_a_field_made_by_hand(self):
        """What is declared then follows at once, so that nobody is alarmed."""
        field = self.env["ir.model.fields"].create(
            {
                "name": "x_trail",
                "field_description": "By hand",
                "ttype": "char",
                "model_id": self.env["ir.model"]._get_id("welfare.workday.exception"),
            }
        )
        self.assertEqual(self.Event._find_missing_triggers(), [])
        field.unlink()
        self.assertEqual(self.Event._find_missing_triggers(), [])

    def test_an_upgrade_says_what_it_changed(self):
        self.env.cr.execute("DROP TRIGGER welfare_audit_delete ON welfare_rule")
        self.Event._install_capture(is_upgrade=True)
        event = self.Event.search([], limit=1)
        self.assertEqual(event.operation, "repair")
        self.assertEqual(event.note, "welfare_audit_delete: missing (upgrade)")

    def test_a_condition(self):
        self._assert_found(
            """
            DROP TRIGGER welfare_audit_truncate ON welfare_rule;
            CREATE TRIGGER welfare_audit_truncate AFTER TRUNCATE ON welfare_rule
                FOR EACH STATEMENT WHEN (false)
                EXECUTE FUNCTION welfare_audit_of_welfare_rule()
            """,
            ("welfare_rule", "welfare_audit_truncate", "changed"),
        )

    def test_the_guards_of_the_trail(self):
        [[year]] = self.env.execute_query(SQL("SELECT extract(year FROM now())::int"))
        table = f"welfare_audit_event_{year}"
        for trigger in ("welfare_audit_refuse", "welfare_audit_refuse_truncate"):
            self._assert_found(
                f"ALTER TABLE {table} DISABLE TRIGGER {trigger}",
                (table, trigger, "disabled"),
            )
        self._assert_found(
            "CREATE OR REPLACE FUNCTION welfare_audit_refuse()"
            " RETURNS trigger AS 'BEGIN RETURN NEW; END' LANGUAGE plpgsql",
            (None, "welfare_audit_refuse", "function"),
        )
