from odoo import models
from odoo.tools import format_date


class WelfareCoverageDocument(models.AbstractModel):
    """The same table of a measure of posts (人员配备情况表): in post and vacant."""

    _inherit = "report.welfare_facility.coverage_document"

    def _get_title(self, table):
        if not table.measure.post_kind:
            return super()._get_title(table)
        return f"{table.region.name} · {table.measure.name}"

    def _get_subtitle(self, table):
        if not table.measure.post_kind:
            return super()._get_subtitle(table)
        return self.env._(
            "%(region)s · as of %(date)s",
            region=table.region.complete_name,
            date=format_date(self.env, table.date),
        )

    def _get_part_heading(self, table):
        rows, spans = super()._get_part_heading(table)
        if not table.measure.post_kind:
            return rows, spans
        labels = table.measure._get_page_labels()
        people = self.env._("People in post")
        figures = [labels["total"], labels["built"], labels["missing"], people]
        return [[*rows[0][:2], *figures, rows[0][8]]], []

    def _get_part_columns(self, table):
        if not table.measure.post_kind:
            return super()._get_part_columns(table)
        number, name, *_figures = super()._get_part_columns(table)
        return [number, name, *[("integer", 24)] * 4, ("percent", 24)]

    def _get_figures(self, measure, coverage):
        if not measure.post_kind:
            return super()._get_figures(measure, coverage)
        return [
            coverage.total,
            coverage.built,
            coverage.missing,
            coverage.people,
            coverage.rate,
        ]

    def _get_community_heading(self, measure):
        heading = super()._get_community_heading(measure)
        return heading[:4] if measure.post_kind else heading

    def _get_community_columns(self, measure):
        columns = super()._get_community_columns(measure)
        return columns[:4] if measure.post_kind else columns

    def _get_community_rows(self, measure, communities):
        rows = super()._get_community_rows(measure, communities)
        return [row[:4] for row in rows] if measure.post_kind else rows

    def _get_status_labels(self, measure):
        labels = super()._get_status_labels(measure)
        if not measure.post_kind:
            return labels
        words = measure._get_page_labels()
        return {**labels, "built": words["built"], "missing": words["missing"]}
