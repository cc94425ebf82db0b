"""What becomes of each row of a ledger of institutions: beds, rooms and areas."""

import hashlib
from decimal import Decimal

from odoo.fields import Date
from odoo.tools import SQL, format_date

from ..tools.textvalue import place_key
from .ledger_planner import PlannedRow

#: The columns that hold a figure, by the code of the metric that they are.
FIGURES = {
    **dict.fromkeys(
        ("beds_approved", "beds_built", "beds_open", "beds_occupied"), "number"
    ),
    **dict.fromkeys(
        (
            "area_building",
            "area_footprint",
            "area_site",
            "area_outdoor",
            "area_green",
            "room_living",
            "room_medical",
            "room_rehabilitation",
            "room_education",
            "room_office",
            "room_auxiliary",
        ),
        "area",
    ),
    "staff": "number",
    "children": "number",
}
#: The columns that hold the number of rooms, by the metric of their area.
ROOMS = {name: f"{name}_count" for name in FIGURES if name.startswith("room_")}

#: How the columns are read; their headings are data.
INSTITUTION_COLUMNS = {
    "name": {"kind": "text", "required": True},
    "type": {"kind": "text"},
    "code": {"kind": "code"},
    "date": {"kind": "date"},
    "date_approved": {"kind": "date"},
    **{name: {"kind": kind} for name, kind in FIGURES.items()},
    **{name: {"kind": "number"} for name in ROOMS.values()},
    "measured_by": {"kind": "text"},
    "document": {"kind": "text"},
}


class InstitutionPlanner:
    """Compares the rows of institutions with the register; writes nothing.

    An institution is known by its name within the ledger's region. A figure of a day
    that is there already is not added again; one that differs becomes a correction.

    :param region: the ``welfare.region`` whose ledger it is.
    :param datetime.date date: the day to which the ledger speaks, if somebody said it.
    """

    def __init__(self, region, date):
        self.env = region.env
        self.region = region
        self.date = date
        self.today = Date.context_today(region)
        Facility = self.env["welfare.facility"].with_context(active_test=False)
        self.facilities = Facility.search_fetch(
            [
                ("region_id", "child_of", region.id),
                ("is_one_per_community", "=", False),
                ("state", "!=", "closed"),
            ],
            ["name", "date_approved", "region_id", "type_id"],
            order="id",
        )
        Measurement = self.env["welfare.facility.measurement"]
        Measurement.flush_model()
        self.known = {
            (facility, code, day): (row_id, value, rooms)
            for facility, code, day, row_id, value, rooms in self.env.execute_query(
                SQL(
                    """
                    SELECT facility_id, metric.code, date, measured.id, value,
                           COALESCE(room_count, 0)
                    FROM welfare_facility_measurement measured
                    JOIN welfare_facility_metric metric ON metric.id = metric_id
                    WHERE facility_id = ANY(%s) AND age_group IS NULL
                      AND NOT EXISTS (
                          SELECT FROM welfare_facility_measurement correction
                          WHERE correction.corrects_id = measured.id
                      )
                    ORDER BY measured.id
                    """,
                    self.facilities.ids,
                )
            )
        }
        self.names = {}
        for facility in self.facilities:
            self.names.setdefault(place_key(facility.name), []).append(facility)

    def basis(self):
        """Return a digest of all that the plan depends on.

        :rtype: str
        """
        parts = [
            [
                (each.id, each.name, each.date_approved, each.type_id.id)
                for each in self.facilities
            ],
            sorted(self.known.items()),
        ]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def plan(self, table):
        """Tell what would become of each row of a table.

        :param table: a :class:`~..tools.ledger.Table`, whose rows were not read yet.
        :return: an iterator of :class:`~.ledger_planner.PlannedRow`.
        """
        self.date = self.date or table.context.as_of
        sheet, seen, told = table.sheet.name, {}, set()
        for row in () if table.missing else table.iter_rows():
            planned = PlannedRow(
                sheet, row.number, row.cell("name"), place=row.values["name"] or ""
            )
            for problem in row.problems:
                planned.tell(problem, self.env._(problem.message))
                told.add(problem)
            if row.values["name"]:
                first = seen.setdefault(place_key(row.values["name"]), row.number)
                if first != row.number:
                    planned.refuse(
                        self.env._("It stands in row %(row)s already.", row=first)
                    )
            self._plan_row(planned, row, table)
            yield planned
        for problem in table.problems:
            if problem not in told:
                remark = PlannedRow(
                    problem.sheet, problem.row or 0, problem.cell or "", status="skip"
                )
                remark.tell(problem, self.env._(problem.message))
                yield remark

    # --- one row ---------------------------------------------------------------------

    def _plan_row(self, planned, row, table):
        values = row.values
        region = self._find_region(planned, row)
        facility_type = self._find_type(planned, row)
        day = values.get("date") or self.date
        if not day:
            planned.refuse(
                self.env._(
                    "Neither the row nor the ledger says on which day this was "
                    "measured: enter the day to which the ledger speaks."
                )
            )
        elif day > self.today:
            planned.refuse(
                self.env._(
                    "%(date)s has not come yet.", date=format_date(self.env, day)
                )
            )
        self._check_figures(planned, row)
        if planned.status == "error":
            return
        found = self.names.get(place_key(values["name"]), [])
        if values.get("code"):
            found = [each for each in found if each.region_id == region]
        if len(found) > 1:
            planned.refuse(
                self.env._(
                    "The register has %(count)s of that name: add the division code.",
                    count=len(found),
                )
            )
            return
        facility = found[0] if found else self.facilities.browse()
        planned.facility = facility or None
        vals = {}
        approved = values.get("date_approved")
        if not facility:
            vals = {
                "name": values["name"],
                "type_id": facility_type.id,
                "region_id": region.id,
                "state": "operating",
                "date_state": day.isoformat(),
                "is_date_state_approximate": True,
            }
        if approved and facility.date_approved != approved:
            vals["date_approved"] = approved.isoformat()
        figures = self._plan_figures(planned, values, facility, day)
        institution = {
            "vals": vals,
            "date": day.isoformat(),
            "figures": figures,
            "measured_by": values.get("measured_by") or table.context.reporter,
            "document": values.get("document"),
        }
        if not facility or vals or figures:
            planned.status = "change" if facility else "create"
            planned.institution = institution

    def _find_region(self, planned, row):
        code = row.values.get("code")
        if not code:
            return self.region
        region = self.env["welfare.region"].search(
            [("code", "=", code), ("id", "child_of", self.region.id)], limit=1
        )
        if not region:
            planned.refuse(
                self.env._(
                    "%(region)s has no place with the code %(code)s.",
                    region=self.region.name,
                    code=code,
                ),
                cell=row.cell("code"),
            )
        return region

    def _find_type(self, planned, row):
        Type = self.env["welfare.facility.type"]
        name = row.values.get("type")
        if not name:
            return self.env.ref("welfare_facility.facility_type_welfare_institution")
        found = Type.search(
            [
                ("is_one_per_community", "=", False),
                "|",
                ("name", "=", name),
                ("site_name", "=", name),
            ],
            limit=1,
        )
        if not found:
            planned.refuse(
                self.env._("There is no type “%(name)s”.", name=name),
                cell=row.cell("type"),
            )
        return found

    def _check_figures(self, planned, row):
        values = row.values
        for name, kind in FIGURES.items():
            value = values.get(name)
            if kind == "area" and value == 0:
                planned.refuse(
                    self.env._(
                        "An area of 0 is none: leave out what was not measured."
                    ),
                    cell=row.cell(name),
                )
            elif kind == "number" and value is not None and value % 1:
                planned.refuse(
                    self.env._("Beds, persons and things come in whole numbers."),
                    cell=row.cell(name),
                )
        occupied, opened = values.get("beds_occupied"), values.get("beds_open")
        if occupied is not None and opened is not None and occupied > opened:
            planned.refuse(
                self.env._(
                    "%(occupied)s beds are occupied and only %(opened)s are open.",
                    occupied=f"{occupied:f}",
                    opened=f"{opened:f}",
                ),
                cell=row.cell("beds_occupied"),
            )

    def _plan_figures(self, planned, values, facility, day):
        """Return the figures that are new, and say what differs.

        :return: lists of the metric's code, figure (m² where it is an area), rooms, and
            the id of the measurement that it corrects or ``None``.
        """
        figures = []
        for code, kind in FIGURES.items():
            value = values.get(code)
            if value is None:
                continue
            rooms = int(values.get(ROOMS.get(code)) or 0)
            row_id, known, known_rooms = self.known.get(
                (facility.id, code, day), (None, None, 0)
            )
            if known == value and known_rooms == rooms:
                continue
            figures.append([code, str(value), rooms, row_id])
            if row_id:
                unit = " m²" if kind == "area" else ""
                planned.warn(
                    self.env._(
                        "%(field)s: %(old)s → %(new)s",
                        field=self._label(code),
                        old=f"{Decimal(known):,.2f}{unit}",
                        new=f"{value:,.2f}{unit}",
                    )
                )
        return figures

    def _label(self, code):
        return self.env.ref(f"welfare_facility.metric_{code}").name
