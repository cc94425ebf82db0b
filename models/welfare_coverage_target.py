from decimal import ROUND_HALF_UP, Decimal

from odoo import api, fields, models
from odoo.tools import SQL, format_date, groupby

from ..tools.coverage import Coverage
from .welfare_facility import BUILT_STATES, PLANNED_STATES


def _agrees(stated, computed):
    """Tell whether a stated rate is the computed one, as precisely as it is stated."""
    stated = Decimal(f"{stated:g}")
    return stated == computed.quantize(stated, ROUND_HALF_UP)


class WelfareCoverageTarget(models.Model):
    """A target that a document sets for a region, beside what the register shows.

    The document's own figures are kept as it states them, and the computed ones stand
    beside them with numerator, denominator and formula; where the two differ the target
    is flagged, and neither is made to fit the other. Rates are in percent.
    """

    _name = "welfare.coverage.target"
    _description = "Coverage Target"
    _inherit = ["welfare.region.mixin"]
    _order = "region_id, date desc, measure_id"

    measure_id = fields.Many2one(
        comodel_name="welfare.coverage.measure",
        required=True,
        ondelete="restrict",
        index=True,
        default=lambda self: self._default_measure_id(),
    )
    date = fields.Date(
        string="As of", required=True, help="Day for which the coverage is computed."
    )
    target_rate = fields.Float(
        string="Target (%)", digits=(5, 2), aggregator=None, help="At least this share."
    )
    target_year = fields.Integer(string="To be Reached in", aggregator=None)
    source = fields.Text(help="The words of the document, and where they stand.")
    stated_rate = fields.Float(
        string="Stated Rate (%)",
        digits=(5, 2),
        aggregator=None,
        help="The rate as the document states it; empty when it states none.",
    )
    stated_gap = fields.Integer(
        string="Stated Gap",
        aggregator=None,
        help="How many are missing, as the document states it.",
    )

    total_count = fields.Integer(
        string="Communities", compute="_compute_coverage", aggregator=None
    )
    excluded_count = fields.Integer(
        string="Unit Communities", compute="_compute_coverage", aggregator=None
    )
    denominator = fields.Integer(
        string="To be Built", compute="_compute_coverage", aggregator=None
    )
    numerator = fields.Integer(
        string="Built", compute="_compute_coverage", aggregator=None
    )
    missing_count = fields.Integer(
        string="Missing", compute="_compute_coverage", aggregator=None
    )
    rate = fields.Float(
        string="Computed Rate (%)",
        digits=(5, 2),
        compute="_compute_coverage",
        aggregator=None,
    )
    required_count = fields.Integer(
        string="Required", compute="_compute_coverage", aggregator=None
    )
    gap = fields.Integer(
        string="Short of the Target", compute="_compute_coverage", aggregator=None
    )
    formula = fields.Text(compute="_compute_coverage")
    is_flagged = fields.Boolean(
        string="Stated and Computed Differ", compute="_compute_coverage"
    )
    flag_reason = fields.Text(string="Differences", compute="_compute_coverage")

    _check_rates = models.Constraint(
        "CHECK (target_rate BETWEEN 0 AND 100 AND stated_rate BETWEEN 0 AND 100)",
        "A rate lies between 0 and 100 percent.",
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_measure_id(self):
        return self.env.ref(
            "welfare_facility.coverage_measure_home_built", raise_if_not_found=False
        )

    # === COMPUTE METHODS === #

    @api.depends("measure_id", "region_id", "date")
    def _compute_display_name(self):
        for target in self:
            parts = [
                target.region_id.name,
                target.measure_id.name,
                target.date and format_date(self.env, target.date),
            ]
            target.display_name = " · ".join(part for part in parts if part)

    @api.depends(
        "measure_id.facility_type_id",
        "region_id",
        "date",
        "target_rate",
        "stated_rate",
        "stated_gap",
    )
    def _compute_coverage(self):
        for target in self:
            coverage = target._get_coverage()
            rate = coverage.rate
            target_rate = Decimal(str(target.target_rate))
            target.total_count = coverage.total
            target.excluded_count = coverage.excluded
            target.denominator = coverage.denominator
            target.numerator = coverage.built
            target.missing_count = coverage.missing
            target.rate = rate
            target.required_count = coverage.required(target_rate)
            target.gap = coverage.gap(target_rate)
            target.formula = target._describe_formula(coverage)
            differences = target._get_differences(coverage)
            target.is_flagged = bool(differences)
            target.flag_reason = "\n".join(differences)

    # === ACTION METHODS === #

    def action_open_missing(self):
        """Open the communities that lack a facility on the day of the target."""
        self.ensure_one()
        rows = self._get_communities()
        missing = [
            row["id"] for row in rows if not row["excluded"] and not row["built"]
        ]
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_region_action"
        )
        return {
            **action,
            "name": self.env._("Without: %(target)s", target=self.display_name),
            "domain": [("id", "in", missing)],
            "context": {"group_by": "parent_id", "create": False},
        }

    # === BUSINESS METHODS === #

    def _get_coverage(self):
        """Return the count for the target's region on its day.

        :rtype: Coverage
        """
        self.ensure_one()
        return self._count_coverage(self._get_communities())

    def _get_communities(self):
        """Return the communities of the region as they were on the target's day.

        :return: in the order of their codes, dicts with ``id``, ``township_id``,
            ``excluded``, ``built``, ``planned``, and of what is built ``area_indoor``,
            ``area_outdoor`` (m²).
        :rtype: list[dict]
        """
        self.ensure_one()
        facility_type = self.measure_id.facility_type_id
        if not (self.region_id and self.date and facility_type):
            return []
        # The SQL below passes the record rules by: whoever may read a region may read
        # all that lies in it. The origin: a form's unsaved record has regions of its
        # own, which no rule is asked about.
        self.region_id._origin.check_access("read")
        self.env["welfare.region"].flush_model()
        self.env["welfare.facility"].flush_model()
        query = SQL(
            """
            SELECT region.id,
                   region.parent_id AS township_id,
                   COALESCE(region.is_unit_community, FALSE) AS excluded,
                   COALESCE(BOOL_OR(day.state IN %(built)s), FALSE) AS built,
                   COALESCE(BOOL_OR(day.state IN %(planned)s), FALSE) AS planned,
                   SUM(facility.area_indoor) FILTER (WHERE day.state IN %(built)s),
                   SUM(facility.area_outdoor) FILTER (WHERE day.state IN %(built)s)
            FROM welfare_region region
            LEFT JOIN welfare_facility facility
                   ON facility.region_id = region.id AND facility.type_id = %(type)s
            LEFT JOIN (%(states)s) day ON day.facility_id = facility.id
            WHERE region.parent_path LIKE %(path)s
              AND region.level = 'village'
              AND (region.date_start IS NULL OR region.date_start <= %(date)s)
              AND (region.date_end IS NULL OR region.date_end >= %(date)s)
            GROUP BY region.id
            ORDER BY region.code
            """,
            type=facility_type.id,
            states=self.env["welfare.facility.status"]._query_states(self.date),
            built=BUILT_STATES,
            planned=PLANNED_STATES,
            path=f"{self.region_id.parent_path}%",
            date=self.date,
        )
        columns = (
            "id",
            "township_id",
            "excluded",
            "built",
            "planned",
            "area_indoor",
            "area_outdoor",
        )
        return [
            dict(zip(columns, row, strict=True))
            for row in self.env.execute_query(query)
        ]

    def _get_township_rows(self):
        """Return the figures of the target for each township or street.

        :return: in the order of the codes, dicts with ``region`` (a record),
            ``coverage``, ``planned`` (communities), ``area_indoor``, ``area_outdoor``.
        :rtype: list[dict]
        """
        self.ensure_one()
        rows = []
        communities = groupby(
            self._get_communities(), lambda community: community["township_id"]
        )
        for township_id, members in communities:
            rows.append(
                {
                    "region": self.env["welfare.region"].browse(township_id),
                    "coverage": self._count_coverage(members),
                    "planned": sum(
                        member["planned"] and not member["built"] for member in members
                    ),
                    "area_indoor": sum(
                        member["area_indoor"] or 0 for member in members
                    ),
                    "area_outdoor": sum(
                        member["area_outdoor"] or 0 for member in members
                    ),
                }
            )
        return rows

    @api.model
    def _count_coverage(self, communities):
        return Coverage(
            total=len(communities),
            excluded=sum(community["excluded"] for community in communities),
            built=sum(
                community["built"] and not community["excluded"]
                for community in communities
            ),
        )

    def _get_report_filename(self):
        """Return the name of the printed table's file, without its ending."""
        self.ensure_one()
        return self.env._(
            "Table of construction %(region)s %(date)s",
            region=self.region_id.name,
            date=self.date,
        )

    def _describe_formula(self, coverage):
        """Say in words and figures how the rate comes about."""
        if not self.measure_id.facility_type_id:
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

    def _get_differences(self, coverage):
        """Return a sentence for each stated figure that the register contradicts."""
        differences = []
        if not self.measure_id.facility_type_id or not coverage.denominator:
            return differences
        if self.stated_rate and not _agrees(self.stated_rate, coverage.rate):
            differences.append(
                self.env._(
                    "The document states %(stated)s %%; %(built)s ÷ %(denominator)s is "
                    "%(rate)s %%.",
                    stated=f"{self.stated_rate:g}",
                    built=coverage.built,
                    denominator=coverage.denominator,
                    rate=coverage.rate,
                )
            )
        target_rate = Decimal(str(self.target_rate))
        gap = coverage.gap(target_rate)
        if self.stated_gap and self.stated_gap != gap:
            sentence = self.env._(
                "The document states that %(stated)s are missing; %(target)s %% asks "
                "for %(required)s, so %(gap)s more.",
                stated=self.stated_gap,
                target=f"{self.target_rate:g}",
                required=coverage.required(target_rate),
                gap=gap,
            )
            if self.stated_gap == coverage.missing:
                sentence += " " + self.env._(
                    "%(stated)s is the gap to 100 %%.", stated=self.stated_gap
                )
            differences.append(sentence)
        return differences
