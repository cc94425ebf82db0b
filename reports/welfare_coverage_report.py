from reportlab.platypus import PageBreak

from odoo import models
from odoo.fields import Datetime
from odoo.tools import format_date

from . import layout


class WelfareCoverageReport(models.AbstractModel):
    """儿童之家建设情况表: how far each street and the whole district are."""

    _name = "report.welfare_facility.welfare_coverage_report"
    _description = "Coverage Table"

    def _render_pdf(self, targets, data):
        """Draw one table per target.

        :param targets: ``welfare.coverage.target`` records.
        :rtype: bytes
        """
        if len(targets) == 1:
            title, subtitle = self._get_title(targets), self._get_subtitle(targets)
            story = self._draw_target(targets)
        else:
            title, subtitle = self.env._("State of Construction"), None
            story = []
            for target in targets:
                story += [
                    layout.paragraph(self._get_title(target), "heading"),
                    layout.paragraph(self._get_subtitle(target), "small"),
                    *self._draw_target(target),
                    PageBreak(),
                ]
            story.pop()
        return layout.build_document(
            story,
            title=title,
            subtitle=subtitle,
            author=self.env.user.name,
            landscape=True,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )

    def _draw_target(self, target):
        return [self._draw_table(target), *self._draw_explanation(target)]

    def _get_subtitle(self, target):
        return self.env._(
            "%(region)s · as of %(date)s · areas in m²",
            region=target.region_id.complete_name,
            date=format_date(self.env, target.date),
        )

    def _get_title(self, target):
        return self.env._(
            "%(region)s: %(type)s, State of Construction",
            region=target.region_id.name,
            type=target.measure_id.facility_type_id.name or target.measure_id.name,
        )

    def _draw_table(self, target):
        heading = [
            self.env._("No."),
            self.env._("Street or township"),
            self.env._("Communities"),
            self.env._("Unit communities"),
            self.env._("To be built"),
            self.env._("Built"),
            self.env._("Planned or under construction"),
            self.env._("Missing"),
            self.env._("Rate"),
            self.env._("Indoor area (m²)"),
            self.env._("Outdoor area (m²)"),
        ]
        townships = target._get_township_rows()
        rows = [
            [str(number), row["region"].name, *self._get_figures(row)]
            for number, row in enumerate(townships, start=1)
        ]
        if townships:
            total = {
                "coverage": target._get_coverage(),
                "planned": sum(row["planned"] for row in townships),
                "area_indoor": sum(row["area_indoor"] for row in townships),
                "area_outdoor": sum(row["area_outdoor"] for row in townships),
            }
            rows.append(["", self.env._("Total"), *self._get_figures(total)])
        widths = (10, 42, 18, 18, 18, 18, 26, 18, 22, 25, 25)
        return layout.table(
            [heading, *rows],
            [
                layout.Column(width, "left" if index == 1 else "right")
                for index, width in enumerate(widths)
            ],
            total_rows=1 if townships else 0,
            empty=self.env._("There are no communities in this region."),
        )

    def _get_figures(self, row):
        coverage = row["coverage"]
        return [
            coverage.total,
            coverage.excluded,
            coverage.denominator,
            coverage.built,
            row["planned"],
            coverage.missing,
            "—" if coverage.rate is None else f"{coverage.rate}%",
            f"{row['area_indoor']:,.2f}",
            f"{row['area_outdoor']:,.2f}",
        ]

    def _draw_explanation(self, target):
        """The figures of the document beside ours, with the formula."""
        lines = [self.env._("Computed: %(formula)s", formula=target.formula)]
        if target.target_rate:
            lines.append(
                self.env._(
                    "Target: at least %(rate)s %% by %(year)s, that is %(required)s; "
                    "%(gap)s more are needed.",
                    rate=f"{target.target_rate:g}",
                    year=target.target_year or target.date.year,
                    required=target.required_count,
                    gap=target.gap,
                )
            )
        if target.stated_rate:
            lines.append(
                self.env._(
                    "Stated by the document: %(rate)s %%.",
                    rate=f"{target.stated_rate:g}",
                )
            )
        if target.flag_reason:
            lines.append(self.env._("Attention: %(reason)s", reason=target.flag_reason))
        if target.source:
            lines.append(self.env._("Source: %(words)s", words=target.source))
        return [layout.paragraph(line, "note") for line in lines]
