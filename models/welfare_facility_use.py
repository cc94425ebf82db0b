from odoo import api, fields, models
from odoo.tools import SQL

#: Months that are counted back from the current one.
_MONTHS = 24


class WelfareFacilityUse(models.Model):
    """How far a facility kept its announced hours in a month (开放率).

    Hours opened, as the site log has them, divided by the hours that were required by
    what the facility announced; both up to yesterday, of the days on which it was
    operating. A year whose official holidays are not entered has no denominator.
    """

    _name = "welfare.facility.use"
    _description = "Use of a Facility"
    _inherit = ["welfare.region.mixin"]
    _auto = False
    _log_access = False
    _order = "date desc, facility_id"
    _depends = {
        "welfare.facility": ["region_id"],
        "welfare.facility.status": ["facility_id", "state", "date", "corrects_id"],
        "welfare.facility.opening": [
            "facility_id",
            "weekday",
            "hour_from",
            "hour_to",
            "date_from",
            "date_to",
        ],
        "welfare.facility.log": [
            "facility_id",
            "kind",
            "date",
            "hours_opened",
            "children_served",
            "corrects_id",
        ],
        "welfare.workday.exception": ["date", "kind"],
    }

    facility_id = fields.Many2one(comodel_name="welfare.facility", readonly=True)
    region_id = fields.Many2one(readonly=True)
    date = fields.Date(string="First Day of the Month", readonly=True)
    month = fields.Char(compute="_compute_display_name")
    hours_opened = fields.Float(digits=(8, 2), readonly=True)
    hours_required = fields.Float(digits=(8, 2), readonly=True)
    days_required = fields.Integer(readonly=True)
    days_opened = fields.Integer(readonly=True)
    children_served = fields.Integer(readonly=True)
    is_known = fields.Boolean(
        string="Holidays Known",
        readonly=True,
        help="The official holidays of the year are entered.",
    )
    rate = fields.Float(
        string="Use Rate (%)",
        digits=(6, 2),
        readonly=True,
        aggregator=None,
        help="Hours opened ÷ hours required.",
    )
    formula = fields.Char(compute="_compute_formula")

    # === COMPUTE METHODS === #

    @api.depends("facility_id", "date")
    def _compute_display_name(self):
        for use in self:
            use.month = f"{use.date:%Y-%m}"
            use.display_name = f"{use.facility_id.name} {use.month}"

    @api.depends("hours_opened", "hours_required", "rate", "is_known")
    @api.depends_context("lang")
    def _compute_formula(self):
        for use in self:
            use.formula = use._describe_formula()

    # === BUSINESS METHODS === #

    def _describe_formula(self):
        """Say how the rate comes about, or why there is none."""
        self.ensure_one()
        if not self.is_known:
            return self.env._(
                "The official holidays of %(year)s are not entered.",
                year=str(self.date.year),
            )
        if not self.hours_required:
            return self.env._("No opening hours were announced.")
        return self.env._(
            "%(opened)s h opened ÷ %(required)s h required = %(rate)s %%",
            opened=f"{self.hours_opened:g}",
            required=f"{self.hours_required:g}",
            rate=f"{self.rate:.2f}",
        )

    @property
    def _table_query(self):
        today = self.env["welfare.facility.log"]._default_date()
        return SQL(
            """
            WITH day AS (
                SELECT moment::date AS date,
                       CASE exception.kind
                           WHEN 'holiday' THEN 'none'
                           WHEN 'workday' THEN '1'
                           ELSE EXTRACT(ISODOW FROM moment)::text
                       END AS weekday,
                       EXTRACT(YEAR FROM moment) IN (
                           SELECT EXTRACT(YEAR FROM date) FROM welfare_workday_exception
                       ) AS is_known
                FROM generate_series(
                    date_trunc('month', %(today)s::date)
                        - %(months)s * INTERVAL '1 month',
                    %(today)s::date - 1, '1 day'
                ) moment
                LEFT JOIN welfare_workday_exception exception
                       ON exception.date = moment::date
            ),
            life AS (
                SELECT facility_id, state, date AS first,
                       LEAD(date) OVER (PARTITION BY facility_id ORDER BY date, id)
                           AS next
                FROM welfare_facility_status status
                WHERE NOT EXISTS (
                    SELECT FROM welfare_facility_status correction
                    WHERE correction.corrects_id = status.id
                )
            ),
            weekly AS (
                SELECT facility_id, weekday, date_from, date_to,
                       (hour_to - hour_from)::numeric AS hours
                FROM welfare_facility_opening WHERE weekday <> 'day'
            ),
            alone AS (
                SELECT facility_id, date_from AS date,
                       SUM(hour_to - hour_from)::numeric AS hours
                FROM welfare_facility_opening WHERE weekday = 'day'
                GROUP BY facility_id, date_from
            ),
            required AS (
                SELECT each.facility_id, date_trunc('month', each.date)::date AS month,
                       SUM(each.hours) AS hours,
                       COUNT(*) FILTER (WHERE each.hours > 0) AS days,
                       BOOL_AND(each.is_known) AS is_known
                FROM (
                    SELECT life.facility_id, day.date, day.is_known,
                           COALESCE(alone.hours, SUM(weekly.hours), 0) AS hours
                    FROM life
                    JOIN day ON day.date >= life.first
                            AND (life.next IS NULL OR day.date < life.next)
                    LEFT JOIN alone ON alone.facility_id = life.facility_id
                                   AND alone.date = day.date
                    LEFT JOIN weekly ON weekly.facility_id = life.facility_id
                                    AND weekly.weekday = day.weekday
                                    AND day.date >= weekly.date_from
                                    AND (weekly.date_to IS NULL
                                         OR day.date <= weekly.date_to)
                    WHERE life.state = 'operating'
                    GROUP BY life.facility_id, day.date, day.is_known, alone.hours
                ) each
                GROUP BY 1, 2
            ),
            opened AS (
                SELECT entry.facility_id,
                       date_trunc('month', entry.date)::date AS month,
                       SUM(entry.hours_opened) FILTER (WHERE entry.kind = 'opening')
                           AS hours,
                       COUNT(DISTINCT entry.date) FILTER (
                           WHERE entry.kind = 'opening' AND entry.hours_opened > 0
                       ) AS days,
                       SUM(entry.children_served) AS children
                FROM welfare_facility_log entry
                WHERE entry.date < %(today)s AND NOT EXISTS (
                    SELECT FROM welfare_facility_log correction
                    WHERE correction.corrects_id = entry.id
                )
                GROUP BY 1, 2
            )
            SELECT facility.id * 2048
                       + EXTRACT(YEAR FROM required.month)::integer %% 100 * 12
                       + EXTRACT(MONTH FROM required.month)::integer AS id,
                   facility.id AS facility_id, facility.region_id,
                   required.month AS date, required.is_known,
                   CASE WHEN required.is_known
                        THEN required.hours END AS hours_required,
                   CASE WHEN required.is_known
                        THEN required.days END AS days_required,
                   COALESCE(opened.hours, 0)::numeric AS hours_opened,
                   COALESCE(opened.days, 0) AS days_opened,
                   COALESCE(opened.children, 0) AS children_served,
                   CASE WHEN required.is_known AND required.hours > 0
                        THEN ROUND(100 * COALESCE(opened.hours, 0)::numeric
                                   / required.hours, 2)
                   END AS rate
            FROM required
            JOIN welfare_facility facility ON facility.id = required.facility_id
            LEFT JOIN opened ON opened.facility_id = required.facility_id
                            AND opened.month = required.month
            """,
            today=today,
            months=_MONTHS,
        )
