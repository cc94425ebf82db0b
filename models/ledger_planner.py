"""What becomes of each row of a ledger: the comparison with the register.

Nothing here writes. The planner reads the register with the rights of the user, as
plain tuples and for some rows at a time: a record for each of 65,000 rows would cost
more than all the rest.
"""

import datetime
import hashlib
import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from odoo.fields import Date, Domain
from odoo.tools import SQL, float_compare, format_date, get_lang

from ..tools.textvalue import place_key
from .welfare_facility import BUILT_STATES

#: Numbers of a facility: the column they come from, and the decimals that are kept.
NUMBERS = {
    "area_indoor": ("area_indoor", 2),
    "area_outdoor": ("area_outdoor", 2),
    "hours_weekly": ("hours_weekly", 1),
    "amount_district_stated": ("amount_district", 2),
    "amount_lottery_stated": ("amount_lottery", 2),
}
TEXTS = ("hours_note", "note")
#: What a ledger may state of a facility, besides its state and the day of it.
STATED = (*NUMBERS, *TEXTS, "premises", "plan_year")
HOURS_OF_A_WEEK = 168
#: Rows for which the register is asked at a time.
BATCH = 2000

#: The order in which people look at the rows, which is not that of the file.
ERROR_FIRST = {"error": 0, "warning": 1, "change": 2, "create": 3, "unchanged": 4}


class Place(NamedTuple):
    """A region as the planner needs it."""

    id: int
    code: str
    name: str
    parent_id: int
    level: str
    is_unit_community: bool
    date_unit_start: datetime.date | None
    date_unit_end: datetime.date | None

    def is_unit_on(self, day):
        """Tell whether it was a unit community on a day."""
        return self.is_unit_community and (
            (self.date_unit_start or day) <= day <= (self.date_unit_end or day)
        )


class Known(NamedTuple):
    """A facility of the register as the planner needs it."""

    id: int
    name: str
    region_id: int
    state: str
    date_state: datetime.date
    premises: str
    plan_year: int
    area_indoor: float
    area_outdoor: float
    hours_weekly: float
    amount_district_stated: float
    amount_lottery_stated: float
    hours_note: str
    note: str


@dataclass(slots=True)
class PlannedRow:
    """One row of the ledger, and what is to be done with it.

    :ivar str status: a value of ``welfare.facility.import.line``.
    :ivar bool is_warned: there is something to look at, whatever the status.
    :ivar Place region: the community, once it is found.
    :ivar Known facility: the one that the register has there.
    :ivar dict vals: those of :data:`STATED` that are to be written.
    :ivar list steps: states that an existing facility passes, in their order.
    :ivar bool is_redated: the day of the current state is corrected.
    :ivar int year_built: the year in which the row says that it was built.
    :ivar dict stated: those of :data:`STATED` that the row of one that is built has,
        also where the register has the same.
    :ivar dict institution: what is to be written of an institution, see
        :class:`~.institution_planner.InstitutionPlanner`.
    """

    sheet: str
    row: int
    cell: str = ""
    place: str = ""
    status: str = "unchanged"
    is_warned: bool = False
    messages: list = field(default_factory=list)
    region: Place | None = None
    facility: Known | None = None
    state: str = ""
    date: datetime.date | None = None
    is_approximate: bool = False
    vals: dict = field(default_factory=dict)
    steps: list = field(default_factory=list)
    is_redated: bool = False
    year_built: int | None = None
    stated: dict = field(default_factory=dict)
    institution: dict | None = None

    @property
    def message(self):
        return "\n".join(self.messages)

    @property
    def sequence(self):
        """The place among the rows when those to look at come first."""
        if self.is_warned and self.status != "error":
            return ERROR_FIRST["warning"]
        return ERROR_FIRST.get(self.status, len(ERROR_FIRST))

    @property
    def is_written(self):
        """Whether applying the ledger writes something because of this row."""
        return self.status in ("create", "change")

    def refuse(self, message, cell=None):
        """Mark the row as one that cannot be applied."""
        if cell and self.status != "error":
            self.cell = cell
        self.status = "error"
        self.messages.append(message)

    def warn(self, message):
        """Say what should be looked at; a row that would be written still is."""
        self.is_warned = True
        if self.status in ("unchanged", "skip"):
            self.status = "warning"
        self.messages.append(message)

    def tell(self, problem, message):
        """Take over what the reader of the file has found."""
        if problem.level == "error":
            self.refuse(message, cell=problem.cell)
        else:
            self.warn(message)


class LedgerPlanner:
    """Compares the rows of a ledger with the register; writes nothing.

    :param region: the ``welfare.region`` whose ledger it is.
    :param facility_type: the ``welfare.facility.type`` that the ledger lists.
    :param datetime.date date: the day to which all sheets speak; without it each one
        speaks to the day that stands on it.
    """

    def __init__(self, region, facility_type, date):
        self.env = region.env
        self.region = region
        self.facility_type = facility_type
        # That of the sheet which is being read, too.
        self.date = self.day = date
        self.today = Date.context_today(region)
        self.Facility = self.env["welfare.facility"]
        # What is worded or looked up for many rows alike.
        self.numbers = [
            (name, column, Decimal(1).scaleb(-digits))
            for name, (column, digits) in NUMBERS.items()
        ]
        self.described_states = {}
        self.ways = {}
        # By sheet and column of the community: the row in which a region stands.
        self.seen = defaultdict(dict)
        columns = self.env["welfare.import.column"]._get_columns("facility")
        self.premises_by_note = (
            columns["note"]._get_words() if "note" in columns else {}
        )

    # --- the register ----------------------------------------------------------------

    def basis(self):
        """Return a digest of all that the plan depends on in the register.

        As long as it is the same, what was planned is what would be planned now.

        :rtype: str
        """
        parts = [
            self.facility_type.id,
            self._digest(*self._region_query),
            self._digest(*self._facility_query),
            sorted(self._kept_back.items()),
        ]
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @cached_property
    def _region_query(self):
        return self._query_regions(Domain("id", "child_of", self.region.id))

    @cached_property
    def _facility_query(self):
        return self._query_facilities(Domain("region_id", "child_of", self.region.id))

    @cached_property
    def _kept_back(self):
        """Why a ledger does not make facilities accepted, by their ids."""
        query, _columns = self._facility_query
        return self.Facility._find_kept_back(query)

    def _query_regions(self, domain):
        Region = self.env["welfare.region"].with_context(active_test=False)
        return self._query(Region, domain, Place._fields)

    def _query_facilities(self, domain):
        domain &= Domain("type_id", "=", self.facility_type.id)
        domain &= Domain("state", "!=", "closed")
        return self._query(self.Facility, domain, Known._fields)

    def _query(self, model, domain, names):
        """Return a query under the user's rules, and the columns that it shall have."""
        query = model._search(domain)
        columns = [model._field_to_sql(model._table, name, query) for name in names]
        return query, SQL(", ").join(columns)

    def _digest(self, query, columns):
        text = SQL("ROW(%s)::text", columns)
        record_id = SQL.identifier(query.table, "id")
        # The database reads the rows and only says what they come to.
        digest = SQL("md5(string_agg(%s, '' ORDER BY %s))", text, record_id)
        return self.env.execute_query(query.select(digest))[0][0]

    def _fetch(self, query, columns):
        return self.env.execute_query(query.select(columns))

    def _look_up(self, rows):
        """Read what the register has of the places that some rows name."""
        codes = {self._find_code(row.values) for row in rows}
        villages = Domain("id", "child_of", self.region.id)
        villages &= Domain("level", "=", "village")
        villages &= Domain("code", "in", list(codes - {None}))
        places = [Place(*row) for row in self._fetch(*self._query_regions(villages))]
        self.region_by_code = {place.code: place for place in places}
        facilities = self._query_facilities(
            Domain("region_id", "in", [place.id for place in places])
        )
        self.facility_by_region = {
            facility.region_id: facility
            for facility in map(Known._make, self._fetch(*facilities))
        }

    def _find_code(self, values):
        """Return the code that a row states, or that of the place that it names."""
        name = values.get("community")
        if values.get("code") or not name:
            return values.get("code")
        key = (place_key(values.get("township") or ""), place_key(name))
        return self._code_by_name.get(key)

    @cached_property
    def _code_by_name(self):
        """The codes of all communities, for ledgers without."""
        streets = {}
        villages = []
        for row in self._fetch(*self._region_query):
            place = Place(*row)
            if place.level == "village":
                villages.append((place.parent_id, place.name, place.code))
            else:
                streets[place.id] = place_key(place.name)
        return {
            (streets.get(parent_id, ""), place_key(name)): code
            for parent_id, name, code in villages
        }

    # --- the table -------------------------------------------------------------------

    def plan(self, table, progress=None):
        """Tell what would become of each row of a table, one after the other.

        :param table: a :class:`~..tools.ledger.Table` with the ledger's columns, whose
            rows were not read yet.
        :param progress: called with (rows done, rows in all), or ``None``.
        :return: an iterator of :class:`PlannedRow`.
        """
        self.day = self.date or table.context.as_of
        sheet = table.sheet.name
        known = len(table.problems)
        yield from (self._remark(problem) for problem in table.problems)
        if table.missing:
            # Without that column the rows say nothing that could be compared.
            return
        total = len(table.sheet.rows)
        rows = table.iter_rows(keep=False)
        while batch := list(islice(rows, BATCH)):
            self._look_up(batch)
            for row in batch:
                values = row.values
                township, community = values.get("township"), values.get("community")
                planned = PlannedRow(
                    sheet=sheet,
                    row=row.number,
                    cell=row.cell("community"),
                    place=f"{township or ''} {community or ''}".strip(),
                )
                self._plan_row(planned, row)
                for problem in row.problems:
                    planned.tell(problem, self.env._(problem.message))
                yield planned
            if progress:
                progress(row.number, total)
        # What is of no row that was handed out, such as totals that differ.
        yield from (self._remark(problem) for problem in table.problems[known:])

    def _remark(self, problem):
        """Return a row for what concerns none of the ledger's own."""
        planned = PlannedRow(
            problem.sheet, problem.row or 0, problem.cell or "", status="skip"
        )
        planned.tell(problem, self.env._(problem.message))
        return planned

    # --- one row ---------------------------------------------------------------------

    def _plan_row(self, planned, row):
        region = planned.region = self._find_region(planned, row)
        meaning = row.values.get("state")
        if not region:
            return
        first = self._see(region, planned)
        if first and not row.has_errors:
            planned.refuse(
                self.env._(
                    "%(region)s stands in %(first)s already.",
                    region=region.name,
                    first=first,
                )
            )
        if not meaning:
            return
        planned.facility = self.facility_by_region.get(region.id)
        if meaning == "excluded":
            self._plan_excluded(planned)
        elif meaning == "none":
            self._plan_none(planned)
        elif region.is_unit_on(self.day or self.today):
            planned.refuse(
                self.env._(
                    "%(region)s is a unit community, in which none is set up.",
                    region=region.name,
                ),
                cell=row.cell("state"),
            )
        else:
            self._plan_facility(planned, row, meaning)

    def _see(self, region, planned):
        """Note where a region stands; return where it stood before, if it did."""
        for column, rows in self.seen.items():
            if region.id in rows:
                return f"{column}{rows[region.id]}"
        column = f"{planned.sheet} {planned.cell.rstrip('0123456789')}"
        self.seen[column][region.id] = planned.row
        return None

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
            region = self.region_by_code.get(self._find_code(values))
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
        if (
            region
            and name
            and name != region.name
            and place_key(name) != place_key(region.name)
        ):
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
        if planned.status == "error":
            return
        planned.status = "skip"
        if not planned.region.is_unit_on(self.day or self.today):
            planned.warn(
                self.env._(
                    "The ledger says that none is to be set up here; the register does "
                    "not have %(region)s as a unit community.",
                    region=planned.region.name,
                )
            )

    def _plan_none(self, planned):
        if planned.status == "error":
            return
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
        planned.date = values.get("date") or self.day
        planned.is_approximate = values.get("date_precision") in ("month", "year")
        if not planned.date:
            planned.refuse(
                self.env._(
                    "Neither the row nor the ledger says since when this is so: enter "
                    "the day to which the ledger speaks."
                ),
                cell="date" in values and row.cell("date"),
            )
        elif planned.date > self.today:
            planned.refuse(
                self.env._(
                    "%(date)s has not come yet.",
                    date=self._say_date(planned.date),
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
        if state in BUILT_STATES and values.get("date"):
            planned.year_built = planned.date.year
            planned.stated = stated
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
        stated = {}
        for name, column, quantum in self.numbers:
            value = values.get(column)
            if value is not None:
                stated[name] = value.quantize(quantum, ROUND_HALF_UP)
        for name in TEXTS:
            if values.get(name):
                stated[name] = values[name]
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
                self._plan_date(planned)
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
        elif "accepted" in planned.steps and facility.id in self._kept_back:
            planned.refuse(self._kept_back[facility.id])
        else:
            planned.status = "change"
            planned.messages.append(
                self._describe_change(
                    "state",
                    self._describe_state(facility.state, facility.date_state),
                    self._describe_state(planned.state, planned.date),
                )
            )

    def _plan_date(self, planned):
        """Plan another day for the state that the facility is in."""
        before = self._dates_before.get(planned.facility.id)
        if before and planned.date < before:
            planned.refuse(self.Facility._message_date_order())
            return
        planned.is_redated = True
        planned.status = "change"
        planned.messages.append(
            self._describe_change(
                "date_state",
                self._say_date(planned.facility.date_state),
                self._say_date(planned.date),
            )
        )

    @cached_property
    def _dates_before(self):
        """The day of the state before the current one, by the id of the facility."""
        query, _columns = self._facility_query
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (facility_id) facility_id, date
                FROM (
                    SELECT facility_id, date, row_number() OVER (
                        PARTITION BY facility_id ORDER BY date DESC, id DESC
                    ) AS place
                    FROM welfare_facility_status status
                    WHERE facility_id IN %(facilities)s
                      AND NOT EXISTS (
                          SELECT FROM welfare_facility_status correction
                          WHERE correction.corrects_id = status.id
                      )
                ) AS valid
                WHERE place > 1
                ORDER BY facility_id, place
                """,
                facilities=query.subselect(),
            )
        )
        return dict(rows)

    def _find_steps(self, state, target):
        """Return the shortest declared way from one state to another, without it."""
        if (state, target) not in self.ways:
            self.ways[state, target] = self._search_steps(state, target)
        return self.ways[state, target]

    def _search_steps(self, state, target):
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
            current = getattr(planned.facility, name)
            if name in NUMBERS:
                current = current or 0.0
                digits = NUMBERS[name][1]
                if not float_compare(float(value), current, precision_digits=digits):
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

    @cached_property
    def _date_format(self):
        """The user's format if it is made of numbers alone, or ``None``."""
        date_format = get_lang(self.env).date_format
        return None if re.search("%[aAbBcx]", date_format) else date_format

    def _say_date(self, date):
        # format_date() looks for its locale among all there are: with a date in each
        # row, that would take longer than the comparison.
        if self._date_format:
            return date.strftime(self._date_format)
        return format_date(self.env, date)

    def _describe(self, name, value):
        field_ = self.Facility._fields[name]
        if field_.type == "selection":
            value = dict(field_._description_selection(self.env)).get(value)
        return str(value or "—")

    def _describe_state(self, state, date):
        if (state, date) not in self.described_states:
            self.described_states[state, date] = self.env._(
                "%(state)s since %(date)s",
                state=self.Facility._state_label(state),
                date=self._say_date(date),
            )
        return self.described_states[state, date]

    def _describe_change(self, name, old, new):
        return self.env._(
            "%(field)s: %(old)s → %(new)s",
            field=self.Facility._fields[name]._description_string(self.env),
            old=old,
            new=new,
        )
