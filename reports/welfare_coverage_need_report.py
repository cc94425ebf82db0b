from types import SimpleNamespace

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Date
from odoo.tools import format_date

from ..tools.coverage import Coverage, yearly_need
from .register import Column


class WelfareCoverageNeedReport(models.AbstractModel):
    """应建清单: what each street still has to build to reach a target, and this year.

    Counted today. Each street is judged by the rate of the whole district, and a part
    of a home is a home: the streets together may need more than the district.
    """

    _name = "report.welfare_facility.welfare_coverage_need_report"
    _description = "Homes to Build"
    _inherit = ["report.welfare_facility.register"]
    _register_code = "HOMES-TO-BUILD"

    def _get_title(self):
        return self.env._("Homes to Build")

    def _check_target(self, target):
        target.ensure_one()
        if target.measure_id.post_kind or not target._get_target_rate():
            raise UserError(
                self.env._(
                    "%(target)s asks for no share of places with a facility.",
                    target=target.display_name,
                )
            )

    def _get_columns(self, target):
        rate = target._get_target_rate()
        today = Date.context_today(self)
        target_year = max(target.target_year or target.date.year, today.year)

        def need(part):
            # This year counts: what is needed by its end can still be built in it.
            gap = part.coverage.gap(rate)
            return yearly_need(gap, today.year - 1, target_year)[1]

        def figure(name):
            return lambda part: getattr(part.coverage, name)

        def whole(label, width, read):
            return Column(label, width, read, "integer")

        return [
            Column(self.env._("Code"), 26, lambda part: part.code),
            Column(self.env._("Place"), 40, lambda part: part.name),
            whole(self.env._("To have one"), 18, figure("denominator")),
            whole(self.env._("Built"), 16, figure("built")),
            Column(self.env._("Rate (%)"), 18, figure("rate"), "percent"),
            whole(
                self.env._("Needed for the target"),
                20,
                lambda part: part.coverage.required(rate),
            ),
            whole(self.env._("Lacking"), 18, lambda part: part.coverage.gap(rate)),
            whole(self.env._("To build this year"), 20, need),
            whole(
                self.env._("Of these planned for this year"), 22, figure("scheduled")
            ),
            whole(
                self.env._("Still to be planned"),
                20,
                lambda part: max(0, need(part) - part.coverage.scheduled),
            ),
        ]

    def _get_lines(self, target):
        self._check_target(target)
        today = Date.context_today(self)
        return target.measure_id._get_table(target.region_id, today).parts

    def _get_count(self, count):
        return self.env._("%(count)s places", count=count)

    def _get_subtitle(self, target):
        return self.env._(
            "%(region)s · %(rate)s %% by %(year)s · as of %(date)s",
            region=target.region_id.complete_name,
            rate=f"{target._get_target_rate():g}",
            year=str(target.target_year or target.date.year),
            date=format_date(self.env, Date.context_today(self)),
        )

    def _get_total(self, columns, rows, lines):
        """Return the same figures of the whole, which are no sums of those above."""
        whole = SimpleNamespace(coverage=self._add_up(lines))
        total = super()._get_total(columns, rows, lines)
        return total[:3] + [column.read(whole) for column in columns[3:]]

    def _add_up(self, parts):
        return sum((part.coverage for part in parts), start=Coverage())

    def _get_notes(self, target):
        parts = self._get_lines(target)
        rate = target._get_target_rate()
        return [
            target.measure_id._describe_formula(self._add_up(parts)),
            self.env._(
                "The whole lacks %(gap)s. Each place alone, by the same rate and "
                "rounded up to whole homes: together %(together)s.",
                gap=self._add_up(parts).gap(rate),
                together=sum(part.coverage.gap(rate) for part in parts),
            ),
        ]


class WelfareCoverageNeedWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_coverage_need_workbook"
    _description = "Workbook of Homes to Build"
    _inherit = ["report.welfare_facility.welfare_coverage_need_report"]


class WelfareCoverageNeedListReport(models.AbstractModel):
    """The same from lines of the list: the whole table of their target."""

    _name = "report.welfare_facility.welfare_coverage_need_list_report"
    _description = "Homes to Build, from the List"
    _inherit = ["report.welfare_facility.welfare_coverage_need_report"]

    def _get_target(self, needs):
        target = needs.target_id
        if len(target) != 1:
            raise UserError(
                self.env._("The table is one of one target: choose lines of one alone.")
            )
        return target

    def _render_pdf(self, needs, data):
        return super()._render_pdf(self._get_target(needs), data)

    def _render_xlsx(self, needs, data):
        return super()._render_xlsx(self._get_target(needs), data)


class WelfareCoverageNeedListWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_coverage_need_list_workbook"
    _description = "Workbook of Homes to Build, from the List"
    _inherit = ["report.welfare_facility.welfare_coverage_need_list_report"]
