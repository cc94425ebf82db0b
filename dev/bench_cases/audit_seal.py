"""The seals of the audit trail: making them, and verifying a million events.

The yardstick of verifying is plain Python that hashes the same bytes and does nothing
else: from the rows of a cursor where the trail is verified in its database ("plain
hash, rows"), from the lines of a file where it is verified in an archive ("plain hash,
lines"). Verifying may take twice as long. It also compares each hash with the chain,
computes the roots, looks for events past the chain and compares the records, files and
triggers.
"""

import hashlib
import tempfile
from contextlib import closing

from .case import Case, connection

EVENTS = 1_000_000

FILL = """
INSERT INTO welfare_audit_event (operation, table_name, model, res_id, old_values,
                                 new_values, user_id, db_user, request_address,
                                 region_id, display_name)
SELECT 'update', 'welfare_bench', 'welfare.bench', n %% 1000,
       jsonb_build_object('state', 'planned', 'area', n + 0.5, 'plan_year', 2019),
       jsonb_build_object('state', 'built', 'area', n + 0.75, 'plan_year', 2020),
       2, 'odoo', '10.1.2.3', 7, '翠湖西路社区儿童之家' || n
  FROM generate_series(1, %s) n
"""


def setup_events(env):
    env.cr.execute(FILL, [EVENTS])
    env.cr.commit()
    env.cr._cnx.autocommit = True
    env.cr.execute("VACUUM ANALYZE welfare_audit_event")
    env.cr._cnx.autocommit = False


def setup_sealed(env):
    setup_events(env)
    run_seal(env, None, EVENTS)


def setup_archive(env):
    from odoo.addons.welfare_facility.verifier import welfare_verify

    setup_sealed(env)
    file = tempfile.NamedTemporaryFile(suffix=".zip")  # noqa: SIM115
    source = welfare_verify.Database(env.cr)
    welfare_verify.save_archive(source, file)
    env.cr.rollback()
    file.flush()
    return file


def setup_lines(env):
    """Return a file with the same lines as the archive, not packed."""
    import shutil
    import zipfile

    archive = setup_archive(env)
    file = tempfile.TemporaryFile()
    with zipfile.ZipFile(archive.name) as packed, packed.open("events.jsonl") as lines:
        shutil.copyfileobj(lines, file)
    return file


def run_seal(env, prepared, n):
    env["welfare.audit.seal"]._seal_events()


def run_plain_lines(env, file, n):
    file.seek(0)
    for line in file:
        hashlib.sha256(line[:-1]).digest()


def run_plain_rows(env, prepared, n):
    from odoo.addons.welfare_facility.verifier.welfare_verify import EVENT_SQL

    with closing(connection(env)[0]) as own, own.cursor("plain") as cursor:
        cursor.itersize = 5000
        cursor.execute(
            f"SELECT {EVENT_SQL.format(n='e.id')} FROM welfare_audit_event e"
        )
        for (text,) in cursor:
            hashlib.sha256(text.encode()).digest()
    return 1


def run_verify(env, prepared, n):
    from odoo.addons.welfare_facility.verifier import welfare_verify

    with closing(connection(env)[0]) as own, own.cursor() as cursor:
        verdict = welfare_verify.verify(welfare_verify.Database(cursor))
    assert verdict.total >= n and not verdict.faults, verdict.lines()
    return 1


def run_verify_archive(env, file, n):
    from odoo.addons.welfare_facility.verifier import welfare_verify

    verdict = welfare_verify.verify(welfare_verify.Archive(file.name))
    assert verdict.total >= n and not verdict.faults, verdict.lines()
    return 1


CASES = (
    Case("seal events", "event", EVENTS, run_seal, setup_events, against=()),
    Case("plain hash, rows", "event", EVENTS, run_plain_rows, setup_sealed, against=()),
    Case(
        "plain hash, lines", "event", EVENTS, run_plain_lines, setup_lines, against=()
    ),
    Case(
        "verify database",
        "event",
        EVENTS,
        run_verify,
        setup_sealed,
        against=("plain hash, rows",),
    ),
    Case(
        "verify archive",
        "event",
        EVENTS,
        run_verify_archive,
        setup_archive,
        against=("plain hash, lines",),
    ),
)
