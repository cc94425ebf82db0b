"""The trail: business records with its triggers on and off, alone, in batches and by
many at once; and the history of one record among many events."""

import contextlib
import itertools
import socket
import subprocess
import sys
import threading
import time

from .case import Case
from .funds import _compete, _judge, _list_view, _serve

BATCH = 100
WRITERS = 8
WRITTEN = 2400  # facilities that they write together: some seconds
SAVED = 480  # that many people save together
EVENTS = 10_000_000
RECORDS = 100_000  # to which the events belong
NUMBERS = itertools.count(1)
OFF = """
DO $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT tgrelid::regclass AS relation, tgname FROM pg_trigger
        WHERE tgname ~ '^welfare_audit_(insert|update|delete|truncate)$'
    LOOP
        EXECUTE format(
            'ALTER TABLE %s DISABLE TRIGGER %I', found.relation, found.tgname
        );
    END LOOP;
END $$
"""


def _setup(is_on):
    def setup(env):
        if not is_on:
            env.cr.execute(OFF)
        Region = env["welfare.region"]
        county = Region
        for name, code in (
            ("province", "990000000000"),
            ("prefecture", "990100000000"),
            ("county", "990101000000"),
            ("street", "990101001000"),
        ):
            county = Region.create({"code": code, "name": name, "parent_id": county.id})
        env.cr.commit()
        return county

    return setup


def _vals(env, region):
    number = next(NUMBERS)
    return {
        "name": f"bench {number}",
        "region_id": region.id,
        "type_id": env.ref("welfare_facility.facility_type_children_home").id,
        "state": "operating",
        "area_indoor": 100 + number,
        "hours_weekly": 30,
        "plan_year": 2019,
    }


def _setup_vals(is_on, count):
    def setup(env):
        street = _setup(is_on)(env)
        streets = env["welfare.region"].create(
            [
                {
                    "code": f"990101{number + 2:03}000",
                    "name": f"street {number}",
                    "parent_id": street.parent_id.id,
                }
                for number in range(count // BATCH + 1)
            ]
        )
        communities = env["welfare.region"].create(
            [
                {
                    "code": f"990101{number // BATCH + 2:03}{number % BATCH + 1:03}",
                    "name": f"community {number}",
                    "parent_id": streets[number // BATCH].id,
                }
                for number in range(count + 1)
            ]
        )
        vals_list = [_vals(env, community) for community in communities]
        env.cr.commit()
        return vals_list

    return setup


def run_create_one(env, vals_list, n):
    for _index in range(n):
        env["welfare.facility"].create(vals_list.pop())
        env.cr.commit()


def run_create_batch(env, vals_list, n):
    for _index in range(max(n // BATCH, 1)):
        batch = [vals_list.pop() for _number in range(min(BATCH, n))]
        env["welfare.facility"].create(batch)
        env.cr.commit()


def _setup_facilities(is_on, count):
    def setup(env):
        vals_list = _setup_vals(is_on, count)(env)
        facilities = env["welfare.facility"].create(vals_list)
        env.cr.commit()
        return facilities

    return setup


def run_write_one(env, facilities, n):
    for facility in facilities[:n]:
        facility.write({"plan_year": 2000 + next(NUMBERS) % 99, "hours_note": "x"})
        env.cr.commit()


def run_write_batch(env, facilities, n):
    for _index in range(max(n // BATCH, 1)):
        facilities[: min(BATCH, n)].write({"plan_year": 2000 + next(NUMBERS) % 99})
        env.cr.commit()


def _new_vals():
    """Return values that no facility has yet, whichever process asks."""
    now = time.perf_counter_ns()
    return {"plan_year": 1900 + now % 99, "hours_note": f"{now}"}


def _check_events(env, n):
    """Make sure that each change has left an event, if the trail is on."""
    env.cr.commit()
    env.cr.execute(
        """
        SELECT tgenabled <> 'D', (
            SELECT count(*) FROM welfare_audit_event
            WHERE table_name = 'welfare_facility' AND operation = 'update'
        )
        FROM pg_trigger
        WHERE tgname = 'welfare_audit_update' AND tgrelid = 'welfare_facility'::regclass
        """
    )
    is_on, events = env.cr.fetchone()
    assert (events >= n) == is_on, (is_on, events)


def run_writers(count):
    """Processes write facilities of their own.

    None waits for another; but where they have fewer cores than they are, what the
    triggers compute is what they lose. One alone shows how much that is, and how much
    more, or less, many do than one: with the trail as without.
    """

    def run(env, facilities, n):
        ids = facilities.ids

        def work(number):
            serve = _serve(env)

            def write(step):
                def request(own):
                    facility = own["welfare.facility"].browse(ids[number + step])
                    facility.write(_new_vals())

                serve(request)

            write(0)
            yield
            for step in range(0, n, count):
                write(step)
                yield step

        times = _compete(env, work, count)
        _check_events(env, n)
        return _judge(times, 0)

    return run


# === People who save at once ===


def _setup_people(is_on):
    def setup(env):
        facilities = _setup_facilities(is_on, SAVED)(env)
        env["res.users"].create(
            {
                "name": "manager",
                "login": "bench_manager",
                "password": "bench_manager",
                "group_ids": [
                    (4, env.ref("welfare_facility.welfare_group_manager").id)
                ],
                "welfare_region_ids": [(6, 0, facilities.region_id.parent_id.ids)],
            }
        )
        env.cr.commit()
        return facilities

    return setup


@contextlib.contextmanager
def _serve_web(env):
    """Let Odoo's own server answer for the database; give its address."""
    import requests

    from odoo.tools import config

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    site = f"http://127.0.0.1:{port}"
    options = (
        *("--config", config["config"]),
        *("--database", env.cr.dbname, "--http-port", str(port)),
        *("--http-interface", "127.0.0.1", "--max-cron-threads", "0"),
    )
    server = subprocess.Popen([sys.executable, sys.argv[0], *options])
    try:
        is_ready = False
        while not is_ready:
            if server.poll() is not None:
                raise RuntimeError("The server has ended.")
            with contextlib.suppress(requests.ConnectionError):
                is_ready = requests.get(f"{site}/web/health").ok
            time.sleep(0.2)
        yield site
    finally:
        server.terminate()
        server.wait()


def run_people(env, facilities, n):
    """Eight people save facilities of their own by the web client's requests."""
    import requests

    ids, times = facilities.ids, []
    start = threading.Barrier(WRITERS)

    def work(number, site):
        session = requests.Session()

        def call(path, **params):
            answer = session.post(f"{site}/web/{path}", json={"params": params})
            return answer.json()["result"]

        def save(step):
            call(
                "dataset/call_kw/welfare.facility/web_save",
                model="welfare.facility",
                method="web_save",
                args=[[ids[number + step]], _new_vals()],
                kwargs={"specification": {"name": {}, "plan_year": {}}},
            )

        call(
            "session/authenticate",
            db=env.cr.dbname,
            login="bench_manager",
            password="bench_manager",
        )
        save(0)
        start.wait()
        own = []
        for step in range(0, n, WRITERS):
            began = time.perf_counter()
            save(step)
            own.append((began, time.perf_counter()))
        times.append(own)

    with _serve_web(env) as site:
        people = [
            threading.Thread(target=work, args=(number, site))
            for number in range(WRITERS)
        ]
        for person in people:
            person.start()
        for person in people:
            person.join()
    assert len(times) == WRITERS
    _check_events(env, n)
    return _judge(times, 0)


# === Reading ===

MANY = """
INSERT INTO welfare_audit_event (
    occurred_at, txid, operation, table_name, model, res_id, old_values, new_values,
    user_id, region_id, display_name, db_user
)
SELECT timestamp '2026-01-01' - n * interval '47 seconds', n, 'update',
       'welfare_facility', 'welfare.facility', 1000000 + n %% %(records)s,
       jsonb_build_object('plan_year', n %% 100, 'name', 'old ' || n),
       jsonb_build_object('plan_year', n %% 100 + 1, 'name', 'new ' || n),
       2, %(region)s, 'name ' || n %% %(records)s, 'odoo'
FROM generate_series(1, %(events)s) n
"""


def setup_events(env):
    """Have many events of many years, and a facility with a hundred of them."""
    street = _setup(True)(env)
    # Years before the trail are no partitions yet.
    for year in range(2008, 2026):
        env.cr.execute(
            f"CREATE TABLE IF NOT EXISTS welfare_audit_event_{year} PARTITION OF"
            f" welfare_audit_event FOR VALUES FROM ('{year}-01-01')"
            f" TO ('{year + 1}-01-01')"
        )
    # Into a table without indexes, which are made anew: row by row it takes an hour.
    env.cr.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = 'welfare_audit_event'::regclass"
    )
    indexes = env.cr.fetchall()
    for name, _definition in indexes:
        env.cr.execute(f"DROP INDEX {name}")
    env.cr.execute(MANY, {"region": street.id, "events": EVENTS, "records": RECORDS})
    for _name, definition in indexes:
        # Of the partitions as well.
        env.cr.execute(definition.replace(" ON ONLY ", " ON "))
    env.cr.commit()
    env.cr._cnx.autocommit = True
    env.cr.execute("VACUUM ANALYZE welfare_audit_event")
    env.cr._cnx.autocommit = False
    [auditor] = env["res.users"].create(
        [
            {
                "name": "auditor",
                "login": "bench_auditor",
                "group_ids": [
                    (4, env.ref("welfare_facility.welfare_group_auditor").id)
                ],
                "welfare_region_ids": [(4, street.parent_id.id)],
            }
        ]
    )
    env.cr.commit()
    return env["welfare.audit.event"].with_user(auditor)


def run_history(env, Event, n):
    """Read the first page of the history of one record after another."""
    specification, _limit = _list_view(Event.env, Event._name)
    for _index in range(n):
        record = 1_000_000 + next(NUMBERS) * 7919 % RECORDS
        domain = [("history_of", "=", Event._make_key("welfare.facility", record))]
        found = Event.web_search_read(domain, specification, limit=80)
        assert found["length"] == EVENTS // RECORDS
        Event.env.invalidate_all()


def run_trail(env, Event, n):
    """Read the first page of the whole trail."""
    specification, _limit = _list_view(Event.env, Event._name)
    for _index in range(n):
        Event.web_search_read([], specification, limit=80, count_limit=10001)
        Event.env.invalidate_all()


def _pair(name, unit, n, run, setup, beside=None):
    """Return a case with the trail, and the same without.

    :param str beside: name of another pair, with which each is compared as well
    """
    cases = []
    for is_on, words in ((False, "no trail"), (True, "trail")):
        against = [f"{name}, no trail"] if is_on else []
        against += [f"{beside}, {words}"] if beside else []
        case = Case(
            f"{name}, {words}",
            unit,
            n,
            run,
            setup(is_on),
            warm=True,
            against=tuple(against),
        )
        cases.append(case)
    return cases


CASES = (
    *_pair(
        "create one",
        "facility, committed",
        200,
        run_create_one,
        lambda is_on: _setup_vals(is_on, 200),
    ),
    *_pair(
        "create 100",
        "facility, committed by the hundred",
        1000,
        run_create_batch,
        lambda is_on: _setup_vals(is_on, 1000),
    ),
    *_pair(
        "write one",
        "facility, committed",
        200,
        run_write_one,
        lambda is_on: _setup_facilities(is_on, 200),
    ),
    *_pair(
        "write 100",
        "facility, committed by the hundred",
        1000,
        run_write_batch,
        lambda is_on: _setup_facilities(is_on, 200),
    ),
    *_pair(
        "1 writer",
        "facility, committed",
        WRITTEN,
        run_writers(1),
        lambda is_on: _setup_facilities(is_on, WRITTEN),
    ),
    *_pair(
        f"{WRITERS} writers",
        "facility, committed",
        WRITTEN,
        run_writers(WRITERS),
        lambda is_on: _setup_facilities(is_on, WRITTEN),
        beside="1 writer",
    ),
    *_pair(
        f"{WRITERS} people",
        "facility, saved by a request of the web client",
        SAVED,
        run_people,
        _setup_people,
    ),
    Case(
        "history page",
        f"page of a record, of {EVENTS:,} events",
        50,
        run_history,
        setup_events,
        warm=True,
        against=(),
    ),
    Case(
        "trail page",
        f"first page of {EVENTS:,} events",
        20,
        run_trail,
        setup_events,
        warm=True,
        against=(),
    ),
)
