from decimal import ROUND_HALF_UP, Decimal

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Domain
from odoo.tools import format_date

from ..tools.coverage import Pace, yearly_need


def _exact(value):
    """Return a figure of a document as it was typed, not as a binary fraction."""
    return Decimal(f"{value:g}")


def _agrees(stated, computed):
    """Tell whether a stated rate is the computed one, as precisely as it is stated."""
    stated = _exact(stated)
    return stated == computed.quantize(stated, ROUND_HALF_UP)


class WelfareCoverageTarget(models.Model):
    """A target that a document sets for a region, beside what the register shows.

    A record is a row of a plan's table of indicators: what the document states for a
    day, what it wants in between, and what it wants in the end. The computed figures
    stand beside them with numerator, denominator and formula; where the two differ the
    target is flagged, and neither is made to fit the other.

    A figure that the document does not give is not 0: each one has a mark that says
    whether it is stated.
    """

    _name = "welfare.coverage.target"
    _description = "Coverage Target"
    _inherit = ["welfare.region.mixin"]
    _order = "region_id, date desc, measure_id, id"

    measure_id = fields.Many2one(
        comodel_name="welfare.coverage.measure",
        required=True,
        ondelete="restrict",
        index=True,
        default=lambda self: self._default_measure_id(),
    )
    # Stored for the check of the values alone.
    unit = fields.Selection(related="measure_id.unit", store=True, precompute=True)
    is_computable = fields.Boolean(
        compute="_compute_is_computable", search="_search_is_computable"
    )
    date = fields.Date(
        string="As of",
        required=True,
        help="Day of the stated value, and the day for which the coverage is computed.",
    )

    # what the document says
    stated_value = fields.Float(
        digits=(7, 2),
        aggregator=None,
        help="The value that the document states for the day.",
    )
    is_stated = fields.Boolean(
        string="Value is Stated",
        compute="_compute_is_stated",
        store=True,
        readonly=False,
        precompute=True,
        help="Without this mark the document leaves the value out; 0 would be a value.",
    )
    stated_gap = fields.Integer(
        aggregator=None,
        help="How many are missing, as the document states it.",
    )
    is_gap_stated = fields.Boolean(
        string="Gap is Stated",
        compute="_compute_is_gap_stated",
        store=True,
        readonly=False,
        precompute=True,
    )
    interim_value = fields.Float(
        string="Interim Target", digits=(7, 2), aggregator=None
    )
    is_interim_stated = fields.Boolean(
        string="Interim Target is Stated",
        compute="_compute_is_interim_stated",
        store=True,
        readonly=False,
        precompute=True,
    )
    interim_year = fields.Integer(aggregator=None)
    target_value = fields.Float(
        string="Target", digits=(7, 2), aggregator=None, help="At least this much."
    )
    is_target_stated = fields.Boolean(
        string="Target is Stated",
        compute="_compute_is_target_stated",
        store=True,
        readonly=False,
        precompute=True,
    )
    target_year = fields.Integer(string="To be Reached in", aggregator=None)
    annual_value = fields.Float(
        string="Each Year",
        digits=(7, 2),
        aggregator=None,
        help="At least so many percent of the communities are to be added each year.",
    )
    annual_start_year = fields.Integer(string="Beginning with", aggregator=None)
    document = fields.Char(help="Title and number of the document.")
    source = fields.Text(help="The words of the document, and where they stand.")
    remark = fields.Text(help="Remarks of the document, and what it leaves out.")
    contradiction = fields.Text(
        string="Contradiction in the Document",
        help="Where the document says something else about the same matter.",
    )

    # the same side by side
    stated_label = fields.Char(string="Stated", compute="_compute_labels")
    interim_label = fields.Char(string="Interim", compute="_compute_labels")
    target_label = fields.Char(string="Final", compute="_compute_labels")

    # what the register shows
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
    scheduled_count = fields.Integer(
        string="Planned until then",
        compute="_compute_coverage",
        aggregator=None,
        help="Communities without one in which one is planned or under construction, "
        "for the target's year or earlier.",
    )
    scheduled_rate = fields.Float(
        string="Rate with the Planned Ones (%)",
        digits=(5, 2),
        compute="_compute_coverage",
        aggregator=None,
    )
    scheduled_gap = fields.Integer(
        string="Short with the Planned Ones",
        compute="_compute_coverage",
        aggregator=None,
    )
    yearly_count = fields.Integer(
        string="Needed a Year",
        compute="_compute_coverage",
        aggregator=None,
        help="How many a year have to be built from the next year to the target's.",
    )
    formula = fields.Text(compute="_compute_coverage")
    forecast = fields.Text(compute="_compute_coverage")
    pace = fields.Text(string="What the Pace Means", compute="_compute_pace")
    is_flagged = fields.Boolean(
        string="Figures Differ",
        compute="_compute_coverage",
        help="What the document states differs from what the register shows, or the "
        "document contradicts itself.",
    )
    flag_reason = fields.Text(string="Differences", compute="_compute_coverage")

    _check_percent = models.Constraint(
        "CHECK (unit <> 'percent' OR (stated_value <= 100 AND interim_value <= 100 "
        "AND target_value <= 100 AND annual_value <= 100))",
        "A rate lies between 0 and 100 percent.",
    )
    _check_values = models.Constraint(
        "CHECK (stated_value >= 0 AND interim_value >= 0 AND target_value >= 0 "
        "AND annual_value >= 0 AND stated_gap >= 0)",
        "A figure of a target cannot be negative.",
    )
    _check_unstated = models.Constraint(
        "CHECK ((is_stated OR stated_value = 0) "
        "AND (is_gap_stated OR stated_gap = 0) "
        "AND (is_interim_stated OR interim_value = 0) "
        "AND (is_target_stated OR target_value = 0))",
        "A figure that is given is marked as stated.",
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_measure_id(self):
        return self.env.ref(
            "welfare_facility.coverage_measure_home_built", raise_if_not_found=False
        )

    # === COMPUTE METHODS === #

    # A figure other than 0 is stated; whether a 0 is, the user says.

    @api.depends("stated_value")
    def _compute_is_stated(self):
        for target in self:
            target.is_stated = bool(target.stated_value)

    @api.depends("stated_gap")
    def _compute_is_gap_stated(self):
        for target in self:
            target.is_gap_stated = bool(target.stated_gap)

    @api.depends("interim_value")
    def _compute_is_interim_stated(self):
        for target in self:
            target.is_interim_stated = bool(target.interim_value)

    @api.depends("target_value")
    def _compute_is_target_stated(self):
        for target in self:
            target.is_target_stated = bool(target.target_value)

    @api.depends("measure_id")
    def _compute_is_computable(self):
        for target in self:
            measure = target.measure_id
            target.is_computable = bool(measure) and measure._is_computable()

    def _search_is_computable(self, operator, value):
        if operator != "in":
            return NotImplemented
        domain = self.env["welfare.coverage.measure"]._get_computable_domain()
        return Domain("measure_id", "any" if True in value else "not any", domain)

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
        "unit",
        "date",
        "stated_value",
        "is_stated",
        "interim_value",
        "is_interim_stated",
        "interim_year",
        "target_value",
        "is_target_stated",
        "target_year",
    )
    def _compute_labels(self):
        for target in self:
            target.stated_label = target._label_figure(
                target.date and target.date.year, target.stated_value, target.is_stated
            )
            target.interim_label = target._label_figure(
                target.interim_year, target.interim_value, target.is_interim_stated
            )
            target.target_label = target._label_figure(
                target.target_year, target.target_value, target.is_target_stated
            )

    @api.depends(
        "measure_id",
        "region_id",
        "date",
        "stated_value",
        "is_stated",
        "stated_gap",
        "is_gap_stated",
        "target_value",
        "target_year",
        "contradiction",
    )
    def _compute_coverage(self):
        for target in self:
            coverage = target._get_table().total
            rate = target._get_target_rate()
            later = coverage.with_scheduled()
            target.total_count = coverage.total
            target.excluded_count = coverage.excluded
            target.denominator = coverage.denominator
            target.numerator = coverage.built
            target.missing_count = coverage.missing
            target.rate = coverage.rate
            target.required_count = coverage.required(rate)
            target.gap = coverage.gap(rate)
            target.scheduled_count = coverage.scheduled
            target.scheduled_rate = later.rate
            target.scheduled_gap = later.gap(rate)
            target.yearly_count = target._get_yearly_need(coverage, target.date)[1]
            target.formula = target.measure_id._describe_formula(coverage)
            target.forecast = target._describe_forecast(coverage, target.date)
            differences = target._get_differences(coverage)
            target.is_flagged = bool(differences)
            target.flag_reason = "\n".join(differences)

    @api.depends("annual_value", "annual_start_year", "target_value", "target_year")
    def _compute_pace(self):
        for target in self:
            target.pace = target._describe_pace()

    # === CONSTRAINT METHODS === #

    @api.constrains("annual_value", "annual_start_year")
    def _check_annual_start_year(self):
        for target in self:
            if target.annual_value and not target.annual_start_year:
                raise ValidationError(
                    self.env._("Say with which year the yearly increase begins.")
                )

    # === ACTION METHODS === #

    def action_open_coverage(self):
        """Open the coverage of the region on the target's day, to go down the tree."""
        self.ensure_one()
        action = self.env["ir.actions.client"]._for_xml_id(
            "welfare_facility.welfare_coverage_action"
        )
        return {
            **action,
            "params": {
                "region_id": self.region_id.id,
                "measure_id": self.measure_id.id,
                "date": fields.Date.to_string(self.date),
            },
        }

    def action_open_missing(self):
        """Open the communities that lack a facility on the day of the target."""
        action = self.action_open_coverage()
        action["params"]["status"] = "missing"
        return action

    # === BUSINESS METHODS === #

    def _get_table(self):
        """Return the count for the target's region and its parts on its day.

        :rtype: CoverageTable
        """
        self.ensure_one()
        return self.measure_id._get_table(self.region_id, self.date, self.target_year)

    def _get_target_rate(self):
        """Return the target in percent, 0 for one that cannot be computed.

        :rtype: decimal.Decimal
        """
        return _exact(self.target_value if self.unit == "percent" else 0)

    @api.model
    def _find_targets(self, measure, region, date):
        """Return the targets by which a region and its parts are judged on a day.

        That of the region itself, or of the nearest region above that has one; among
        its targets the next one to be reached, or the last one when all are due.

        :return: targets by the id of their region: that of the region asked about is
            always there, be it empty or that of a region above; of the parts only
            those that have one of their own.
        :rtype: dict[int, welfare.coverage.target]
        """
        above = [int(part) for part in region.parent_path.rstrip("/").split("/")]
        domain = Domain("region_id", "in", above) | Domain(
            "region_id.parent_id", "=", region.id
        )
        found = self.search(
            domain
            & Domain("measure_id", "=", measure.id)
            & Domain("is_target_stated", "=", True)
        )

        best = {
            place.id: targets._choose(date)
            for place, targets in found.grouped("region_id").items()
        }
        nearest = [best.pop(place, self.browse()) for place in above]
        own = next((target for target in reversed(nearest) if target), self.browse())
        return {**best, region.id: own}

    def _choose(self, date):
        """Return which of several targets of a place and a measure counts on a day: the
        next one to be reached, or the last one when all are due.
        """

        def suitability(target):
            due = target.target_year or target.date.year
            to_come = due >= date.year
            return to_come, -due if to_come else due, target.id

        return max(self, key=suitability)

    def _get_report_filename(self):
        """Return the name of the printed table's file, without its ending."""
        self.ensure_one()
        return self.env._(
            "Table of construction %(region)s %(date)s",
            region=self.region_id.name,
            date=self.date,
        )

    def _label_figure(self, year, value, is_stated):
        """Return a figure of the document with its year, such as “2025: 95 %”.

        A year without a figure has a dash: the document leaves it out.
        """
        if not (year or is_stated):
            return False
        figure = f"{value:g}" if is_stated else "—"
        if is_stated and self.unit == "percent":
            figure += "%"
        if not year:
            return figure
        # The year as a text: as a number it would be grouped by thousands.
        return self.env._("%(year)s: %(figure)s", year=str(year), figure=figure)

    def _get_yearly_need(self, coverage, date):
        """Return the years that are left to the target, and the homes a year."""
        if not (date and self.target_year):
            return 0, 0
        gap = coverage.gap(self._get_target_rate())
        return yearly_need(gap, date.year, self.target_year)

    def _describe_forecast(self, coverage, date):
        """Say what has to be built each year, and what the planned ones contribute.

        :param Coverage coverage: the count of the target's region or of a part of it.
        :param datetime.date date: the day of the count.
        """
        rate = self._get_target_rate()
        if not (coverage.denominator and rate and date):
            return False
        gap = coverage.gap(rate)
        if not gap:
            return self.env._("The target is met.")
        sentences = []
        years, need = self._get_yearly_need(coverage, date)
        if years:
            sentences.append(
                self.env._(
                    "%(gap)s more by %(year)s: %(gap)s ÷ %(years)s years "
                    "(%(first)s to %(year)s), rounded up = %(need)s a year.",
                    gap=gap,
                    year=self.target_year,
                    years=years,
                    first=date.year + 1,
                    need=need,
                )
            )
        elif self.target_year:
            sentences.append(
                self.env._(
                    "The target was to be reached in %(year)s; %(gap)s are short.",
                    year=self.target_year,
                    gap=gap,
                )
            )
        if coverage.scheduled:
            sentences.append(self.measure_id._describe_scheduled(coverage, rate))
        return "\n".join(sentences)

    def _describe_pace(self):
        """Say what a demand of so many percent a year comes to, beside the goal."""
        if not (self.annual_value and self.annual_start_year and self.target_year):
            return False
        pace = Pace(
            _exact(self.annual_value),
            self.annual_start_year,
            _exact(self.target_value),
            self.target_year,
        )
        sentences = [
            self.env._(
                "%(annual)s %% a year from %(start)s to %(year)s: "
                "%(years)s × %(annual)s %% = %(reached)s %% by %(year)s, if nothing "
                "was there before.",
                annual=pace.annual,
                start=pace.start_year,
                year=pace.goal_year,
                years=pace.years,
                reached=pace.reached,
            )
        ]
        if pace.goal:
            sentences.append(
                self.env._(
                    "%(goal)s %% ÷ %(annual)s %% a year, rounded up = %(needed)s "
                    "years: at this pace %(goal)s %% is met by the end of %(met)s.",
                    goal=pace.goal,
                    annual=pace.annual,
                    needed=pace.years_needed,
                    met=pace.year_met,
                )
            )
            if pace.reached > pace.goal:
                sentences.append(
                    self.env._("The yearly demand asks for more than the final one.")
                )
            elif pace.reached < pace.goal:
                sentences.append(
                    self.env._("The yearly demand alone does not reach the final one.")
                )
        return "\n".join(sentences)

    def _get_differences(self, coverage):
        """Return a sentence for each stated figure that is contradicted."""
        differences = []
        if self.contradiction:
            differences.append(self.contradiction)
        if not coverage.denominator:
            return differences
        if self.is_stated and not _agrees(self.stated_value, coverage.rate):
            differences.append(
                self.env._(
                    "The document states %(stated)s %%; %(built)s ÷ %(denominator)s is "
                    "%(rate)s %%.",
                    stated=f"{self.stated_value:g}",
                    built=coverage.built,
                    denominator=coverage.denominator,
                    rate=coverage.rate,
                )
            )
        target_rate = self._get_target_rate()
        gap = coverage.gap(target_rate)
        if self.is_gap_stated and self.stated_gap != gap:
            figures = {
                "stated": self.stated_gap,
                "target": f"{self.target_value:g}",
                "required": coverage.required(target_rate),
                "gap": gap,
            }
            if self.stated_gap == coverage.missing:
                sentence = self.env._(
                    "The document states that %(stated)s are missing, which is the gap "
                    "to 100 %%; %(target)s %% asks for %(required)s, so %(gap)s more.",
                    **figures,
                )
            else:
                sentence = self.env._(
                    "The document states that %(stated)s are missing; %(target)s %% "
                    "asks for %(required)s, so %(gap)s more.",
                    **figures,
                )
            differences.append(sentence)
        return differences
