"""Beds and areas of 10,000 institutions against the standards."""

from .case import Case

INSTITUTIONS = 10_000
DAY = "2025-12-31"
FIGURES = {
    "beds_built": 100,
    "beds_open": 100,
    "beds_occupied": 90,
    "area_building": 3_200,
    "area_outdoor": 450,
    "area_site": 6_000,
    "area_footprint": 1_600,
    "staff": 90,
}
RAW = """
SELECT facility_id, MAX(value) FILTER (WHERE code = 'area_building')
                    / MAX(value) FILTER (WHERE code = 'beds_built') >= 33
FROM (
    SELECT DISTINCT ON (facility_id, metric_id) facility_id, code, value
    FROM welfare_facility_measurement measured
    JOIN welfare_facility_metric metric ON metric.id = metric_id
    ORDER BY facility_id, metric_id, date DESC
) latest
GROUP BY facility_id
"""


def setup(env):
    """Register the institutions in one county, each with eight figures."""
    region = env["welfare.region"]
    for code, name in (
        ("990000000000", "试验省"),
        ("990100000000", "试验市"),
        ("990101000000", "试验区"),
    ):
        region = region.create({"code": code, "name": name, "parent_id": region.id})
    institution = env.ref("welfare_facility.facility_type_welfare_institution")
    facilities = (
        env["welfare.facility"]
        .with_context(mail_create_nolog=True, tracking_disable=True)
        .create(
            [
                {
                    "name": f"儿童福利院{number}",
                    "type_id": institution.id,
                    "region_id": region.id,
                    "state": "operating",
                    "date_state": "2012-01-01",
                    "date_approved": "2011-01-01",
                }
                for number in range(INSTITUTIONS)
            ]
        )
    )
    env.flush_all()
    for code, value in FIGURES.items():
        metric = env.ref(f"welfare_facility.metric_{code}")
        unit = {"beds": "bed", "area": "m2", "persons": "person"}[metric.kind]
        env.cr.execute(
            """
            INSERT INTO welfare_facility_measurement
                (facility_id, metric_id, amount, unit, date, measured_by)
            SELECT id, %s, %s + id %% 10, %s, '2024-12-31', 'x'
            FROM welfare_facility WHERE id = ANY(%s)
            """,
            [metric.id, value, unit, facilities.ids],
        )
    env.cr.commit()
    env.cr.execute("ANALYZE welfare_facility; ANALYZE welfare_facility_measurement")
    return facilities.ids


def run_raw(env, prepared, n):
    """One of the lines only, without dates, corrections, texts or results."""
    env.cr.execute(RAW)
    env.cr.fetchall()


def _check(env, ids, keep):
    from odoo.addons.welfare_facility.models.compliance_checker import (
        ComplianceChecker,
    )

    env.invalidate_all()
    day = env["welfare.facility"]._fields["date_approved"].to_date(DAY)
    if keep:
        return env["welfare.compliance"]._keep(ids, day, is_always=True)
    return ComplianceChecker(env, day).check(ids)


def run_check(env, prepared, n):
    if len(_check(env, prepared[:n], keep=False)) < n:
        raise ValueError("Not every institution was checked")


def run_keep(env, prepared, n):
    if len(_check(env, prepared[:n], keep=True)) < n:
        raise ValueError("Not every result was kept")


CASES = (
    Case("raw area a bed", "facility", INSTITUTIONS, run_raw, setup, against=()),
    Case(
        "standards: check 10,000 facilities",
        "facility",
        INSTITUTIONS,
        run_check,
        setup,
        against=("raw area a bed",),
    ),
    Case(
        "standards: check and keep 10,000 facilities",
        "facility",
        INSTITUTIONS,
        run_keep,
        setup,
        against=("raw area a bed",),
    ),
)
