"""How facilities stand to the standards on a day.

Nothing here writes. What was measured, the standards and their lines are read once for
all facilities, into plain tuples: the number of queries does not grow with them.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from itertools import groupby
from operator import itemgetter

from odoo.tools import SQL

from ..tools.area import exact
from ..tools.coverage import digest
from ..tools.standard import (
    BEDS,
    Bounds,
    Figure,
    Verdict,
    compare,
    get_figure,
    judge,
)

#: What the register itself has of a facility; it counts where nothing was measured.
REGISTERED = ("area_indoor", "area_outdoor", "hours_weekly")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a facility on a day.

    :ivar dict values: what was measured, exact and in m², by the code of its metric.
    :ivar dict dates: the day of each; ``None`` for what the register has.
    """

    id: int
    region_id: int
    county_id: int
    prefecture_id: int
    code: str
    type_id: int
    date_approved: date
    values: dict = field(default_factory=dict)
    dates: dict = field(default_factory=dict)

    @property
    def beds(self):
        """The beds by which areas are divided, or ``None``."""
        return next((self.values[code] for code in BEDS if code in self.values), None)


@dataclass(frozen=True, slots=True)
class LineCheck:
    """How a facility stands to one line; ``other`` is the line of the wider text.

    :ivar str conflict: how this line stands to the other one, see
        :func:`~..tools.standard.compare`.
    """

    line: object
    bounds: Bounds
    figure: Figure | None
    verdict: Verdict
    conflict: str | None = None
    other: object = None


@dataclass(frozen=True, slots=True)
class StandardCheck:
    """How a facility stands to one standard.

    :ivar str basis: ``applies``; ``unknown``, the day of approval is not known;
        ``comparison``, the edition of another time; ``ended``, it applied before.
    """

    facts: Facts
    standard: object
    basis: str
    size_class: object
    lines: tuple

    def count(self, result, obligation=None):
        """Return how many lines have a result, of one obligation or of both."""
        return sum(
            1
            for each in self.lines
            if each.verdict.result == result
            and obligation in (None, each.line.obligation)
        )

    @property
    def result(self):
        if not self.lines:
            return "no_figures"
        if self.count("not_met", "mandatory"):
            return "not_met"
        if self.count("not_measured"):
            return "incomplete"
        return "advisory" if self.count("not_met") else "met"

    def get_digest(self):
        """Return a digest of what the check says, whatever the day."""
        return digest(
            [
                self.standard.id,
                self.standard.edition,
                self.basis,
                self.size_class.name or "",
                [
                    [
                        each.line.metric_id.code,
                        str(each.bounds),
                        each.line.obligation,
                        each.line.article or "",
                        each.line.is_verified,
                        str(each.figure and each.figure.value),
                        each.conflict or "",
                    ]
                    for each in self.lines
                ],
            ]
        )


class ComplianceChecker:
    """Holds facilities against the standards.

    :param env: of a user who may read the facilities that are asked for.
    :param datetime.date date: the day.
    """

    def __init__(self, env, date):
        self.env = env
        self.date = date
        standards = env["welfare.standard"].search([])
        self.standards = standards.sorted(lambda each: len(each._get_prefix()))
        # Read once: a line is asked for as often as there are facilities.
        self.bounds = {line: line._get_bounds() for line in standards.line_ids}
        self.prefixes = {each: each._get_prefix() for each in standards}

    def check(self, facility_ids, with_comparison=False):
        """Return how each facility stands to each standard that concerns it.

        :param facility_ids: ids of facilities that the caller may read.
        :param bool with_comparison: also by the edition in force on the day, where the
            one of the day of approval is another.
        :rtype: list[StandardCheck]
        """
        return [
            check
            for facts in self.get_facts(facility_ids)
            for check in self.check_facts(facts, with_comparison)
        ]

    def check_facts(self, facts, with_comparison=False):
        """Return how one facility stands to each standard that concerns it."""
        checks, wider = [], {}
        for standard in self.find_standards(facts.type_id, facts.code):
            basis = self._get_basis(standard, facts)
            if not basis or (basis == "comparison" and not with_comparison):
                continue
            check = self._check_standard(facts, standard, basis, wider)
            checks.append(check)
            lines = {each.line.metric_id.code: each.line for each in check.lines}
            # What applies comes before what only stands beside it.
            wider = {**lines, **wider} if basis == "comparison" else {**wider, **lines}
        return checks

    def end(self, pairs):
        """Return that a standard no longer says anything about a facility.

        :param list[tuple[int, int]] pairs: ids of facilities and standards.
        """
        if not pairs:
            return []
        standards = self.env["welfare.standard"].browse(each for _id, each in pairs)
        facts = {
            each.id: each
            for each in self.get_facts({facility for facility, _ in pairs})
        }
        return [
            StandardCheck(
                facts[facility],
                standard,
                "ended",
                self.env["welfare.standard.class"],
                (),
            )
            for (facility, _id), standard in zip(pairs, standards, strict=True)
        ]

    def find_standards(self, type_id, code):
        """Return the texts about a kind of facility at a place, the country's first."""
        return [
            standard
            for standard in self.standards
            if type_id in standard.type_ids.ids
            and code.startswith(self.prefixes[standard])
        ]

    def _get_basis(self, standard, facts):
        """Return why a text is looked at, or ``None`` where it says nothing here."""
        in_force = standard._holds_on(self.date)
        if standard.applies_by == "date":
            return "applies" if in_force else None
        if facts.date_approved and standard._holds_on(facts.date_approved):
            return "applies"
        if not in_force:
            return None
        return "comparison" if facts.date_approved else "unknown"

    def _check_standard(self, facts, standard, basis, wider):
        size_class = standard.class_ids._find_class(facts.beds)
        checks = []
        for line in standard.line_ids:
            if line.type_id and line.type_id.id != facts.type_id:
                continue
            if line.class_id and line.class_id != size_class:
                continue
            bounds = self.bounds[line]
            figure = get_figure(line.metric_id.code, facts.values)
            other = wider.get(line.metric_id.code)
            checks.append(
                LineCheck(
                    line,
                    bounds,
                    figure,
                    judge(figure and figure.value, bounds),
                    compare(bounds, self.bounds[other]) if other else None,
                    other,
                )
            )
        return StandardCheck(facts, standard, basis, size_class, tuple(checks))

    # --- what is known ---------------------------------------------------------------

    def get_facts(self, facility_ids):
        """Return what is known of facilities on the day, in the order of their ids.

        :rtype: list[Facts]
        """
        facility_ids = list(facility_ids)
        self.env["welfare.facility"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT facility.id, facility.region_id, county.id, prefecture.id,
                       region.code, facility.type_id, facility.date_approved,
                       facility.area_indoor::text, facility.area_outdoor::text,
                       facility.hours_weekly::text
                FROM welfare_facility facility
                JOIN welfare_region region ON region.id = facility.region_id
                LEFT JOIN welfare_region county
                       ON county.code = left(region.code, 6) || '000000'
                      AND county.level = 'county'
                LEFT JOIN welfare_region prefecture
                       ON prefecture.code = left(region.code, 4) || '00000000'
                      AND prefecture.level = 'prefecture'
                WHERE facility.id = ANY(%s)
                ORDER BY facility.id
                """,
                facility_ids,
            )
        )
        measured = defaultdict(list)
        Measurement = self.env["welfare.facility.measurement"]
        for facility_id, *row in Measurement._get_rows(facility_ids, self.date):
            measured[facility_id].append(row)
        return [self._make_facts(row, measured[row[0]]) for row in rows]

    def _make_facts(self, row, measured):
        facts = Facts(*row[:7])
        for code, text in zip(REGISTERED, row[7:], strict=True):
            if text and Fraction(text):
                facts.values[code], facts.dates[code] = exact(text), None
        for code, rows in groupby(  # pylint: disable=bad-builtin-groupby
            sorted(measured, key=itemgetter(0)), key=itemgetter(0)
        ):
            facts.values[code], facts.dates[code] = _add_up(list(rows))
        return facts


def _add_up(rows):
    """Return the total of a metric and its day.

    The total that was measured counts; the sum of the age groups where it is newer, or
    where there is no total.
    """
    groups = [row for row in rows if row[1]]
    total = next((row for row in rows if not row[1]), None)
    newest = max((row[3] for row in groups), default=None)
    if total and (newest is None or total[3] >= newest):
        return total[2], total[3]
    return sum(row[2] for row in groups), newest
