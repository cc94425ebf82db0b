from odoo import fields, models
from odoo.tools import SQL


class WelfareCoverageNeed(models.Model):
    """What each street still has to build to reach a target, and this year (应建清单).

    A view of today's count, a row for each part of the place of a target, which is the
    one by which the place is judged today. Each part is judged by the rate of the
    whole, and a part of a home is a home; what is lacking is spread evenly over the
    years that are left, this one counted.
    """

    _name = "welfare.coverage.need"
    _description = "Homes to Build"
    _inherit = ["welfare.region.mixin"]
    _auto = False
    _log_access = False
    _order = "target_id, code, id"
    _depends = {
        "welfare.coverage.target": [
            "region_id",
            "measure_id",
            "date",
            "target_value",
            "target_year",
            "is_target_stated",
            "unit",
        ],
    }

    target_id = fields.Many2one(comodel_name="welfare.coverage.target", readonly=True)
    region_id = fields.Many2one(string="Place", readonly=True)
    code = fields.Char(readonly=True)
    target_year = fields.Integer(
        string="To be Reached in", readonly=True, aggregator=None
    )
    unit_count = fields.Integer(string="To Have One", readonly=True)
    built_count = fields.Integer(string="Built", readonly=True)
    required_count = fields.Integer(
        string="Needed for the Target",
        readonly=True,
        help="By the rate of the whole, rounded up to whole homes: the places together "
        "may need more than the whole.",
    )
    lacking_count = fields.Integer(
        string="Lacking",
        readonly=True,
        help="To the target, each place alone: together it may be more than the whole "
        "lacks.",
    )
    this_year_count = fields.Integer(string="To Build This Year", readonly=True)
    scheduled_count = fields.Integer(
        string="Of These Planned for This Year", readonly=True
    )
    unplanned_count = fields.Integer(string="Still to Be Planned", readonly=True)

    # === BUSINESS METHODS === #

    @property
    def _table_query(self):
        today = fields.Date.context_today(self)
        # sudo(): the rule of this model says which rows its reader gets.
        targets = self.env["welfare.coverage.target"].sudo()
        stated = targets.search([("is_target_stated", "=", True)]).filtered(
            lambda target: (
                target.measure_id.facility_type_id and target._get_target_rate()
            )
        )
        parts = [
            self._query_target(rows._choose(today), today)
            for rows in stated.grouped(
                lambda target: (target.region_id, target.measure_id)
            ).values()
        ]
        nothing = SQL(
            """
            SELECT 0::bigint AS id, 0 AS target_id, 0 AS region_id, '' AS code,
                   0 AS target_year, 0 AS unit_count, 0 AS built_count,
                   0 AS scheduled_count, 0 AS required_count, 1 AS years WHERE FALSE
            """
        )
        return SQL(
            """
            SELECT need.id, need.target_id, need.region_id, need.code,
                   need.target_year, need.unit_count, need.built_count,
                   need.required_count, lacking.lacking_count, this_year_count,
                   need.scheduled_count,
                   GREATEST(0, this_year_count - need.scheduled_count)
                       AS unplanned_count
            FROM (%s) need
            CROSS JOIN LATERAL (
                SELECT GREATEST(0, required_count - built_count) AS lacking_count
            ) lacking
            CROSS JOIN LATERAL (
                SELECT CEIL(lacking_count::numeric / years)::integer AS this_year_count
            ) this_year
            """,
            SQL(" UNION ALL ").join(parts or [nothing]),
        )

    def _query_target(self, target, today):
        """Return a row for each part of the place of a target, as SQL."""
        year = max(target.target_year or target.date.year, today.year)
        return SQL(
            """
            SELECT %(target)s * 4194304::bigint + part.id AS id,
                   %(target)s AS target_id, part.id AS region_id, part.code,
                   %(year)s AS target_year,
                   (part.total - part.excluded)::integer AS unit_count,
                   part.built::integer AS built_count,
                   part.scheduled::integer AS scheduled_count,
                   CEIL((part.total - part.excluded) * %(rate)s::numeric / 100)::integer
                       AS required_count,
                   %(years)s AS years
            FROM (%(parts)s) part
            """,
            target=target.id,
            year=year,
            rate=target._get_target_rate(),
            years=year - today.year + 1,
            parts=target.measure_id._query_parts(target.region_id, today, today.year),
        )
