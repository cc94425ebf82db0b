from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .welfare_staff_post import POST_LEVELS


class WelfareCoverageMeasure(models.Model):
    """Measures of people: the share of places in which a post is held (覆盖率).

    A community counts for the 儿童主任, a township or street for the 儿童督导员. None
    is left out: a community of one employer has children too.
    """

    _inherit = "welfare.coverage.measure"

    post_kind = fields.Selection(
        selection=[
            ("children_director", "Children's Director"),
            ("children_supervisor", "Children's Supervisor"),
        ],
        string="Post",
        help="The posts that are counted: a director for each community, a supervisor "
        "for each township or street.",
    )

    _check_one_subject = models.Constraint(
        "CHECK (post_kind IS NULL OR facility_type_id IS NULL)",
        "A measure counts either facilities or posts.",
    )

    # === BUSINESS METHODS === #

    @api.model
    def _get_computable_domain(self):
        return super()._get_computable_domain() | Domain("post_kind", "!=", False)

    def _get_unit_level(self):
        return POST_LEVELS.get(self.post_kind) or super()._get_unit_level()

    def _get_page_labels(self):
        if not self.post_kind:
            return super()._get_page_labels()
        is_community = self._get_unit_level() == "village"
        return {
            "total": self.env._("Communities")
            if is_community
            else self.env._("Townships and streets"),
            "built": self.env._("In post"),
            "missing": self.env._("Vacant"),
        }

    def _get_list_title(self, status):
        if self._get_unit_level() == "village":
            return super()._get_list_title(status)
        labels = self._get_page_labels()
        return " · ".join(labels[key] for key in ("total", status) if key in labels)

    def _query_communities(self, region, date, year):
        if not self.post_kind:
            return super()._query_communities(region, date, year)
        self.env["welfare.region"].flush_model()
        self.env["welfare.staff.post"].flush_model()
        return SQL(
            """
            SELECT region.id, region.code, region.name, region.parent_id,
                   region.parent_path, FALSE AS excluded, NULL AS reason,
                   post.region_id IS NOT NULL AS built, FALSE AS planned,
                   FALSE AS scheduled, NULL::integer AS facility_id, NULL AS state,
                   NULL::date AS since, 0 AS area_indoor, 0 AS area_outdoor,
                   0 AS hours, 0 AS hours_known, post.people
            FROM welfare_region region
            LEFT JOIN (
                SELECT region_id, COUNT(DISTINCT staff_id) AS people
                FROM welfare_staff_post
                WHERE kind = %(kind)s AND date_from <= %(date)s
                  AND (date_to IS NULL OR date_to >= %(date)s)
                GROUP BY region_id
            ) post ON post.region_id = region.id
            WHERE region.parent_path LIKE %(path)s
              AND region.level = %(level)s
              AND %(existing)s
            """,
            kind=self.post_kind,
            date=date,
            path=f"{region.parent_path}%",
            level=self._get_unit_level(),
            existing=self._sql_existed("region", date),
        )

    def _describe_formula(self, coverage):
        if not self.post_kind:
            return super()._describe_formula(coverage)
        if not coverage.total:
            return self.env._("There is no place that is to have this post.")
        values = {
            "people": coverage.people,
            "built": coverage.built,
            "total": coverage.total,
            "rate": coverage.rate,
        }
        if self._get_unit_level() == "village":
            return self.env._(
                "%(people)s people in post; communities with one ÷ all communities: "
                "%(built)s ÷ %(total)s = %(rate)s %%",
                **values,
            )
        return self.env._(
            "%(people)s people in post; townships and streets with one ÷ all of them: "
            "%(built)s ÷ %(total)s = %(rate)s %%",
            **values,
        )
