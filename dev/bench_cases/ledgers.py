"""A ledger of 10,000 homes: read, checked and applied, beside what reads and writes the
same values without any rule, and beside Odoo's own import."""

import base64
import csv
import io
import os
import subprocess
import sys
from pathlib import Path

from .case import Case, connection

ROWS = 10_000
MOST_ROWS = 65_000  # a sheet of an .xls has no more than 65,536
HEADINGS = (
    "序号",
    "街道办事处",
    "社区名称",
    "统计用区划代码",
    "状态",
    "建成时间",
    "区级财政（万元）",
    "福彩公益金（万元）",
    "资金合计（万元）",
    "室内面积（㎡）",
    "室外面积（㎡）",
    "每周开放时间（小时）",
    "备注",
)
STREETS_OF_A_COUNTY, COMMUNITIES_OF_A_STREET = 50, 50


def _rows(count):
    """Yield what the ledger says of each community, as a clerk would write it."""
    for number in range(count):
        street, community = divmod(number, COMMUNITIES_OF_A_STREET)
        county, street = divmod(street, STREETS_OF_A_COUNTY)
        code = f"9901{county + 1:02}{street + 1:03}{community + 1:03}"
        is_built = number % 5
        yield (
            number + 1,
            f"第{street + 1}街道办事处",
            f"第{community + 1}社区",
            code if number % 3 else int(code),
            "已建成" if is_built else "2019年计划",
            43000 + number % 500 if is_built else "",
            4.1 if is_built else "",
            5 if is_built and not number % 4 else "",
            (9.1 if not number % 4 else 4.1) if is_built else "",
            40.5 + number % 30 if is_built else "",
            30 if is_built else "",
            10 + number % 30 if is_built else "随居委会上班时间",
            "依托社区办公用房" if not number % 7 else "",
        )


def make_ledger(count):
    """Return an .xls ledger with so many rows, as a bureau keeps it.

    Another process makes it: what that leaves in memory would hide what a case takes.
    """
    script = "import sys; from dev.bench_cases.ledgers import _write; _write({})"
    return subprocess.run(
        [sys.executable, "-c", script.format(count)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout


def _write(count):
    head = [
        ["儿童之家建设台账"],
        ["填报单位：民政局  截止日期：2018年12月31日  金额单位：万元"],
        HEADINGS,
    ]
    sys.stdout.buffer.write(_make_xls(head, _rows(count), date_column=5))


def _make_xls(head, rows, date_column):
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("儿童之家台账")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for number, row in enumerate([*head, *rows]):
        for column, value in enumerate(row):
            if isinstance(value, int) and column == date_column:
                sheet.write(number, column, value, day)
            elif value != "":
                sheet.write(number, column, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def make_regions(env, count):
    """Create the communities that the ledger names.

    :return: the region in which they lie
    """
    province = env["welfare.region"].create({"code": "990000000000", "name": "试验省"})
    codes = [f"{row[3]}" for row in _rows(count)]
    env.flush_all()
    kinds = {4: (2, "市"), 6: (4, "区"), 9: (6, "街道"), 12: (9, "社区")}
    levels = ("prefecture", "county", "township", "village")
    for level, (digits, (above, kind)) in zip(levels, kinds.items(), strict=True):
        prefixes = list(dict.fromkeys(code[:digits] for code in codes))
        # Past the ORM: tens of thousands of records would stay in the memory.
        env.cr.execute(
            """
            INSERT INTO welfare_region (code, name, level, parent_id, complete_name)
            SELECT rpad(prefix, 12, '0'), part.name, %(level)s, parent.id,
                   parent.complete_name || ' / ' || part.name
            FROM unnest(%(prefixes)s, %(names)s) AS part (prefix, name)
            JOIN welfare_region parent
              ON parent.code = rpad(left(prefix, %(above)s), 12, '0');
            UPDATE welfare_region region
            SET parent_path = parent.parent_path || region.id || '/'
            FROM welfare_region parent
            WHERE parent.id = region.parent_id AND region.parent_path IS NULL
            """,
            {
                "level": level,
                "prefixes": prefixes,
                "names": [f"第{int(each[above:])}{kind}" for each in prefixes],
                "above": above,
            },
        )
    env.cr.commit()
    return province


# === Reading ===


def setup_reading(env):
    return make_ledger(ROWS)


def run_xlrd(env, content, n):
    """The least that reading an .xls takes."""
    import xlrd

    sheet = xlrd.open_workbook(file_contents=content).sheet_by_index(0)
    for row in range(sheet.nrows):
        sheet.row_values(row)
    return 0


def run_xlrd_of_large(env, prepared, n):
    """The memory that xlrd needs for a full sheet, after the same setup."""
    _region_id, content, _encoded = prepared
    return run_xlrd(env, content, n)


def run_reading(env, content, n):
    from odoo.addons.welfare_facility.tools.workbook import read_workbook

    read_workbook(content, "ledger.xls")
    return 0


# === The whole import: two requests, the check and the application ===


def setup_import(env, count=ROWS):
    """Return the region, the file, and the file as a request brings it."""
    content = make_ledger(count)
    return make_regions(env, count).id, content, base64.b64encode(content)


def setup_large(env):
    return setup_import(env, MOST_ROWS)


def run_import(env, prepared, n):
    region_id, _content, encoded = prepared
    ledger = env["welfare.facility.import"].create(
        {
            "region_id": region_id,
            "filename": "ledger.xls",
            "file": encoded,
        }
    )
    ledger.action_check()
    env.cr.commit()
    env.invalidate_all()
    ledger.action_apply()
    env.cr.commit()
    done = env["welfare.facility"].search_count([("region_id", "child_of", region_id)])
    assert done == n, done


# === What it is compared with ===


def setup_copy(env, table="bench_facility"):
    region = make_regions(env, ROWS)
    id_by_code = {
        community.code: community.id
        for community in env["welfare.region"].search([("id", "child_of", region.id)])
    }
    home_type = env.ref("welfare_facility.facility_type_children_home")
    raw, statements = connection(env)
    with raw, raw.cursor() as cursor:
        # The columns, checks and indexes of the register, without its foreign keys.
        cursor.execute(
            "CREATE TABLE bench_facility (LIKE welfare_facility INCLUDING ALL)"
        )
    statements.clear()
    fixed = home_type.id, env.uid
    return raw, statements, table, id_by_code, fixed, make_ledger(ROWS)


def setup_copy_register(env):
    return setup_copy(env, table="welfare_facility")


def run_copy(env, prepared, n):
    """Read the file by bare xlrd, and hand the values to PostgreSQL in one COPY.

    Nothing is checked, there is no history, and nobody can tell afterwards where a
    value came from.
    """
    import xlrd

    raw, statements, table, id_by_code, fixed, content = prepared
    type_id, uid = fixed
    sheet = xlrd.open_workbook(file_contents=content).sheet_by_index(0)
    text = io.StringIO()
    writer = csv.writer(text)
    for number in range(3, sheet.nrows):
        row = sheet.row_values(number)
        row += [""] * (len(HEADINGS) - len(row))
        district, lottery = (float(value or 0) * 10_000 for value in row[6:8])
        code = row[3] if isinstance(row[3], str) else f"{row[3]:.0f}"
        writer.writerow(
            (
                f"{row[2]}儿童之家",
                type_id,
                id_by_code[code],
                id_by_code[f"{code[:9]}000"],
                "operating" if row[4] == "已建成" else "planned",
                xlrd.xldate_as_datetime(row[5], 0).date() if row[5] else "2018-12-31",
                row[9],
                row[10],
                "" if isinstance(row[11], str) else row[11],
                row[12],
                district,
                lottery,
                district + lottery,
                True,
                uid,
                uid,
            )
        )
    text.seek(0)
    with raw, raw.cursor() as cursor:
        cursor.copy_expert(
            f"COPY {table} (name, type_id, region_id, township_id, state,"
            " date_state, area_indoor, area_outdoor, hours_weekly, note,"
            " amount_district_stated, amount_lottery_stated, amount_total_stated,"
            " is_one_per_community, create_uid, write_uid)"
            " FROM STDIN WITH (FORMAT csv)",
            text,
        )
    return len(statements)


#: What Odoo's own import is given: a sheet that was made for it, with ids for places.
PLAIN_FIELDS = ("name", "type_id/.id", "region_id/.id", "state", "date_state") + (
    "area_indoor",
    "area_outdoor",
    "hours_weekly",
    "note",
    "amount_district_stated",
    "amount_lottery_stated",
)


def setup_base_import(env):
    region = make_regions(env, ROWS)
    home_type = env.ref("welfare_facility.facility_type_children_home")
    communities = env["welfare.region"].search(
        [("id", "child_of", region.id), ("level", "=", "village")]
    )
    rows = [
        (
            f"{row[2]}儿童之家",
            home_type.id,
            community.id,
            "operating" if row[4] == "已建成" else "planned",
            row[5] or 43465,
            row[9],
            row[10],
            "" if isinstance(row[11], str) else row[11],
            row[12],
            (row[6] or 0) * 10_000,
            (row[7] or 0) * 10_000,
        )
        for row, community in zip(_rows(ROWS), communities, strict=True)
    ]
    return _make_xls([PLAIN_FIELDS], rows, date_column=4)


def run_base_import(env, content, n):
    wizard = env["base_import.import"].create(
        {
            "res_model": "welfare.facility",
            "file": content,
            "file_name": "ledger.xls",
            "file_type": "application/vnd.ms-excel",
        }
    )
    options = {"has_headers": True, "date_format": "%Y-%m-%d", "quoting": '"'}
    result = wizard.execute_import(list(PLAIN_FIELDS), list(PLAIN_FIELDS), options)
    env.cr.commit()
    errors = [message for message in result["messages"] if message["type"] == "error"]
    assert len(result["ids"] or ()) == n, errors[:3]


CASES = (
    Case(
        name="ledger read by xlrd",
        unit="row of an .xls",
        n=ROWS,
        setup=setup_reading,
        run=run_xlrd,
        against=(),
    ),
    Case(
        name="ledger reading",
        unit="row of an .xls",
        n=ROWS,
        setup=setup_reading,
        run=run_reading,
        against=("ledger read by xlrd",),
    ),
    Case(
        name="ledger COPY",
        unit="row of an .xls",
        n=ROWS,
        setup=setup_copy,
        run=run_copy,
        against=(),
    ),
    Case(
        name="ledger COPY, keys",
        unit="row of an .xls, into the register with its foreign keys",
        n=ROWS,
        setup=setup_copy_register,
        run=run_copy,
        against=("ledger COPY",),
    ),
    Case(
        name="ledger base_import",
        unit="row of an .xls, into the register",
        n=ROWS,
        setup=setup_base_import,
        run=run_base_import,
        against=("ledger COPY",),
    ),
    Case(
        name="ledger import",
        unit="row of an .xls, checked and applied",
        n=ROWS,
        setup=setup_import,
        run=run_import,
        against=("ledger COPY", "ledger COPY, keys", "ledger base_import"),
    ),
    Case(
        name="province read by xlrd",
        unit="row of an .xls; its peak is what the next one is compared with",
        n=MOST_ROWS,
        setup=setup_large,
        run=run_xlrd_of_large,
        against=(),
    ),
    Case(
        name="ledger of a province",
        unit="row of an .xls, checked and applied",
        n=MOST_ROWS,
        setup=setup_large,
        run=run_import,
        against=("ledger COPY", "ledger COPY, keys", "province read by xlrd"),
    ),
)
