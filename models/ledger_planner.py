"""What becomes of each row of a ledger: the comparison with the register."""

import datetime
from dataclasses import dataclass, field

from odoo.fields import Date
from odoo.tools import float_compare, format_date

from ..tools.textvalue import place_key
from .welfare_facility import BUILT_STATES

#: Numbers of a facility: the column they come from, and the decimals that count.
NUMBERS = {
    "area_indoor": ("area_indoor", 2),
    "area_outdoor": ("area_outdoor", 2),
    "hours_weekly": ("hours_weekly", 1),
    "amount_district_stated": ("amount_district", 2),
    "amount_lottery_stated": ("amount_lottery", 2),
}
TEXTS = ("hours_note", "note")
HOURS_OF_A_WEEK = 168


@dataclass
class PlannedRow:
    """One row of the ledger, and what is to be done with it.

    :ivar dict vals: values of the facility that are to be written.
    :ivar list steps: states that an existing facility passes, in their order.
    :ivar bool is_redated: the day of the current state is corrected.
    """

    sheet: str
    row: int
    cell: str = ""
    place: str = ""
    status: str = "unchanged"
    messages: list = field(default_factory=list)
    region: object = None
    facility: object = None
    state: str = ""
    date: datetime.date | None = None
    is_approximate: bool = False
    vals: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)
    is_redated: bool = False

    @property
    def message(self):
        return "\n".join(self.messages)

    def refuse(self, message, cell=None):
        """Mark the row as one that cannot be applied."""
        if cell and self.status != "error":
            self.cell = cell
        self.status = "error"
        self.messages.append(message)

    def warn(self, message):
        """Say what should be looked at; a row that would be written still is."""
        if self.status in ("unchanged", "skip"):
            self.status = "warning"
        self.messages.append(message)


class LedgerPlanner:
    """Compares the rows of a ledger with the register; writes nothing.

    :param region: the ``welfare.region`` whose ledger it is.
    :param facility_type: the ``welfare.facility.type`` that the ledger lists.
    :param datetime.date date: the day to which the ledger speaks, if the user says it.
    """

    def __init__(self, region, facility_type, date):
        self.env = region.env
        self.region = region
        self.date = date
        columns = self.env["welfare.import.column"]._get_columns("facility")
        self.premises_by_note = (
            columns["note"]._get_words() if "note" in columns else {}
        )
        self._fetch_register(facility_type)

    def _fetch_register(self, facility_type):
        """Read what is looked up for every row, once for all of them."""
        regions = self.env["welfare.region"].search_fetch(
            [("id", "child_of", self.region.id), ("level", "=", "village")],
            ["code", "name", "parent_id", "is_unit_community"],
        )
        self.region_by_code = {region.code: region for region in regions}
        self.region_by_name = {
            (place_key(region.parent_id.name), place_key(region.name)): region
            for region in regions
        }
        self.Facility = self.env["welfare.facility"]
        facilities = self.Facility.with_context(active_test=False).search_fetch(
            [
                ("region_id", "child_of", self.region.id),
                ("type_id", "=", facility_type.id),
                ("state", "!=", "closed"),
            ],
            ["name", "region_id", "state", "date_state", "premises", "plan_year"]
            + [*NUMBERS, *TEXTS],
        )
        self.facility_by_region = {
            facility.region_id: facility for facility in facilities
        }

    def plan(self, table, progress=None):
        """Return what would become of each row of a table.

        :param table: a :class:`~..tools.ledger.Table` with the ledger's columns.
        :param progress: called with (rows done, rows in all), or ``None``.
        :rtype: list[PlannedRow]
        """
        self.date = self.date or table.context.as_of
        plan = {}
        for done, row in enumerate(table.rows, start=1):
            names = (row.values.get("township"), row.values.get("community"))
            planned = plan[row.number] = PlannedRow(
                sheet=table.sheet.name,
                row=row.number,
                cell=row.cell("community"),
                place=" ".join(name for name in names if name),
            )
            self._plan_row(planned, row)
            if progress:
                progress(done, len(table.rows))
        remarks = []
        for problem in table.problems:
            planned = plan.get(problem.row)
            if not planned:
                planned = PlannedRow(
                    problem.sheet, problem.row or 0, problem.cell or ""
                )
                remarks.append(planned)
            message = self.env._(problem.message)
            if problem.level == "error":
                planned.refuse(message, cell=problem.cell)
            else:
                planned.warn(message)
        return [*plan.values(), *remarks]

    # --- one row ---------------------------------------------------------------------

    def _plan_row(self, planned, row):
        values = row.values
        planned.region = self._find_region(planned, row)
        meaning = values.get("state")
        if not planned.region or not meaning:
            return
        planned.facility = self.facility_by_region.get(planned.region)
        if meaning == "excluded":
            self._plan_excluded(planned)
        elif meaning == "none":
            self._plan_none(planned)
        elif planned.region.is_unit_community:
            planned.refuse(
                self.env._(
                    "%(region)s is a unit community, in which none is set up.",
                    region=planned.region.name,
                ),
                cell=row.cell("state"),
            )
        else:
            self._plan_facility(planned, row, meaning)

    def _find_region(self, planned, row):
        """Return the community of a row, by its code or else by its names."""
        values = row.values
        code, name = values.get("code"), values.get("community")
        if code:
            region = self.region_by_code.get(code)
            if not region:
                planned.refuse(
                    self.env._(
                        "%(region)s has no community with the code %(code)s.",
                        region=self.region.name,
                        code=code,
                    ),
                    cell=row.cell("code"),
                )
        elif name:
            key = (place_key(values.get("township") or ""), place_key(name))
            region = self.region_by_name.get(key)
            if not region:
                planned.refuse(
                    self.env._(
                        "%(region)s has no community “%(place)s”.",
                        region=self.region.name,
                        place=planned.place,
                    )
                )
        else:
            return None  # The reader has refused the row already.
        if region and name and place_key(name) != place_key(region.name):
            planned.refuse(
                self.env._(
                    "The code %(code)s is that of %(region)s, not of %(name)s.",
                    code=region.code,
                    region=region.name,
                    name=name,
                )
            )
            return None
        return region

    def _plan_excluded(self, planned):
        planned.status = "skip"
        if not planned.region.is_unit_community:
            planned.warn(
                self.env._(
                    "The ledger says that none is to be set up here; the register does "
                    "not have %(region)s as a unit community.",
                    region=planned.region.name,
                )
            )

    def _plan_none(self, planned):
        planned.status = "skip"
        if planned.facility:
            planned.warn(
                self.env._(
                    "The ledger says that none is built; the register has "
                    "%(facility)s.",
                    facility=planned.facility.name,
                )
            )

    def _plan_facility(self, planned, row, state):
        """Plan the facility that a row tells of."""
        values = row.values
        planned.state = state
        planned.date = values.get("date") or self.date
        planned.is_approximate = values.get("date_precision") in ("month", "year")
        if not planned.date:
            planned.refuse(
                self.env._(
                    "Neither the row nor the ledger says since when this is so: enter "
                    "the day to which the ledger speaks."
                ),
                cell="date" in values and row.cell("date"),
            )
        elif planned.date > Date.context_today(self.Facility):
            planned.refuse(
                self.env._(
                    "%(date)s has not come yet.",
                    date=format_date(self.env, planned.date),
                ),
                cell="date" in values and row.cell("date"),
            )
        if (values.get("hours_weekly") or 0) > HOURS_OF_A_WEEK:
            planned.refuse(
                self.env._("A week has 168 hours."), cell=row.cell("hours_weekly")
            )
        if planned.status == "error":
            return
        stated = self._read_facility(values)
        if planned.facility:
            self._plan_state(planned, has_date=bool(values.get("date")))
            self._plan_changes(planned, stated)
        elif state in self.Facility._initial_states:
            planned.status = "create"
            planned.vals = stated
            planned.messages.append(self._describe_state(state, planned.date))
        else:
            planned.refuse(
                self.env._(
                    "The register has no facility here that could be “%(state)s”.",
                    state=self.Facility._state_label(state),
                )
            )

    def _read_facility(self, values):
        """Return the values that a row states. A blank cell says nothing."""
        stated = {
            name: float(values[column])
            for name, (column, _digits) in NUMBERS.items()
            if values.get(column) is not None
        }
        stated.update((name, values[name]) for name in TEXTS if values.get(name))
        premises = self.premises_by_note.get(values.get("note"))
        if premises:
            stated["premises"] = premises
        if values.get("plan_year"):
            stated["plan_year"] = values["plan_year"]
        return stated

    # --- a facility that is there already --------------------------------------------

    def _plan_state(self, planned, has_date):
        facility = planned.facility
        if planned.state == facility.state:
            if has_date and planned.date != facility.date_state:
                planned.is_redated = True
                planned.status = "change"
                planned.messages.append(
                    self._describe_change(
                        "date_state",
                        format_date(self.env, facility.date_state),
                        format_date(self.env, planned.date),
                    )
                )
            return
        if planned.state == "operating" and facility.state in BUILT_STATES:
            return  # 已建成 is also what was accepted or is suspended.
        planned.steps = self._find_steps(facility.state, planned.state)
        if not planned.steps:
            planned.refuse(
                self.env._(
                    "The register has it as “%(state)s”; a ledger cannot make it "
                    "“%(target)s”.",
                    state=self._describe_state(facility.state, facility.date_state),
                    target=self.Facility._state_label(planned.state),
                )
            )
        elif planned.date < facility.date_state:
            planned.refuse(self.Facility._message_date_order())
        else:
            planned.status = "change"
            planned.messages.append(
                self._describe_change(
                    "state",
                    self._describe_state(facility.state, facility.date_state),
                    self._describe_state(planned.state, planned.date),
                )
            )

    def _find_steps(self, state, target):
        """Return the shortest declared way from one state to another, without it."""
        ways = [[state]]
        for way in ways:
            if way[-1] == target:
                return way[1:]
            ways += [
                [*way, following]
                for following in sorted(self.Facility._transitions[way[-1]])
                if following not in way
            ]
        return []

    def _plan_changes(self, planned, stated):
        if planned.status == "error":
            return
        for name, value in stated.items():
            current = planned.facility[name]
            if name in NUMBERS:
                digits = NUMBERS[name][1]
                if not float_compare(value, current, precision_digits=digits):
                    continue
                texts = (f"{current:,.{digits}f}", f"{value:,.{digits}f}")
            elif value == (current or ""):
                continue
            else:
                texts = (self._describe(name, current), self._describe(name, value))
            planned.vals[name] = value
            planned.status = "change"
            planned.messages.append(self._describe_change(name, *texts))

    # --- words -----------------------------------------------------------------------

    def _describe(self, name, value):
        field = self.Facility._fields[name]
        if field.type == "selection":
            value = dict(field._description_selection(self.env)).get(value)
        return str(value or "—")

    def _describe_state(self, state, date):
        return self.env._(
            "%(state)s since %(date)s",
            state=self.Facility._state_label(state),
            date=format_date(self.env, date),
        )

    def _describe_change(self, name, old, new):
        return self.env._(
            "%(field)s: %(old)s → %(new)s",
            field=self.Facility._fields[name]._description_string(self.env),
            old=old,
            new=new,
        )
