from fractions import Fraction

from odoo import api, fields, models
from odoo.tools import format_date

from ..models.compliance_checker import ComplianceChecker
from ..tools.area import exact, in_all_units, rounded, square_metres
from ..tools.standard import Bounds, beds_on_site, compare, site_needed, yearly_steps

#: The metrics of a bed, and the measured ones that so many beds need.
_NEEDS = {
    "building_per_bed": "area_building",
    "outdoor_per_bed": "area_outdoor",
    "site_per_bed": "area_site",
}
_MAX_YEARS = 30


class WelfareStandardPlan(models.TransientModel):
    """What so many beds need under each standard, before anything is built (测算).

    Nothing is written. Each text that would apply on the day stands by itself; where
    two contradict each other, that is said.
    """

    _name = "welfare.standard.plan"
    _description = "What if: Beds and Areas"

    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        ondelete="cascade",
        help="Its place and its beds are taken over.",
    )
    region_id = fields.Many2one(
        comodel_name="welfare.region",
        compute="_compute_from_facility",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        ondelete="cascade",
    )
    type_id = fields.Many2one(
        comodel_name="welfare.facility.type",
        string="Facility Type",
        compute="_compute_from_facility",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        ondelete="cascade",
    )
    date = fields.Date(
        string="Approved on",
        required=True,
        default=lambda self: self._default_date(),
        help="Day on which the project would be approved.",
    )
    beds = fields.Integer(string="Beds Wanted", required=True, default=100)
    site_amount = fields.Float(string="Site", digits=(16, 4))
    site_unit = fields.Selection(
        selection=[("m2", "m²"), ("mu", "mu (亩)"), ("ha", "hectares (公顷)")],
        default="mu",
        required=True,
    )
    base_beds = fields.Integer(
        string="Beds Now",
        compute="_compute_from_facility",
        store=True,
        readonly=False,
        precompute=True,
    )
    base_year = fields.Integer(
        string="at the End of", default=lambda self: self._default_date().year - 1
    )
    target_year = fields.Integer(
        string="To be Reached in", default=lambda self: self._default_date().year + 3
    )
    result = fields.Html(compute="_compute_result", sanitize=False)

    _check_beds = models.Constraint(
        "CHECK (beds > 0 AND base_beds >= 0)", "Beds are a number above 0."
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    # === COMPUTE METHODS === #

    @api.depends("facility_id")
    def _compute_from_facility(self):
        own = self.env.user.welfare_region_ids
        institution = self.env.ref(
            "welfare_facility.facility_type_welfare_institution", False
        )
        for plan in self:
            facility = plan.facility_id
            plan.region_id = facility.region_id or plan.region_id or own[:1]
            plan.type_id = facility.type_id or plan.type_id or institution
            if facility:
                checker = ComplianceChecker(self.env, self._default_date())
                [facts] = checker.get_facts(facility.ids)
                plan.base_beds = int(facts.beds or 0)

    @api.depends(
        "region_id",
        "type_id",
        "date",
        "beds",
        "site_amount",
        "site_unit",
        "base_beds",
        "base_year",
        "target_year",
    )
    @api.depends_context("lang")
    def _compute_result(self):
        for plan in self:
            plan.result = False
            if plan.region_id and plan.type_id and plan.date and plan.beds > 0:
                plan.result = self.env["ir.qweb"]._render(
                    "welfare_facility.welfare_standard_plan_result",
                    plan._prepare_result(),
                )

    # === BUSINESS METHODS === #

    def _prepare_result(self):
        """Return what the result shows, in words and figures."""
        self.ensure_one()
        # sudo(): the place of a text may lie outside the user's own regions.
        checker = ComplianceChecker(self.env(su=True), self.date)
        standards = [
            standard
            for standard in checker.find_standards(
                self.type_id.id, self.region_id.sudo().code
            )
            if standard._holds_on(self.date)
        ]
        site = square_metres(exact(self.site_amount or 0.0), self.site_unit)
        texts, wider = [], {}
        for standard in standards:
            lines = self._get_lines(standard)
            texts.append(self._prepare_text(standard, lines, wider, site))
            wider.update(lines)
        return {
            "beds": self.beds,
            "date": format_date(self.env, self.date),
            "site": site and self._describe_area(site),
            "texts": texts,
            "steps": self._prepare_steps(wider),
        }

    def _get_lines(self, standard):
        """Return the lines that hold for so many beds, by the code of the metric."""
        size_class = standard.class_ids._find_class(self.beds)
        return {
            line.metric_id.code: line
            for line in standard.line_ids
            if line.type_id in (self.type_id, line.type_id.browse())
            and line.class_id in (size_class, line.class_id.browse())
        }

    def _prepare_text(self, standard, lines, wider, site):
        Line = self.env["welfare.standard.line"]
        bounds = {code: line._get_bounds() for code, line in lines.items()}
        Metric = self.env["welfare.facility.metric"]
        metrics = {
            each.code: each.name
            for each in Metric.search([("code", "in", list(_NEEDS.values()))])
        }
        needs = [
            {
                "metric": metrics.get(needed),
                "rule": lines[code].requirement,
                "need": self._describe_need(bounds[code].times(self.beds)),
                "obligation": lines[code].obligation,
                "is_verified": lines[code].is_verified,
            }
            for code, needed in _NEEDS.items()
            if code in lines
        ]
        nothing = Bounds()
        building = bounds.get("building_per_bed", nothing)
        ratio = bounds.get("floor_area_ratio", nothing)
        wanted = site_needed(self.beds, building, ratio)
        limits = beds_on_site(
            site,
            building,
            ratio,
            bounds.get("outdoor_per_bed", nothing),
            bounds.get("building_density", nothing),
        )
        conflicts = [
            "%s: %s"
            % (
                line.metric_id.name,
                Line._describe_conflict(
                    line.metric_id,
                    compare(bounds[code], wider[code]._get_bounds()),
                    bounds[code],
                    wider[code]._get_bounds(),
                    wider[code].standard_id,
                    Fraction(self.beds),
                ),
            )
            for code, line in lines.items()
            if code in wider
            and compare(bounds[code], wider[code]._get_bounds()) != "same"
        ]
        return {
            "name": standard.display_name,
            "place": standard._get_jurisdiction(),
            "needs": needs,
            "site": self._describe_need(wanted)
            if wanted.low is not None or wanted.high is not None
            else "",
            "most": min(limits.values()) if site and limits else None,
            "limits": self._describe_limits(limits) if site else [],
            "conflicts": conflicts,
        }

    def _describe_limits(self, limits):
        words = {
            "floor_area_ratio": self.env._("by the floor-area ratio"),
            "outdoor_per_bed": self.env._("by the outdoor activity area"),
        }
        return [(words[code], beds) for code, beds in limits.items()]

    def _prepare_steps(self, lines):
        """Return the beds of each year, with what they need by the nearest text."""
        if not (
            self.base_beds
            and 1990 <= self.base_year < self.target_year
            and self.target_year - self.base_year <= _MAX_YEARS
        ):
            return []
        steps = yearly_steps(
            self.base_beds, self.base_year, self.beds, self.target_year
        )
        before, rows = self.base_beds, []
        for year, beds in steps:
            row = {"year": year, "beds": beds, "more": f"{beds - before:+d}"}
            for code in ("building_per_bed", "outdoor_per_bed"):
                line = lines.get(code)
                row[code] = (
                    self._describe_bounds(line._get_bounds().times(beds))
                    if line
                    else "—"
                )
            rows.append(row)
            before = beds
        return rows

    def _describe_need(self, bounds):
        """Return an area from … to …, in each unit where it is one figure or two."""
        text = self._describe_bounds(bounds)
        units = [
            in_all_units(end) for end in (bounds.low, bounds.high) if end is not None
        ]
        return self.env._(
            "%(range)s m² (%(mu)s mu)",
            range=text,
            mu=" ~ ".join(f"{each['mu']:,}" for each in units),
        )

    def _describe_bounds(self, bounds):
        low, high = (
            None if end is None else f"{rounded(end):,}".removesuffix(".00")
            for end in (bounds.low, bounds.high)
        )
        if low and high:
            return f"{low} ~ {high}"
        return f"≥ {low}" if low else f"≤ {high}"

    def _describe_area(self, area):
        return self.env["welfare.facility.measurement"]._describe_area(area)
