from odoo import fields, models
from odoo.tools import SQL


class WelfareFacilityOccupancy(models.Model):
    """Open and occupied beds of each facility, day by day (床位使用情况).

    A view of the measurements: a row for each day on which either was measured, with
    the other one as it stood. The age groups count where there is no total. Over
    several days or facilities beds are averages, and the rate is that of their sums.
    """

    _name = "welfare.facility.occupancy"
    _description = "Bed Occupancy"
    _auto = False
    _log_access = False
    _order = "date, facility_id"
    _rec_name = "name"
    _depends = {
        "welfare.facility.measurement": ["amount", "date", "corrects_id"],
        "welfare.facility.metric": ["code"],
        "welfare.facility": ["name"],
    }

    name = fields.Char(readonly=True)
    facility_id = fields.Many2one(comodel_name="welfare.facility", readonly=True)
    date = fields.Date(readonly=True)
    beds_open = fields.Integer(string="Open Beds", readonly=True, aggregator="avg")
    beds_occupied = fields.Integer(
        string="Occupied Beds", readonly=True, aggregator="avg"
    )
    rate = fields.Float(
        string="Occupancy (%)", digits=(5, 1), readonly=True, aggregator="avg"
    )

    @property
    def _table_query(self):
        return SQL(
            """
            WITH figure AS (
                SELECT measured.id, facility_id, age_group, date, amount, code
                FROM welfare_facility_measurement measured
                JOIN welfare_facility_metric metric ON metric.id = metric_id
                WHERE code IN ('beds_open', 'beds_occupied')
                  AND NOT EXISTS (
                      SELECT FROM welfare_facility_measurement correction
                      WHERE correction.corrects_id = measured.id
                  )
            ), day AS (
                SELECT MIN(id) AS id, facility_id, date
                FROM figure GROUP BY facility_id, date
            )
            SELECT day.*, facility.name, beds_open.beds AS beds_open,
                   beds_occupied.beds AS beds_occupied,
                   100.0 * beds_occupied.beds / NULLIF(beds_open.beds, 0) AS rate
            FROM day
            JOIN welfare_facility facility ON facility.id = day.facility_id
            %s
            %s
            """,
            self._sql_beds("beds_open"),
            self._sql_beds("beds_occupied"),
        )

    def _sql_beds(self, code):
        """Return the beds that hold on a day: the total, or the sum of its groups."""
        return SQL(
            """
            CROSS JOIN LATERAL (
                SELECT COALESCE(
                    SUM(amount) FILTER (
                        WHERE age_group IS NULL
                          AND date >= COALESCE(newest_of_groups, date)
                    ),
                    SUM(amount) FILTER (WHERE age_group IS NOT NULL)
                ) AS beds
                FROM (
                    SELECT latest.*, MAX(date) FILTER (WHERE age_group IS NOT NULL)
                           OVER () AS newest_of_groups
                    FROM (
                        SELECT DISTINCT ON (age_group) age_group, date, amount
                        FROM figure
                        WHERE figure.facility_id = day.facility_id
                          AND figure.date <= day.date AND code = %s
                        ORDER BY age_group, date DESC, id DESC
                    ) latest
                ) valid
            ) %s
            """,
            code,
            SQL.identifier(code),
        )

    def _read_group_select(self, aggregate_spec, query):
        """Weigh the rate by the beds: 10 of 10 and 0 of 90 are 10 %, not 50 %."""
        if aggregate_spec != "rate:avg":
            return super()._read_group_select(aggregate_spec, query)
        opened = self._field_to_sql(self._table, "beds_open", query)
        occupied = self._field_to_sql(self._table, "beds_occupied", query)
        return SQL(
            "100.0 * SUM(%(occupied)s) FILTER (WHERE %(opened)s IS NOT NULL) "
            "/ NULLIF(SUM(%(opened)s) FILTER (WHERE %(occupied)s IS NOT NULL), 0)",
            occupied=occupied,
            opened=opened,
        )
