from dataclasses import dataclass
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.coverage import Coverage
from ..tools.division_code import LEVEL_DIGITS
from .welfare_facility import BUILT_STATES, PLANNED_STATES

#: What can be said of a community, and how it is asked for. One that lacks a facility
#: (missing) may have one planned.
STATUSES = ("missing", "planned", "built", "excluded")
#: Communities that the page shows at a time.
PAGE_LIMIT = 100


@dataclass(frozen=True)
class CoveragePart:
    """A region in a coverage table: its names as they are now, its count of a day."""

    id: int
    code: str
    name: str
    level: str
    coverage: Coverage


@dataclass(frozen=True)
class CoverageTable:
    """A region and each of its parts on a day.

    The parts of a township are its communities; a community is its own part.
    """

    measure: models.Model
    region: models.Model
    date: object
    year: int
    parts: list
    total: Coverage

    @property
    def has_communities(self):
        """Whether the parts are the communities (or other units) that are counted."""
        levels = list(LEVEL_DIGITS)
        unit = levels.index(self.measure._get_unit_level())
        return levels.index(self.region.level) >= unit - 1


def _decimal(value):
    return Decimal(f"{value or 0:.2f}")


class WelfareCoverageMeasure(models.Model):
    """What a target is about (指标), such as the share of communities with a home.

    A measure with a type of facility is computed from the register. Its figures are
    asked for here alone, so that the page, the targets and the printed tables agree:
    each of them begins with :meth:`_query_communities`.
    """

    _name = "welfare.coverage.measure"
    _description = "Coverage Measure"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    unit = fields.Selection(
        selection=[("percent", "%"), ("number", "in number")],
        required=True,
        default="percent",
        help="What its values are given in.",
    )
    facility_type_id = fields.Many2one(
        comodel_name="welfare.facility.type",
        ondelete="restrict",
        help="The facilities that are counted. Without a type the measure is only kept "
        "as stated: the register has nothing to compute it from.",
    )
    formula = fields.Text(
        translate=True,
        help="Numerator and denominator in words, with what is left out.",
    )

    _code_uniq = models.Constraint("UNIQUE (code)", "This code exists already.")

    # === PAGE === #

    @api.model
    @api.readonly
    def get_coverage_page(
        self, region_id=None, date=None, measure_id=None, status=None, offset=0
    ):
        """Return what the page “Coverage by Region” shows.

        :param int region_id: the region; by default the first one of the user.
        :param str date: the day (ISO); by default today.
        :param int measure_id: by default the first measure that can be computed.
        :param str status: one of ``STATUSES``: the communities to be listed; those of
            a township are listed anyhow.
        :param int offset: how many of the listed communities to pass over.
        :return: JSON.
        :rtype: dict
        :raise AccessError: the region does not lie in the user's regions.
        """
        measure, day = self._read_choice(measure_id, date)
        own = self.env.user.welfare_region_ids.sorted("code")
        region = self.env["welfare.region"].browse(region_id) if region_id else own[:1]
        page = {
            "date": fields.Date.to_string(day),
            "measure": {"id": measure.id, "name": measure.name},
            "measures": self._get_computable().read(["name"]),
            "own_region_ids": own.ids,
        }
        if not region.exists():
            return {**page, "region": False}
        self._check_region(region)
        targets = self.env["welfare.coverage.target"]._find_targets(
            measure, region, day
        )
        target = targets[region.id]
        table = measure._get_table(region, day, max(target.target_year, day.year))
        page.update(
            region={
                "id": region.id,
                "name": region.name,
                "code": region.code,
                "level": region.level,
            },
            path=self._get_path(region, own),
            target=self._prepare_page_target(table, target),
            total=self._prepare_page_figures(table.total, target),
            parts=[
                {
                    "id": part.id,
                    "name": part.name,
                    **self._prepare_page_figures(
                        part.coverage, targets.get(part.id, target)
                    ),
                }
                for part in table.parts
                if not table.has_communities
            ],
            part_level=self._label_level(table.parts[0].level) if table.parts else "",
            formula=measure._describe_formula(table.total),
            labels=measure._get_page_labels(),
            list_title=measure._get_list_title(status),
            communities=False,
        )
        if status or table.has_communities:
            page["communities"] = measure._prepare_page_communities(
                region, day, status, offset
            )
        return page

    @api.model
    def _read_choice(self, measure_id, date):
        """Return the measure and the day that a request asks for.

        :raise UserError: there is no such day or measure.
        """
        computable = self._get_computable()
        try:
            day = fields.Date.to_date(date or None) or fields.Date.context_today(self)
            chosen = computable.filtered(lambda each: each.id == int(measure_id or 0))
        except (TypeError, ValueError) as error:
            raise UserError(self.env._("%(date)s is not a day.", date=date)) from error
        measure = chosen or computable[:1]
        if not measure or (measure_id and not chosen):
            raise UserError(
                self.env._("The register has nothing to compute this measure from.")
            )
        return measure, day

    @api.model
    def _get_computable(self):
        return self.search(self._get_computable_domain())

    @api.model
    def _get_computable_domain(self):
        """Return which measures the register has something to compute from."""
        return Domain("facility_type_id", "!=", False)

    def _is_computable(self):
        self.ensure_one()
        return bool(self.filtered_domain(self._get_computable_domain()))

    def _get_unit_level(self):
        """Return the level of the regions that are counted, each as covered or not."""
        return "village"

    def _get_page_labels(self):
        """Return what the figures of the page are called; one without is not shown."""
        return {
            "total": self.env._("Communities"),
            "excluded": self.env._("Left out"),
            "denominator": self.env._("To be built"),
            "built": self.env._("Built"),
            "missing": self.env._("Missing"),
            "planned": self.env._("Of these planned"),
        }

    def _get_list_title(self, status):
        """Return what the list of places is called, or nothing for communities."""
        return False

    def _get_path(self, region, own):
        """Return the regions from the user's own one down to a region."""
        own = set(own.ids)
        ids = [int(part) for part in region.parent_path.rstrip("/").split("/")]
        while ids and ids[0] not in own:
            ids.pop(0)
        return self.env["welfare.region"].browse(ids).read(["name"])

    def _label_level(self, level):
        labels = self.env["welfare.region"]._fields["level"]
        return dict(labels._description_selection(self.env))[level]

    def _prepare_page_figures(self, coverage, target):
        """Return the figures of a line: ``rate`` in percent as text, or ``False``."""
        rate = target._get_target_rate() if target else 0
        return {
            "total": coverage.total,
            "excluded": coverage.excluded,
            "denominator": coverage.denominator,
            "built": coverage.built,
            "planned": coverage.planned,
            "missing": coverage.missing,
            "rate": str(coverage.rate) if coverage.denominator else False,
            "gap": coverage.gap(rate) if rate else False,
        }

    def _prepare_page_target(self, table, target):
        """Return the target in words, or ``False`` where there is none."""
        if not target:
            return False
        is_own = target.region_id == table.region
        return {
            "id": target.id,
            "label": target.target_label,
            "region": not is_own and target.region_id.name,
            "forecast": target._describe_forecast(table.total, table.date),
            # What the document states is of its own day.
            "flag_reason": is_own and target.date == table.date and target.flag_reason,
        }

    def _prepare_page_communities(self, region, date, status, offset):
        communities = self._get_communities(
            region, date, status, limit=PAGE_LIMIT + 1, offset=offset
        )
        Facility = self.env["welfare.facility"]
        states = dict(Facility._fields["state"]._description_selection(self.env))
        lines = [
            {
                "id": each["id"],
                "name": each["name"],
                "parent": each["parent_name"],
                "status": each["status"],
                "reason": each["status"] == "excluded" and each["reason"],
                "facility": each["facility_id"]
                and {"id": each["facility_id"], "name": each["facility_name"]},
                "state": states.get(each["state"], False),
                "since": each["since"] and fields.Date.to_string(each["since"]),
                "plan_year": each["plan_year"] or False,
            }
            for each in communities[:PAGE_LIMIT]
        ]
        return {"lines": lines, "has_more": len(communities) > PAGE_LIMIT}

    # === BUSINESS METHODS === #

    def _get_table(self, region, date, year=None):
        """Count a region and each of its parts as they were on a day, in one query.

        :param region: a ``welfare.region``.
        :param datetime.date date: the day.
        :param int year: the year by which what is planned has to be ready to count as
            scheduled; the year of the day when not given.
        :rtype: CoverageTable
        :raise AccessError: the region does not lie in the user's regions.
        """
        self.ensure_one()
        year = year or (date.year if date else 0)
        parts = self._count_parts(region, date, year)
        total = sum((part.coverage for part in parts), start=Coverage())
        return CoverageTable(self, region, date, year, parts, total)

    def _count_parts(self, region, date, year):
        if not (region and date and self._is_computable()):
            return []
        self._check_region(region)
        query = self._query_parts(region._origin or region, date, year)
        return [
            CoveragePart(
                *row[:4],
                Coverage(
                    *row[4:9],
                    area_indoor=_decimal(row[9]),
                    area_outdoor=_decimal(row[10]),
                    hours=_decimal(row[11]),
                    hours_known=int(row[12] or 0),
                    people=int(row[13] or 0),
                ),
            )
            for row in self.env.execute_query(query)
        ]

    def _query_parts(self, region, date, year):
        """Return one row for each part of a region on a day, as SQL.

        :rtype: SQL
        """
        # A community is its own part; any other region has its direct parts.
        if region.level == self._get_unit_level():
            depth, of_region = region.parent_path.count("/"), SQL("part.id")
        else:
            depth, of_region = region.parent_path.count("/") + 1, SQL("part.parent_id")
        return SQL(
            """
            SELECT part.id, part.code, part.name, part.level,
                   COUNT(community.id) AS total,
                   COUNT(*) FILTER (WHERE excluded) AS excluded,
                   COUNT(*) FILTER (WHERE built AND NOT excluded) AS built,
                   COUNT(*) FILTER (WHERE planned AND NOT built AND NOT excluded)
                       AS planned,
                   COUNT(*) FILTER (WHERE scheduled AND NOT built AND NOT excluded)
                       AS scheduled,
                   SUM(area_indoor) FILTER (WHERE NOT excluded),
                   SUM(area_outdoor) FILTER (WHERE NOT excluded),
                   SUM(hours) FILTER (WHERE NOT excluded),
                   SUM(hours_known) FILTER (WHERE NOT excluded),
                   SUM(people)
            FROM welfare_region part
            LEFT JOIN (%(communities)s) community
                   ON split_part(community.parent_path, '/', %(depth)s)::integer
                      = part.id
            WHERE %(of_region)s = %(region)s
              AND (community.id IS NOT NULL OR %(existing)s)
            GROUP BY part.id
            ORDER BY part.code
            """,
            communities=self._query_communities(region, date, year),
            depth=depth,
            of_region=of_region,
            region=region.id,
            existing=self._sql_existed("part", date),
        )

    def _get_communities(self, region, date, status=None, limit=None, offset=0):
        """Return the communities of a region as they were on a day.

        :param str status: one of :data:`STATUSES`, or nothing for all of them.
        :return: in the order of their codes, dicts with ``id``, ``code``, ``name``,
            ``parent_id``, ``parent_name``, ``status``, ``reason`` (why it is left out),
            and of its facility ``facility_id``, ``facility_name``, ``state``, ``since``
            (the day the state began), ``plan_year``, ``area_indoor``, ``area_outdoor``
            (m²), ``hours`` (a week).
        :rtype: list[dict]
        :raise AccessError: the region does not lie in the user's regions.
        """
        self.ensure_one()
        if not (region and date and self._is_computable()):
            return []
        self._check_region(region)
        region = region._origin or region
        wanted = {
            "missing": SQL("NOT excluded AND NOT built"),
            "planned": SQL("NOT excluded AND NOT built AND planned"),
            "built": SQL("NOT excluded AND built"),
            "excluded": SQL("excluded"),
        }
        query = SQL(
            """
            SELECT community.id, community.code, community.name, community.parent_id,
                   parent.name AS parent_name,
                   CASE WHEN excluded THEN 'excluded' WHEN built THEN 'built'
                        WHEN planned THEN 'planned' ELSE 'missing' END AS status,
                   community.reason, community.facility_id,
                   facility.name AS facility_name,
                   community.state, community.since, facility.plan_year,
                   community.area_indoor, community.area_outdoor, community.hours
            FROM (%(communities)s) community
            LEFT JOIN welfare_region parent ON parent.id = community.parent_id
            LEFT JOIN welfare_facility facility ON facility.id = community.facility_id
            WHERE %(wanted)s
            ORDER BY community.code
            LIMIT %(limit)s OFFSET %(offset)s
            """,
            communities=self._query_communities(region, date, date.year),
            wanted=wanted.get(status, SQL("TRUE")),
            limit=limit,
            offset=offset,
        )
        columns = (
            "id",
            "code",
            "name",
            "parent_id",
            "parent_name",
            "status",
            "reason",
            "facility_id",
            "facility_name",
            "state",
            "since",
            "plan_year",
            "area_indoor",
            "area_outdoor",
            "hours",
        )
        return [
            dict(zip(columns, row, strict=True))
            for row in self.env.execute_query(query)
        ]

    def _query_communities(self, region, date, year):
        """Return one row for each community of a region on a day, as SQL.

        Of what is built ``area_indoor``, ``area_outdoor`` (m²), ``hours`` (a week) and
        ``hours_known`` are added up; ``facility_id`` is the facility that counts, or
        the last one that was closed, with its ``state`` ``since`` when.

        :rtype: SQL
        """
        self.env["welfare.region"].flush_model()
        self.env["welfare.facility"].flush_model()
        path = f"{region.parent_path}%"
        facilities = SQL(
            """
            SELECT facility.id
            FROM welfare_facility facility
            JOIN welfare_region region ON region.id = facility.region_id
            WHERE facility.type_id = %s AND region.parent_path LIKE %s
            """,
            self.facility_type_id.id,
            path,
        )
        # The one that counts first: built, planned, closed.
        first = SQL(
            "ORDER BY day.state IN %s DESC, day.state IN %s DESC, facility.id DESC",
            BUILT_STATES,
            PLANNED_STATES,
        )
        return SQL(
            """
            SELECT region.id, region.code, region.name, region.parent_id,
                   region.parent_path,
                   COALESCE(region.is_unit_community, FALSE) AND %(unit)s AS excluded,
                   region.unit_community_reason AS reason,
                   COALESCE(home.built, FALSE) AS built,
                   COALESCE(home.planned, FALSE) AS planned,
                   COALESCE(home.scheduled, FALSE) AS scheduled,
                   home.facility_id, home.state, home.since,
                   home.area_indoor, home.area_outdoor, home.hours, home.hours_known,
                   0 AS people
            FROM welfare_region region
            LEFT JOIN (
                SELECT facility.region_id,
                       BOOL_OR(day.state IN %(built)s) AS built,
                       BOOL_OR(day.state IN %(planned)s) AS planned,
                       BOOL_OR(day.state IN %(planned)s
                               AND facility.plan_year BETWEEN 1 AND %(year)s
                       ) AS scheduled,
                       (ARRAY_AGG(facility.id %(first)s))[1] AS facility_id,
                       (ARRAY_AGG(day.state %(first)s))[1] AS state,
                       (ARRAY_AGG(day.date %(first)s))[1] AS since,
                       SUM(facility.area_indoor)
                           FILTER (WHERE day.state IN %(built)s) AS area_indoor,
                       SUM(facility.area_outdoor)
                           FILTER (WHERE day.state IN %(built)s) AS area_outdoor,
                       SUM(facility.hours_weekly)
                           FILTER (WHERE day.state IN %(built)s) AS hours,
                       COUNT(*) FILTER (WHERE day.state IN %(built)s
                                        AND facility.hours_weekly > 0) AS hours_known
                FROM welfare_facility facility
                JOIN (%(states)s) day ON day.facility_id = facility.id
                GROUP BY facility.region_id
            ) home ON home.region_id = region.id
            WHERE region.parent_path LIKE %(path)s
              AND region.level = 'village'
              AND %(existing)s
            """,
            built=BUILT_STATES,
            planned=PLANNED_STATES,
            year=year,
            first=first,
            states=self.env["welfare.facility.status"]._query_states(date, facilities),
            path=path,
            existing=self._sql_existed("region", date),
            unit=self._sql_existed("region", date, "date_unit_start", "date_unit_end"),
        )

    def _sql_existed(self, alias, date, start="date_start", end="date_end"):
        """Return the condition that a region existed on a day, as SQL.

        :param str start: another column from which on something of it holds.
        :param str end: the column of the last day of that.
        """
        return SQL(
            "(%(start)s IS NULL OR %(start)s <= %(date)s) "
            "AND (%(end)s IS NULL OR %(end)s >= %(date)s)",
            start=SQL.identifier(alias, start),
            end=SQL.identifier(alias, end),
            date=date,
        )

    def _check_region(self, region):
        """Refuse a region that does not lie in the user's regions.

        The SQL passes the record rules by: whoever works in a region may read all that
        lies in it. The administrator keeps the whole tree of regions, but counts in the
        own ones only.

        :raise AccessError: the region is foreign, or the user has no role.
        """
        # The origin: a form's unsaved record has regions of its own, which no rule is
        # asked about.
        region = region._origin or region
        region.check_access("read")
        self.env["welfare.facility"].check_access("read")
        if self.env.su:
            return
        # sudo(): no role reads users, and this one's regions are asked for alone.
        own = set(self.env.user.sudo().welfare_region_ids.ids)
        path = map(int, region.parent_path.rstrip("/").split("/"))
        if own.isdisjoint(path):
            raise AccessError(
                self.env._(
                    "%(region)s does not lie in your regions.", region=region.name
                )
            )

    def _describe_formula(self, coverage):
        """Say in words and figures how the rate comes about."""
        if not self._is_computable():
            return self.env._(
                "Kept as stated: the register has nothing to compute it from."
            )
        if not coverage.denominator:
            return self.env._("There is no community in which one is to be set up.")
        return self.env._(
            "%(total)s communities - %(excluded)s unit communities = %(denominator)s; "
            "%(built)s ÷ %(denominator)s = %(rate)s %%",
            total=coverage.total,
            excluded=coverage.excluded,
            denominator=coverage.denominator,
            built=coverage.built,
            rate=coverage.rate,
        )

    def _describe_scheduled(self, coverage, target_rate):
        """Say how far what is planned takes the region.

        :param decimal.Decimal target_rate: percent, or nothing.
        """
        later = coverage.with_scheduled()
        sentences = [
            self.env._(
                "With the %(scheduled)s that are planned: %(before)s + %(scheduled)s = "
                "%(built)s, %(built)s ÷ %(denominator)s = %(rate)s %%.",
                scheduled=coverage.scheduled,
                before=coverage.built,
                built=later.built,
                denominator=later.denominator,
                rate=later.rate,
            )
        ]
        if target_rate:
            sentences.append(
                self.env._(
                    "%(required)s are required, so %(gap)s are still short.",
                    required=later.required(target_rate),
                    gap=later.gap(target_rate),
                )
            )
        return "\n".join(sentences)
