"""The fund ledger: postings alone, in batches and by many at once, beside the same done
by PostgreSQL itself, and screens over a large ledger beside those over a small one."""

import datetime
import itertools
import json
import os
import time

from .case import Case, connection

COUNT = 200
BATCH = 100
#: Twenty of PostgreSQL's own take thirty milliseconds, which is no measure.
BATCHES = 100
EACH = 100  # postings of each worker
HOLDERS = 50
LARGE, SMALL = 1_000_000, 10_000
#: Of a summary: each takes so little that ten of them measure the machine.
PAGES = 300
ENTRIES_OF_AN_ACCOUNT = 100
ACCOUNTS_OF_AN_APPROPRIATION = 100
YEAR = 2019
DATE = "2019-06-01"
DAY = datetime.date.fromisoformat(DATE)
PAST = "2018-06-30"
KEYS = itertools.count(1)

# === Postings ===


def approve(documents):
    """Have documents approved in the ordinary way."""
    from odoo.addons.welfare_facility.tests.common import approve

    return approve(documents)


def _county(env):
    """Create a county with a street; return the county."""
    Region = env["welfare.region"]
    county = Region
    for name, code in (
        ("province", "990000000000"),
        ("prefecture", "990100000000"),
        ("county", "990101000000"),
    ):
        county = Region.create({"code": code, "name": name, "parent_id": county.id})
    Region.create({"code": "990101001000", "name": "street", "parent_id": county.id})
    return county


def setup_account(env):
    """Register an appropriation; return its account."""
    appropriation = env["welfare.appropriation"].create(
        {
            "number": "bench",
            "year": YEAR,
            "date": "2019-01-15",
            "source_id": env.ref("welfare_facility.fund_source_county").id,
            "region_id": _county(env).id,
            "amount_initial": 1e12,
        }
    )
    approve(appropriation).action_register()
    env.cr.commit()
    return appropriation.account_ids


def _posting(account, key):
    from odoo.addons.welfare_facility.models.welfare_fund_account import Line, Posting

    lines = [Line(account, "reserve", 50000)]
    return Posting(f"bench {key}", lines, account.appropriation_id, DAY)


def run_posting(env, account, n):
    """Post as a document's public action does, each posting committed."""
    for _ in range(n):
        account._begin_posting()
        account._post([_posting(account, next(KEYS))])
        env.cr.commit()


def run_batches(env, account, n):
    """As a document with a hundred lines does, which says by itself what it is."""
    from odoo.addons.welfare_facility.models.welfare_fund_account import Line, Posting

    for _ in range(max(n // BATCH, 1)):
        account._begin_posting()
        document = account.appropriation_id
        account._post(
            [
                Posting(
                    f"bench {next(KEYS)}",
                    [Line(account, "reserve", 50000)],
                    document,
                    DAY,
                )
                for _index in range(BATCH)
            ]
        )
        env.cr.commit()


def run_raw_batches(env, prepared, n):
    """Guard the balance and write 100 entries, in two statements."""
    raw, statements = prepared
    statements.clear()
    for _ in range(max(n // BATCH, 1)):
        with raw, raw.cursor() as cursor:
            cursor.execute(
                "UPDATE bench_fund SET paid = paid + %s WHERE id = 1", (50000 * BATCH,)
            )
            cursor.execute(
                "INSERT INTO bench_entry (fund_id, amount) VALUES "
                + ", ".join(["(1, 50000)"] * BATCH)
            )
    return len(statements)


# === Many at once ===


def _compete(env, work, count):
    """Let processes work at the same time.

    :param work: function of (number, connect), which returns a generator: up to its
        first value it prepares, and each further one is a posting.
    :return: for each process, the seconds of each of its postings
    """
    gun, fire = os.pipe()
    results = [os.pipe() for _index in range(count)]
    for number in range(count):
        if os.fork():
            continue
        steps = work(number)
        next(steps)
        os.write(results[number][1], b" ")
        os.read(gun, 1)
        times = []
        while True:
            began = time.perf_counter()
            if next(steps, None) is None:
                break
            times.append((began, time.perf_counter()))
        os.write(results[number][1], json.dumps(times).encode() + b"\n")
        os._exit(0)
    for end, _write in results:
        os.read(end, 1)
    os.write(fire, b"." * count)
    times = []
    for end, _write in results:
        text = b""
        while not text.endswith(b"\n"):
            text += os.read(end, 65536)
        times.append(json.loads(text))
    for _number in range(count):
        os.wait()
    return times


def _judge(times, queries):
    """Return what a competition has shown, for one posting."""
    began = min(start for own in times for start, _end in own)
    ended = max(end for own in times for _start, end in own)
    # Whoever is done first: what had each of them by then?
    first_end = min(own[-1][1] for own in times)
    shares = [sum(end <= first_end for _start, end in own) for own in times]
    return {
        "seconds": (ended - began) / sum(map(len, times)),
        "queries": queries,
        "fairness": sum(shares) ** 2 / (len(shares) * sum(x * x for x in shares)),
        "slowest ms": 1000 * max(end - start for own in times for start, end in own),
    }


def _serve(env):
    """Return what serves requests in a process of its own, as Odoo does.

    To be called in that process: connections do not go through a fork.
    """
    import odoo.sql_db
    from odoo import api
    from odoo.service.model import retrying

    registry, uid = env.registry, env.uid
    odoo.sql_db._Pool = odoo.sql_db._Pool_readonly = None
    registry._db = odoo.sql_db.db_connect(env.cr.dbname)

    def serve(request):
        with registry.cursor() as cr:
            own = api.Environment(cr, uid, {})
            retrying(lambda: request(own), own)

    return serve


def run_workers(count):
    def run(env, account, n):
        account_id = account.id

        def work(number):
            serve = _serve(env)

            def post(step):
                def request(own):
                    account = own["welfare.fund.account"].browse(account_id)
                    account._begin_posting()
                    account._post([_posting(account, f"{number} {step}")])

                serve(request)

            post("warm")
            yield
            for step in range(EACH):
                post(step)
                yield step

        return _judge(_compete(env, work, count), 0)

    return run


def run_raw_workers(count):
    def run(env, prepared, n):
        def work(number):
            raw, _statements = connection(env)
            yield
            for step in range(EACH):
                with raw, raw.cursor() as cursor:
                    cursor.execute(
                        "UPDATE bench_fund SET paid = paid + 50000 WHERE id = 1"
                    )
                    cursor.execute(
                        "INSERT INTO bench_entry (fund_id, amount) VALUES (1, 50000)"
                    )
                yield step

        return _judge(_compete(env, work, count), 2)

    return run


# === Documents ===


class _Watch:
    """A clock that runs only while our own work does."""

    def __init__(self, env):
        self.env, self.seconds, self.queries = env, 0.0, 0

    def __enter__(self):
        self._began = time.perf_counter(), self.env.cr.sql_log_count

    def __exit__(self, *_error):
        self.seconds += time.perf_counter() - self._began[0]
        self.queries += self.env.cr.sql_log_count - self._began[1]

    def judge(self, n):
        return {"seconds": self.seconds / n, "queries": self.queries / n}


def _allot(env, watch, account, regions):
    """Create an allotment and post it, as a purchase order is created and confirmed.

    Others approve it in between: `./bench approval` measures that. What is posted is
    therefore read again, as in the order's two requests.
    """
    with watch:
        allotment = env["welfare.allotment"].create(
            {
                "number": f"bench {next(KEYS)}",
                "account_id": account.id,
                "date": DATE,
                "line_ids": [
                    (0, 0, {"region_id": region.id, "amount": 5}) for region in regions
                ],
            }
        )
        env.cr.commit()
    approve(allotment)
    env.cr.commit()
    env.invalidate_all()
    with watch:
        allotment.action_post()
        env.cr.commit()


def run_allotment(env, account, n):
    """As purchase.order: one line, created, posted, committed."""
    watch = _Watch(env)
    for _ in range(n):
        _allot(env, watch, account, account.region_id.child_ids)
    return watch.judge(n)


def setup_holders(env):
    account = setup_account(env)
    street = account.region_id.child_ids
    env["welfare.region"].create(
        [
            {"code": f"990101001{n:03}", "name": f"{n}", "parent_id": street.id}
            for n in range(1, HOLDERS + 1)
        ]
    )
    env.cr.commit()
    return account


def run_holders(env, account, n):
    """Documents with 50 holders each."""
    watch = _Watch(env)
    for _ in range(max(n // HOLDERS, 1)):
        _allot(env, watch, account, account.region_id.child_ids.child_ids)
    return watch.judge(n)


# === Screens ===

# Nobody approves thousands of appropriations.
ACCOUNTS = """
ALTER TABLE welfare_appropriation DISABLE TRIGGER USER;
INSERT INTO welfare_appropriation (number, year, source_id, region_id, date, state,
                                   amount_initial, currency_id)
SELECT 'bench ' || n, 2010 + n %% 10, source.id, %(region)s,
       make_date(2010 + n %% 10, 1, 15), 'registered', 1e9, %(currency)s
FROM generate_series(1, %(appropriations)s) n
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS rank, COUNT(*) OVER () AS count
      FROM welfare_fund_source) source ON source.rank = n %% source.count;
ALTER TABLE welfare_appropriation ENABLE TRIGGER USER;
INSERT INTO welfare_fund_account (appropriation_id, source_id, year, region_id,
                                  currency_id)
SELECT a.id, a.source_id, a.year, region.id, a.currency_id
FROM welfare_appropriation a CROSS JOIN (
    SELECT id FROM welfare_region WHERE code LIKE '99010100%%'
    ORDER BY id LIMIT %(per_appropriation)s
) region
WHERE number LIKE 'bench %%';
"""
# The triggers take minutes for a million entries: the same figures at once.
ENTRIES = """
ALTER TABLE welfare_fund_entry DISABLE TRIGGER USER;
ALTER TABLE welfare_fund_account DISABLE TRIGGER USER;
INSERT INTO welfare_fund_entry (
    posting_key, line_number, account_id, currency_id, date, kind, amount, res_model,
    res_id, user_id, posted_at, d_received, d_sent, d_carried, d_reserved, d_committed,
    d_accrued, d_paid, transfer
)
SELECT 'bench ' || account.id || ' ' || n, 1, account.id, account.currency_id,
       make_date(account.year, 1 + n %% 12, 1 + n %% 28),
       CASE WHEN n = 1 THEN 'receive' ELSE 'reserve' END,
       CASE WHEN n = 1 THEN 1000000 ELSE 1 + n %% 100 END,
       'welfare.appropriation', account.appropriation_id, 1, now(),
       CASE WHEN n = 1 THEN 1000000 ELSE 0 END, 0, 0,
       CASE WHEN n = 1 THEN 0 ELSE 1 + n %% 100 END, 0, 0, 0, 0
FROM generate_series(1, %(per_account)s) n
CROSS JOIN welfare_fund_account account
JOIN welfare_appropriation a ON a.id = account.appropriation_id
WHERE a.number LIKE 'bench %%';
UPDATE welfare_fund_account account SET received = sums.received,
                                        granted = sums.received,
                                        reserved = sums.reserved
FROM (SELECT account_id, SUM(d_received) AS received, SUM(d_reserved) AS reserved
      FROM welfare_fund_entry GROUP BY account_id) sums
WHERE sums.account_id = account.id;
ALTER TABLE welfare_fund_entry ENABLE TRIGGER USER;
ALTER TABLE welfare_fund_account ENABLE TRIGGER USER;
"""


def setup_ledger(entries, each=ENTRIES_OF_AN_ACCOUNT):
    """Prepare a ledger, and a finance officer of its county.

    :param int entries: how many there are in all.
    :param int each: how many of them each account has.
    """

    def setup(env):
        county = _county(env)
        street = county.child_ids
        env["welfare.region"].create(
            [
                {"code": f"990101001{n:03}", "name": f"{n}", "parent_id": street.id}
                for n in range(1, ACCOUNTS_OF_AN_APPROPRIATION + 1)
            ]
        )
        env.flush_all()
        accounts = entries // each
        parameters = {
            "region": county.id,
            "currency": env.ref("base.CNY").id,
            "appropriations": accounts // ACCOUNTS_OF_AN_APPROPRIATION,
            "per_appropriation": ACCOUNTS_OF_AN_APPROPRIATION,
            "per_account": each,
        }
        env.cr.execute(ACCOUNTS, parameters)
        env.cr.execute(ENTRIES, parameters)
        env.cr.commit()
        env.cr._cnx.autocommit = True
        env.cr.execute("VACUUM ANALYZE")
        env.cr._cnx.autocommit = False
        env.invalidate_all()
        user = env["res.users"].create(
            {
                "name": "bench",
                "login": "bench",
                "group_ids": [
                    (4, env.ref("welfare_facility.welfare_group_finance").id)
                ],
                "welfare_region_ids": [(4, county.id)],
            }
        )
        env.cr.commit()
        return user

    return setup


def _list_view(env, model):
    """Return what the list of a model reads, and how far the client has it count."""
    from lxml import etree

    view = etree.fromstring(env[model].get_view(view_type="list")["arch"])
    specification = {}
    for node in view.iter("field"):
        field = env[model]._fields[node.get("name")]
        is_link = field.type in ("many2one", "many2one_reference")
        details = {"fields": {"display_name": {}}} if field.type == "many2one" else {}
        specification[field.name] = details if is_link else {}
    return specification, int(view.get("count_limit", 10_000)) + 1


def _run_list(model, domain=(), **context):
    """A page of a list as the client asks for it, for a finance officer of the county:
    the rule of the regions is part of the query."""

    def run(env, user, n):
        env = env(user=user.id, context={**env.context, **context})
        specification, count_limit = _list_view(env, model)
        for _ in range(n):
            env.invalidate_all()
            page = env[model].web_search_read(
                list(domain), specification, limit=80, count_limit=count_limit
            )
            assert len(page["records"]) == 80, len(page["records"])

    return run


def run_summary(env, user, n):
    """What is received and left, by year and source."""
    env = env(user=user.id)
    for _ in range(n):
        env.invalidate_all()
        groups = env["welfare.fund.account"].formatted_read_group(
            [],
            ["year", "source_id"],
            ["received:sum", "reserved:sum", "paid:sum", "available:sum", "__count"],
        )
        assert groups


def run_proof(env, prepared, n):
    for _ in range(n):
        env["welfare.fund.account"]._find_differences()


def _screens():
    granted = [("granted", ">", 0)]
    for title, run, n in (
        ("account list", _run_list("welfare.fund.account"), 10),
        ("entry list", _run_list("welfare.fund.entry"), 10),
        ("position list", _run_list("welfare.fund.position", granted), 10),
        (
            "past position list",
            _run_list("welfare.fund.position", granted, welfare_as_of=PAST),
            10,
        ),
        ("fund summary", run_summary, PAGES),
        ("proof of books", run_proof, 1),
    ):
        small = f"{title} at 10,000"
        yield Case(small, "page", n, run, setup_ledger(SMALL), warm=True, against=())
        yield Case(
            f"{title} at 1,000,000",
            "page",
            n,
            run,
            setup_ledger(LARGE),
            warm=True,
            against=(small,),
        )
    # As many accounts as the small ledger has, each with a hundred times its entries.
    yield Case(
        "fund summary, long accounts",
        "page",
        PAGES,
        run_summary,
        setup_ledger(LARGE, LARGE // SMALL * ENTRIES_OF_AN_ACCOUNT),
        warm=True,
        against=("fund summary at 10,000",),
    )


def _cases():
    from .reference import setup_raw, setup_raw_trail

    yield Case(
        "fund posting",
        "posted and committed alone",
        COUNT,
        run_posting,
        setup_account,
        warm=True,
        against=("account.payment", "raw posting", "raw posting, trail"),
    )
    yield Case(
        "raw batch",
        "posting, 100 committed at once",
        BATCH * BATCHES,
        run_raw_batches,
        setup_raw,
        warm=True,
        against=(),
    )
    yield Case(
        "raw batch, trail",
        "posting on captured tables, 100 committed at once",
        BATCH * BATCHES,
        run_raw_batches,
        setup_raw_trail,
        warm=True,
        against=("raw batch",),
    )
    yield Case(
        "fund batch",
        "posting, 100 committed at once",
        BATCH * BATCHES,
        run_batches,
        setup_account,
        warm=True,
        against=("raw batch", "raw batch, trail", "fund posting"),
    )
    yield Case(
        "raw, 8 workers",
        "guarded update + insert, all on one account",
        1,
        run_raw_workers(8),
        setup_raw,
        against=(),
    )
    yield Case(
        "fund, 1 worker",
        "posting through Odoo's retry",
        1,
        run_workers(1),
        setup_account,
        against=(),
    )
    yield Case(
        "fund, 8 workers",
        "posting through Odoo's retry, all on one account",
        1,
        run_workers(8),
        setup_account,
        against=("fund, 1 worker", "raw, 8 workers"),
    )
    yield Case(
        "allotment",
        "document created, committed; read again, posted, committed",
        30,
        run_allotment,
        setup_account,
        warm=True,
        against=("purchase.order", "purchase.order, two requests"),
    )
    yield Case(
        "allotment of 50",
        "holder of a document with 50",
        HOLDERS * 6,
        run_holders,
        setup_holders,
        warm=True,
        against=("allotment",),
    )
    yield from _screens()


CASES = tuple(_cases())
