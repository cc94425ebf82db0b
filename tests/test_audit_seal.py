import contextlib
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import uuid
import zipfile
from pathlib import Path
from unittest.mock import patch

import psycopg2
from psycopg2 import sql

import odoo.sql_db
from odoo import api
from odoo.tests import BaseCase, get_db_name, tagged
from odoo.tools import file_path
from odoo.tools.misc import exec_pg_environ, find_pg_tool

from ..models import welfare_audit_seal, welfare_audit_verification
from ..verifier import welfare_verify as verifier

PROGRAM = file_path("welfare_facility/verifier/welfare_verify.py")
WRITERS = 6


def connect(database):
    _name, parameters = odoo.sql_db.connection_info_for(database)
    return psycopg2.connect(**parameters)


def make_dsn(database):
    _name, parameters = odoo.sql_db.connection_info_for(database)
    return psycopg2.extensions.make_dsn(**parameters)


class SealCase(BaseCase):
    """Trails in databases of their own, restored from a dump of this one.

    ``base`` has three seals over rules that were made and changed with SQL, a file, and
    one transaction that was given up. Each test gets a copy of it.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.prefix = f"{get_db_name()}_trail"
        cls.base = f"{cls.prefix}_base"
        cls.folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.cr = cls.enterClassContext(
            contextlib.closing(odoo.sql_db.db_connect(get_db_name()).cursor())
        )
        cls.env = api.Environment(cls.cr, api.SUPERUSER_ID, {})
        cls.Seal = cls.env["welfare.audit.seal"]
        cls._make_base()

    @classmethod
    def _make_base(cls):
        cls._manage("DROP DATABASE IF EXISTS {}", cls.base)
        cls._manage("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'", cls.base)
        cls.addClassCleanup(cls._drop, cls.base)
        dump = Path(cls.folder) / "dump"
        tools = {"env": exec_pg_environ(), "check": True, "capture_output": True}
        subprocess.run(
            [find_pg_tool("pg_dump"), "-Fc", "-Z0", "-f", dump, get_db_name()], **tools
        )
        subprocess.run(
            [find_pg_tool("pg_restore"), "--no-comments", "-d", cls.base, dump], **tools
        )
        cls.content = b"contract"
        cls.checksum = hashlib.sha1(cls.content).hexdigest()
        cls.stored = f"{cls.checksum[:2]}/{cls.checksum}"
        cls._seal(cls.base)
        for number in (1, 2, 3):
            with cls._transaction(cls.base) as cr:
                cls._insert_rules(cr, number)
                cr.execute(
                    "UPDATE welfare_rule SET value = value + 1 WHERE code LIKE 'trail%'"
                )
                if number == 2:
                    cr.execute(
                        """
                        INSERT INTO ir_attachment (
                            name, type, res_model, res_id, checksum, store_fname
                        ) VALUES ('合同.pdf', 'binary', 'welfare.rule', 1, %s, %s)
                        """,
                        [cls.checksum, cls.stored],
                    )
            connection = connect(cls.base)
            cls._insert_rules(connection.cursor(), 9)
            connection.rollback()
            connection.close()
            cls._seal(cls.base)
        odoo.sql_db.close_db(cls.base)

    @classmethod
    def _insert_rules(cls, cr, number, count=3):
        cr.execute(
            """
            INSERT INTO welfare_rule
                   (code, name, unit, value, date_from, source, active, state)
            SELECT 'trail' || %(number)s || '-' || n,
                   jsonb_build_object('en_US', '甲"乙' || chr(10) || n),
                   '{"en_US": "x"}', n, '2010-01-01', 'test', true,
                   'draft'
              FROM generate_series(1, %(count)s) n
            """,
            {"number": number, "count": count},
        )

    # === DATABASES === #

    @classmethod
    def _manage(cls, statement, name, *others):
        connection = connect("postgres")
        connection.autocommit = True
        names = map(sql.Identifier, (name, *others))
        connection.cursor().execute(sql.SQL(statement).format(*names))
        connection.close()

    @classmethod
    def _drop(cls, name):
        odoo.sql_db.close_db(name)
        # Not WITH (FORCE): PostgreSQL may be vacuuming, which is not ours to end; it
        # makes room by itself.
        connection = connect("postgres")
        connection.cursor().execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = %s AND usename = current_user",
            [name],
        )
        connection.close()
        cls._manage("DROP DATABASE IF EXISTS {}", name)

    @classmethod
    @contextlib.contextmanager
    def _transaction(cls, database):
        connection = connect(database)
        try:
            with connection, connection.cursor() as cr:
                yield cr
        finally:
            connection.close()

    @classmethod
    def _seal(cls, database, key=None):
        with contextlib.closing(odoo.sql_db.db_connect(database).cursor()) as cr:
            return cls.Seal._seal_waiting(cr, key)

    def setUp(self):
        super().setUp()
        self.database = f"{self.prefix}_{uuid.uuid4().hex[:8]}"
        self._manage("CREATE DATABASE {} TEMPLATE {}", self.database, self.base)
        self.addCleanup(self._drop, self.database)
        self.filestore = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.filestore / self.stored
        self.file.parent.mkdir()
        self.file.write_bytes(self.content)

    def query(self, statement, *values):
        with self._transaction(self.database) as cr:
            cr.execute(statement, values or None)
            return cr.fetchall() if cr.description else None

    def change(self):
        """Change some records as anybody may."""
        self.query(
            "UPDATE welfare_rule SET value = value + 1 WHERE code LIKE 'trail%%'"
        )

    def tamper(self, *statements):
        """Do what the owner of the database can do: past every trigger."""
        with self._transaction(self.database) as cr:
            cr.execute(
                """
                SELECT format('ALTER TABLE %I {} TRIGGER USER', relname) FROM pg_class
                 WHERE relname LIKE 'welfare\\_audit\\_%' AND relkind IN ('r', 'p')
                   AND relnamespace = 'public'::regnamespace
                """
            )
            switches = [row[0] for row in cr.fetchall()]
            for switch in switches:
                cr.execute(switch.format("DISABLE"))
            for statement in statements:
                cr.execute(statement)
            for switch in switches:
                cr.execute(switch.format("ENABLE"))

    def heads(self):
        return self.query("SELECT id, hash FROM welfare_audit_seal ORDER BY id")

    # === THE TWO VERIFIERS === #

    def verify(self, head=None, archives=()):
        """Return the codes of the faults that both verifiers find."""
        text = head and f"{head[0]}:{head[1][:16]}"
        names = list(map(str, archives))
        with (
            patch.object(welfare_audit_verification, "find_archives", lambda _c: names),
            contextlib.closing(odoo.sql_db.db_connect(self.database).cursor()) as cr,
        ):
            record = self.env["welfare.audit.verification"].new({"printed_head": text})
            verdict = record._verify_trail(cr, str(self.filestore))
        odoo.sql_db.close_db(self.database)
        said = self.run_program(
            *("--dsn", make_dsn(self.database), "--filestore", self.filestore),
            *(["--head", text] if head else []),
            *(word for name in names for word in ("--archive", name)),
        )
        self.assertEqual(
            said.stdout.splitlines(), verdict.lines("en", head and head[0]), said.stderr
        )
        self.assertEqual(said.returncode, 1 if verdict.fault_count else 0)
        self.verdict = verdict
        return sorted({fault.code for fault in verdict.faults})

    def run_program(self, *arguments):
        return subprocess.run(
            [sys.executable, PROGRAM, *map(str, arguments), "--lang", "en"],
            capture_output=True,
            text=True,
            timeout=120,
        )

    def get_values(self, code):
        return [fault.values for fault in self.verdict.faults if fault.code == code]


@tagged("post_install", "-at_install")
class TestTampering(SealCase):
    """The table of what is done to a trail, each row found by both verifiers."""

    #: The first event of the last seal but one.
    MIDDLE = """(SELECT event_id FROM welfare_audit_leaf WHERE id = (
        SELECT first_n FROM welfare_audit_seal ORDER BY id DESC OFFSET 1 LIMIT 1))"""

    def test_nothing_was_done(self):
        """A restored dump verifies."""
        self.assertEqual(self.verify(), [], self.verdict.faults)
        events = self.query("SELECT count(*) FROM welfare_audit_event")[0][0]
        self.assertEqual((self.verdict.total, self.verdict.waiting), (events, 0))
        self.assertGreater(self.verdict.rows, 9)
        self.assertEqual(self.verdict.files, 1)
        for head in self.heads():
            self.assertEqual(self.verify(head), [])
            self.assertTrue(self.verdict.printed)

    def test_a_field_is_edited(self):
        self.tamper(
            "UPDATE welfare_audit_event "
            "SET new_values = new_values || '{\"value\": 7}' "
            f"WHERE id = {self.MIDDLE}"
        )
        found = self.verify()
        self.assertIn("event_changed", found)
        self.assertIn("root_differs", found)
        self.assertEqual(len(self.get_values("event_changed")), 1)

    def test_each_column_is_edited(self):
        self.query("SELECT 1")
        columns = {
            "occurred_at": "occurred_at + interval '1 microsecond'",
            "txid": "txid + 1",
            "user_id": "coalesce(user_id, 0) + 1",
            "res_id": "res_id + 1",
            "old_values": "'{}'",
            **dict.fromkeys(
                ("operation", "table_name", "model", "db_user", "db_address")
                + ("request_address", "application", "display_name", "note")
                + ("parent_model",),
                "'x'",
            ),
            "region_id": "-1",
            "parent_id": "-1",
        }
        actual = self.query(
            "SELECT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped "
            "AND attrelid = 'welfare_audit_event'::regclass"
        )
        self.assertEqual(
            {name for (name,) in actual},
            {"occurred_at", *verifier.EVENT_COLUMNS},
            "A column of the event is not in its text.",
        )
        with contextlib.closing(odoo.sql_db.db_connect(self.database).cursor()) as cr:
            for column, value in columns.items():
                cr.execute(
                    "ALTER TABLE welfare_audit_event DISABLE TRIGGER USER;"
                    f"UPDATE welfare_audit_event SET {column} = {value} "
                    f"WHERE id = {self.MIDDLE}"
                )
                verdict = verifier.verify(verifier.Database(cr))
                with self.subTest(column=column):
                    self.assertIn("event_changed", {f.code for f in verdict.faults})
                cr.rollback()

    def test_a_row_in_the_middle_is_deleted(self):
        ((event_id,),) = self.query(f"SELECT {self.MIDDLE}")
        self.tamper(f"DELETE FROM welfare_audit_event WHERE id = {event_id}")
        self.assertIn("event_missing", self.verify())
        self.assertEqual(self.get_values("event_missing")[0]["id"], event_id)
        self.tamper(f"DELETE FROM welfare_audit_leaf WHERE event_id = {event_id}")
        self.assertIn("number_missing", self.verify())

    def test_the_tail_is_deleted(self):
        """With its numbers, its seal, and what it had done to the records."""
        head = self.heads()[-1]
        self.tamper(
            "ALTER TABLE welfare_rule DISABLE TRIGGER USER",
            "DELETE FROM welfare_rule WHERE code LIKE 'trail3%'",
            "UPDATE welfare_rule SET value = value - 1 WHERE code LIKE 'trail%'",
            "ALTER TABLE welfare_rule ENABLE TRIGGER USER",
            "DELETE FROM welfare_audit_event WHERE id IN (SELECT event_id FROM "
            "welfare_audit_leaf WHERE id > (SELECT last_n FROM welfare_audit_seal "
            f"WHERE id = {head[0] - 1}))",
            "DELETE FROM welfare_audit_leaf WHERE id > (SELECT last_n FROM "
            f"welfare_audit_seal WHERE id = {head[0] - 1})",
            f"DELETE FROM welfare_audit_seal WHERE id = {head[0]}",
        )
        self.assertEqual(self.verify(), [], "nothing inside tells")
        self.assertEqual(self.verify(head), ["head_missing"])
        self.assertEqual(self.verify(self.heads()[-1]), [])

    def test_a_row_is_inserted(self):
        """Where a transaction that was given up has left an id free."""
        self._settle()
        ((free,),) = self.query(
            """
            SELECT min(id) + 1 FROM welfare_audit_event e
             WHERE id < (SELECT max(low_id) FROM welfare_audit_seal)
               AND NOT EXISTS (SELECT FROM welfare_audit_event WHERE id = e.id + 1)
            """
        )
        self.tamper(
            "INSERT INTO welfare_audit_event (id, operation, model) "
            f"VALUES ({free}, 'print', 'welfare.rule')"
        )
        self.assertEqual(self._seal(self.database), 0, "no seal makes it right")
        self.assertEqual(self.verify(), ["event_inserted"])

    def _settle(self):
        """Let the low mark pass what there is: two more seals."""
        for _ in range(2):
            self.change()
            self._seal(self.database)

    def test_a_row_is_inserted_beside_one(self):
        self.tamper(
            "INSERT INTO welfare_audit_event SELECT * FROM welfare_audit_event "
            f"WHERE id = {self.MIDDLE}"
        )
        self.assertIn("event_doubled", self.verify())

    def test_the_whole_chain_is_recomputed(self):
        heads = self.heads()
        self.tamper(
            "UPDATE welfare_audit_event SET note = 'x' WHERE id = "
            "(SELECT min(id) FROM welfare_audit_event)",
            "DELETE FROM welfare_audit_leaf",
            "DELETE FROM welfare_audit_seal",
        )
        self._seal(self.database)
        self.assertEqual(self.verify(), [], "nothing inside tells")
        self.assertEqual(self.verify(heads[0]), ["head_differs"])
        self.assertEqual(self.verify(heads[-1]), ["head_missing"])

    def test_a_file_is_swapped(self):
        self.file.write_bytes(b"another contract")
        self.assertEqual(self.verify(), ["file_changed"])
        self.file.unlink()
        self.assertEqual(self.verify(), ["file_missing"])

    def test_a_file_is_swapped_with_its_row(self):
        """The name in the store is not captured, the checksum is."""
        (self.filestore / "other").write_bytes(b"another contract")
        self.query(
            "UPDATE ir_attachment SET store_fname = 'other' WHERE name = '合同.pdf'"
        )
        self.assertEqual(self.verify(), ["file_changed"])

    def test_a_trigger_is_off_for_a_moment(self):
        self.tamper(
            "ALTER TABLE welfare_rule DISABLE TRIGGER USER",
            "UPDATE welfare_rule SET value = 1000000 WHERE code = 'trail1-1'",
            "ALTER TABLE welfare_rule ENABLE TRIGGER USER",
        )
        self.assertEqual(self.verify(), ["row_differs"])
        self.assertEqual(self.get_values("row_differs")[0]["columns"], "value")

    def test_a_trigger_stays_off(self):
        self.tamper("ALTER TABLE welfare_rule DISABLE TRIGGER welfare_audit_update")
        self.assertEqual(self.verify(), ["trigger_missing"])
        self.tamper("DROP TRIGGER welfare_audit_update ON welfare_rule")
        self.assertEqual(self.verify(), ["trigger_missing"])

    def test_rows_come_and_go_without_a_trigger(self):
        self.tamper(
            "ALTER TABLE welfare_rule DISABLE TRIGGER USER",
            "DELETE FROM welfare_rule WHERE code = 'trail1-1'",
        )
        with self._transaction(self.database) as cr:
            self._insert_rules(cr, 8, 1)
        self.tamper("ALTER TABLE welfare_rule ENABLE TRIGGER USER")
        self.assertEqual(self.verify(), ["row_missing", "row_unknown"])

    def test_a_role_comes_and_goes_without_a_trigger(self):
        """Tables of relations have no id: the row itself says which it is."""
        ((user, group),) = self.query(
            "SELECT u.id, g.id FROM res_users u, res_groups g WHERE NOT EXISTS ("
            "SELECT FROM res_groups_users_rel WHERE uid = u.id AND gid = g.id) LIMIT 1"
        )
        switch = "ALTER TABLE res_groups_users_rel {} TRIGGER USER"
        pair = f"WHERE uid = {user} AND gid = {group}"
        insert = f"INSERT INTO res_groups_users_rel (uid, gid) VALUES ({user}, {group})"
        self.query(insert)
        self.assertEqual(self.verify(), [])
        self.tamper(
            switch.format("DISABLE"),
            f"DELETE FROM res_groups_users_rel {pair}",
            switch.format("ENABLE"),
        )
        self.assertEqual(self.verify(), ["row_missing"])
        self.assertIn(f'"gid": {group}', self.get_values("row_missing")[0]["id"])
        self.tamper(switch.format("DISABLE"), insert, switch.format("ENABLE"))
        self.assertEqual(self.verify(), [])
        self.query(f"DELETE FROM res_groups_users_rel {pair}")
        self.assertEqual(self.verify(), [])
        self.tamper(switch.format("DISABLE"), insert, switch.format("ENABLE"))
        self.assertEqual(self.verify(), ["row_unknown"])

    def test_a_table_is_emptied(self):
        """What was before does not count any more, what comes then does."""
        for statement in (
            "INSERT INTO welfare_workday_exception (date, kind, name) "
            "VALUES ('2031-05-01', 'holiday', '{}')",
            "TRUNCATE welfare_workday_exception CASCADE",
        ):
            self.query(statement)
        self.assertEqual(self.verify(), [])

    def test_the_clock_is_set_back(self):
        self._record_at("now() - interval '3 days'")
        self._seal(self.database)
        self.assertEqual(self.verify(), ["clock_back"])

    def test_the_clock_is_ahead(self):
        self._record_at("now() + interval '3 days'")
        self._seal(self.database)
        self.assertEqual(self.verify(), ["clock_ahead"])

    def _record_at(self, time):
        """Leave an event as a server does whose clock is wrong."""
        self.query(
            "INSERT INTO welfare_audit_event "
            "(operation, model, occurred_at) VALUES "
            f"('print', 'welfare.rule', ({time}) AT TIME ZONE 'UTC')"
        )

    def test_a_seal_is_removed(self):
        number = self.heads()[-1][0] - 1
        self.tamper(f"DELETE FROM welfare_audit_seal WHERE id = {number}")
        found = self.verify()
        self.assertIn("seal_missing", found)
        self.assertIn("seal_unlinked", found)

    def test_a_seal_is_edited(self):
        self.tamper(
            "UPDATE welfare_audit_seal SET sealed_at = sealed_at + interval '1 second'"
        )
        self.assertEqual(self.verify(), ["seal_changed"])

    def test_the_archive_is_truncated(self):
        path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "trail.zip"
        saved = self.run_program(
            *("--dsn", make_dsn(self.database), "--filestore", self.filestore),
            *("--save", path),
        )
        self.assertEqual(saved.returncode, 0, saved.stdout + saved.stderr)
        for head in self.heads():
            text = f"{head[0]}:{head[1]}"
            said = self.run_program("--archive", path, "--head", text)
            self.assertEqual(said.returncode, 0, said.stdout)
            self.assertIn("Files compared: 1", said.stdout)
        path.write_bytes(path.read_bytes()[:-2000])
        said = self.run_program("--archive", path)
        self.assertEqual(said.returncode, 1)
        self.assertIn("cut off", said.stdout)
        verdict = verifier.verify(verifier.Archive(path))
        self.assertIn("archive_cut", {fault.code for fault in verdict.faults})

    def test_a_year_has_left_the_database(self):
        """Database and archive are verified together: nothing is missing."""
        archive = self._detach()
        missing = self.query(
            "SELECT count(*) FROM welfare_audit_leaf l WHERE NOT EXISTS ("
            "SELECT FROM welfare_audit_event e WHERE e.id = l.event_id)"
        )[0][0]
        self.assertGreater(missing, 9)
        self.assertIn("event_missing", self.verify())
        self.assertEqual(self.verify(archives=[archive]), [], self.verdict.faults)
        self.assertEqual(self.verdict.archived, missing)
        self.assertEqual(self.verify(self.heads()[1], [archive]), [])
        # What happened since is in the database alone; a new archive has everything.
        whole = archive.with_name("whole.zip")
        saved = self.run_program(
            *("--dsn", make_dsn(self.database), "--archive", archive, "--save", whole)
        )
        self.assertEqual(saved.returncode, 0, saved.stdout + saved.stderr)
        self.assertEqual(self.run_program("--archive", whole).returncode, 0)

    def test_the_archive_of_a_year_is_not_what_it_was(self):
        archive = self._detach()
        content = archive.read_bytes()
        events = self._rewrite(archive, lambda lines: lines).splitlines()
        for what, change, code in (
            (
                "edited",
                lambda lines: (
                    [*lines[:4], lines[4].replace(b"v1", b"v2", 1)] + lines[5:]
                ),
                "event_changed",
            ),
            ("a line less", lambda lines: lines[:4] + lines[5:], "event_missing"),
            ("the end cut off", lambda lines: lines[:4], "event_missing"),
        ):
            with self.subTest(what=what):
                self._rewrite(archive, change)
                found = self.verify(archives=[archive])
                # The first thousand are told, so that the root may be left out.
                self.assertLessEqual({code}, set(found))
                self.assertLessEqual(set(found), {code, "root_differs"})
                self.assertEqual(self.get_values(code)[0]["n"], 5)
                archive.write_bytes(content)
        self.assertGreater(len(events), 9)
        archive.write_bytes(content[:-2000])
        self.assertIn("archive_cut", self.verify(archives=[archive]))
        archive.unlink()
        self.assertIn("archive_cut", self.verify(archives=[archive]))

    def test_the_archive_of_another_trail(self):
        archive = self._detach()
        with zipfile.ZipFile(archive) as packed:
            members = {name: packed.read(name) for name in packed.namelist()}
        manifest = json.loads(members["manifest.json"])
        manifest["head"] = manifest["head"][:-4] + "0000"
        members["manifest.json"] = json.dumps(manifest).encode()
        self._write(archive, members)
        self.assertEqual(self.verify(archives=[archive]), ["archive_foreign"])

    def _detach(self):
        """Keep the trail as an archive, and take the year out of the database."""
        path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "year.zip"
        saved = self.run_program(
            *("--dsn", make_dsn(self.database), "--filestore", self.filestore),
            *("--save", path),
        )
        self.assertEqual(saved.returncode, 0, saved.stdout + saved.stderr)
        ((table,),) = self.query(
            "SELECT DISTINCT tableoid::regclass::text FROM welfare_audit_event"
        )
        self.query(
            f"ALTER TABLE welfare_audit_event DETACH PARTITION {table};"
            f"ALTER TABLE {table} RENAME TO welfare_left;"
            "SELECT welfare_audit_prepare_partitions()"
        )
        self.change()
        self._seal(self.database)
        return path

    def _rewrite(self, path, change):
        with zipfile.ZipFile(path) as packed:
            members = {name: packed.read(name) for name in packed.namelist()}
        lines = members["events.jsonl"].splitlines(keepends=True)
        members["events.jsonl"] = b"".join(change(lines))
        self._write(path, members)
        return members["events.jsonl"]

    def _write(self, path, members):
        with zipfile.ZipFile(path, "w") as packed:
            for name, content in members.items():
                packed.writestr(name, content)

    def test_a_view_stands_for_the_table(self):
        self.query(
            "ALTER TABLE welfare_audit_event RENAME TO welfare_hidden;"
            "CREATE VIEW welfare_audit_event AS SELECT * FROM welfare_hidden"
        )
        self.assertIn("not_a_table", self.verify())

    def test_the_chain_refuses_sql(self):
        """What is not done as the owner who switches triggers off is not possible."""
        for table in ("welfare_audit_leaf", "welfare_audit_seal"):
            for statement in (
                f"UPDATE {table} SET id = id",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
            ):
                with (
                    self.subTest(statement=statement),
                    self.assertRaises(psycopg2.errors.CheckViolation),
                ):
                    self.query(statement)
        with self.assertRaises(psycopg2.errors.CheckViolation):
            self.query(
                "INSERT INTO welfare_audit_seal SELECT id + 7, first_n, last_n, root, "
                "previous, sealed_at, low_id, high_id, xid, key_id, hash || 'x', "
                "signature FROM welfare_audit_seal ORDER BY id DESC LIMIT 1"
            )

    def test_a_program_that_cannot_read_says_so(self):
        for arguments in (
            ("--archive", "/nowhere.zip"),
            ("--dsn", "host=/nowhere dbname=x"),
            ("--dsn", make_dsn("postgres")),
            ("--dsn", make_dsn(self.database), "--head", "x"),
        ):
            said = self.run_program(*arguments)
            self.assertEqual(said.returncode, 2, said.stdout)
            self.assertTrue(said.stderr)
            self.assertNotIn("Traceback", said.stderr)


@tagged("post_install", "-at_install")
class TestSealing(SealCase):
    """Every committed event is sealed once, whatever happens."""

    def fork(self, function):
        """Do something in a process of its own."""
        pid = os.fork()
        if pid:
            return pid
        status = 1
        try:
            odoo.sql_db._Pool = odoo.sql_db._Pool_readonly = None
            random.seed(os.getpid())
            function()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)

    def join(self, *pids):
        for pid in pids:
            _pid, status = os.waitpid(pid, 0)
            self.assertEqual(status, 0)

    def test_writers_do_not_wait_for_one_another(self):
        """Nor for the sealer; what one holds, others may hold too."""
        with (
            contextlib.closing(connect(self.database)) as first,
            contextlib.closing(odoo.sql_db.db_connect(self.database).cursor()) as cr,
        ):
            self.change()
            self.assertTrue(self.Seal._seal_batch(cr, None))  # and not committed
            cursor = first.cursor()
            self._insert_rules(cursor, 7, WRITERS * 10)
            cursor.execute(
                """
                SELECT DISTINCT locktype, mode FROM pg_locks
                 WHERE pid = pg_backend_pid() AND (locktype = 'advisory' OR
                       relation::regclass::text LIKE 'welfare\\_audit\\_event%')
                """
            )
            self.assertEqual(cursor.fetchall(), [("relation", "RowExclusiveLock")])
            for number in range(WRITERS):
                with self._transaction(self.database) as own:
                    own.execute("SET lock_timeout = '2s'")
                    self._insert_rules(own, f"w{number}", 3)
                    own.execute(
                        "UPDATE welfare_rule SET value = 7 WHERE code LIKE %s",
                        [f"trailw{number}-%"],
                    )
            cr.rollback()
            first.commit()
        odoo.sql_db.close_db(self.database)
        self.check_each_is_sealed_once()

    def check_each_is_sealed_once(self):
        self._seal(self.database)
        self.assertEqual(self.verify(), [], self.verdict.faults)
        self.assertEqual(self.verdict.waiting, 0)
        found = self.query(
            """
            SELECT count(*), count(DISTINCT l.event_id), count(e.id)
              FROM welfare_audit_leaf l
              FULL JOIN welfare_audit_event e ON e.id = l.event_id
            """
        )[0]
        self.assertEqual(len(set(found)), 1, found)

    def test_transactions_overlap(self):
        """They end in another order than they began, some are given up; two sealers
        run all the while."""
        until = time.monotonic() + 4

        def write():
            connection = connect(self.database)
            while time.monotonic() < until:
                cr = connection.cursor()
                for _ in range(random.randint(1, 5)):
                    self._insert_rules(cr, uuid.uuid4().hex, random.randint(1, 20))
                    time.sleep(random.random() * 0.05)
                if random.random() < 0.2:
                    connection.rollback()
                else:
                    connection.commit()
            connection.close()

        def seal():
            with patch.object(welfare_audit_seal, "BATCH", 37):
                while time.monotonic() < until + 0.5:
                    self._seal(self.database)
                    time.sleep(0.01)

        before = len(self.heads())
        self.join(
            *(self.fork(write) for _ in range(WRITERS)),
            self.fork(seal),
            self.fork(seal),
        )
        self.assertGreater(len(self.heads()), before + 5)
        self.check_each_is_sealed_once()

    def test_a_late_commit_goes_into_the_next_seal(self):
        connection = connect(self.database)
        self._insert_rules(connection.cursor(), "late")
        self.query("UPDATE welfare_rule SET value = 5 WHERE code = 'trail1-1'")
        for _ in range(3):
            self.change()
            self._seal(self.database)
        connection.commit()
        connection.close()
        self.assertEqual(self._seal(self.database), 3)
        self.check_each_is_sealed_once()

    def test_the_youngest_transaction_commits_last(self):
        """It is younger than all that have ended, and older numbers are its own."""
        first, second = connect(self.database), connect(self.database)
        for connection in (first, second):
            connection.cursor().execute("SELECT pg_current_xact_id()")
        self._insert_rules(second.cursor(), "youngest")
        self._insert_rules(first.cursor(), "elder")
        first.commit()
        self._seal(self.database)
        self.change()
        self._seal(self.database)
        second.commit()
        first.close()
        second.close()
        self.check_each_is_sealed_once()

    def test_nobody_waits_for_the_sealer(self):
        with self._transaction(self.database) as cr:
            cr.execute("SELECT pg_advisory_lock(hashtext('welfare_audit_seal'))")
            self.assertEqual(self._seal(self.database), 0, "the other one does it")
            self.query(
                "SET statement_timeout = '2s'; UPDATE welfare_rule SET value = 5 "
                "WHERE code LIKE 'trail%'"
            )

    def test_a_sealer_is_killed(self):
        """Between the numbers and the seal, and after the seal, before the commit."""
        self.change()
        for moment in ("make_root", "make_seal_text"):
            reading, writing = os.pipe()

            def stop(*_arguments, end=writing):
                os.write(end, b".")
                time.sleep(600)

            def seal(moment=moment, stop=stop):
                with (
                    patch.object(welfare_audit_seal, moment, stop),
                    patch.object(self.Seal.__class__, "_get_key", lambda _self: None),
                ):
                    key = None
                    if moment == "make_seal_text":
                        from cryptography.hazmat.primitives.asymmetric import ed25519

                        key = ed25519.Ed25519PrivateKey.generate()
                    self._seal(self.database, key)

            before = self.heads()
            pid = self.fork(seal)
            os.close(writing)
            self.assertEqual(os.read(reading, 1), b".")
            os.close(reading)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            self.assertEqual(self.heads(), before)
        self._wait_for_lock()
        self.assertGreater(self._seal(self.database), 0)
        self.check_each_is_sealed_once()

    def _wait_for_lock(self):
        """The server needs a moment to see that a client is dead."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            if not self.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory'"):
                return
            time.sleep(0.1)

    def test_the_search_for_events_begins_near_the_end(self):
        for _ in range(6):
            self.change()
            self._seal(self.database)
        marks = self.query("SELECT low_id, high_id FROM welfare_audit_seal ORDER BY id")
        self.assertGreaterEqual(marks[-1][0], marks[-3][1])

    def test_a_dump_restored_where_transactions_begin_anew(self):
        """The seals of the other server name transactions far ahead of this one's."""
        rows = self.query(
            f"SELECT {verifier.SEAL_SQL} FROM welfare_audit_seal ORDER BY id"
        )
        previous, statements = verifier.NO_HASH, []
        for row in rows:
            seal = verifier.Seal(*row)._replace(xid=10**12, previous=previous)
            previous = verifier.make_seal_hash(seal)
            statements.append(
                f"UPDATE welfare_audit_seal SET xid = {seal.xid}, hash = '{previous}', "
                f"previous = '{seal.previous}' WHERE id = {seal.number}"
            )
        self.tamper(*statements)
        low = rows[-1][6]
        for _ in range(4):
            self.change()
            self._seal(self.database)
        self.check_each_is_sealed_once()
        ((mark,),) = self.query("SELECT max(low_id) FROM welfare_audit_seal")
        self.assertGreater(
            mark, low, "the search does not begin at the old mark for ever"
        )

    def test_signed_seals(self):
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519

        key = ed25519.Ed25519PrivateKey.generate()
        self.tamper("DELETE FROM welfare_audit_leaf", "DELETE FROM welfare_audit_seal")
        self._seal(self.database, key)
        folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        public, other = folder / "public.pem", folder / "other.pem"
        for path, each in (
            (public, key),
            (other, ed25519.Ed25519PrivateKey.generate()),
        ):
            path.write_bytes(
                each.public_key().public_bytes(
                    serialization.Encoding.PEM,
                    serialization.PublicFormat.SubjectPublicKeyInfo,
                )
            )
        dsn = ("--dsn", make_dsn(self.database))
        said = self.run_program(*dsn, "--public-key", public)
        self.assertEqual(said.returncode, 0, said.stdout)
        self.assertIn("Signed seals: 1", said.stdout)
        self.assertEqual(self.run_program(*dsn, "--public-key", other).returncode, 1)
        self.change()
        self._seal(self.database)
        said = self.run_program(*dsn, "--public-key", public)
        self.assertIn("is not signed", said.stdout)

    def test_the_program_may_not_write(self):
        with (
            verifier.open_database(make_dsn(self.database)) as source,
            self.assertRaises(psycopg2.errors.ReadOnlySqlTransaction),
        ):
            source.cursor.execute("DELETE FROM welfare_rule")
