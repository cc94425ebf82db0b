from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import file_open, format_date


class WelfareFacilityOpening(models.Model):
    """When a facility is announced to be open (开放时间), from a day on.

    A line is of a day of the week, or of one day alone. On an official holiday the
    weekly hours do not hold; an official working day at a weekend counts as a Monday,
    since schools and offices work then. The line of one day, such as a holiday on
    which the home is open or a day on which it is closed, comes before both.

    What was announced for past days stays as it was: new hours are a new line, and the
    old one ends (``sql/welfare_facility_opening.sql``).
    """

    _name = "welfare.facility.opening"
    _description = "Opening Hours"
    _inherit = ["welfare.region.mixin"]
    _order = "facility_id, weekday, hour_from, id"
    _place_fields = frozenset(("facility_id",))

    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        required=True,
        ondelete="cascade",
        index=True,
    )
    region_id = fields.Many2one(
        related="facility_id.region_id", required=False, index=False
    )
    weekday = fields.Selection(
        selection=[
            ("1", "Monday"),
            ("2", "Tuesday"),
            ("3", "Wednesday"),
            ("4", "Thursday"),
            ("5", "Friday"),
            ("6", "Saturday"),
            ("7", "Sunday"),
            ("day", "One Day Alone"),
        ],
        string="Day",
        required=True,
        default="1",
    )
    hour_from = fields.Float(string="From", digits=(4, 2), aggregator=None)
    hour_to = fields.Float(string="To", digits=(4, 2), aggregator=None)
    hours = fields.Float(compute="_compute_hours", digits=(4, 2))
    date_from = fields.Date(
        string="Valid from",
        required=True,
        default=lambda self: self._default_date_from(),
        help="The first day of these hours, or the one day.",
    )
    date_to = fields.Date(string="Valid to", help="Empty while they hold.")
    reason = fields.Char(help="Why a day differs, such as a summer camp.")

    _check_order = models.Constraint(
        "CHECK (hour_from >= 0 AND hour_to <= 24 AND hour_from <= hour_to "
        "AND (weekday = 'day' OR hour_from < hour_to))",
        "The hours run from 0 to 24, the first before the last; only one day alone may "
        "have none.",
    )
    _check_dates = models.Constraint(
        "CHECK (date_to >= date_from AND (weekday <> 'day' OR date_to = date_from "
        "OR date_to IS NULL))",
        "The last day does not come before the first; one day alone has no other.",
    )

    def init(self):
        path = "welfare_facility/models/sql/welfare_facility_opening.sql"
        with file_open(path) as sql:
            self.env.cr.execute(sql.read())  # pylint: disable=sql-injection
        return super().init()

    # === DEFAULT METHODS === #

    @api.model
    def _default_date_from(self):
        return self.env["welfare.facility.log"]._default_date()

    # === COMPUTE METHODS === #

    @api.depends("hour_from", "hour_to")
    def _compute_hours(self):
        for line in self:
            line.hours = line.hour_to - line.hour_from

    @api.depends("weekday", "hour_from", "hour_to", "date_from")
    @api.depends_context("lang")
    def _compute_display_name(self):
        days = dict(self._fields["weekday"]._description_selection(self.env))
        for line in self:
            day = days.get(line.weekday)
            if line.weekday == "day" and line.date_from:
                day = format_date(self.env, line.date_from)
            line.display_name = (
                f"{day} {_clock(line.hour_from)}-{_clock(line.hour_to)}"
                if line.hours
                else self.env._("%(day)s closed", day=day)
            )

    # === CONSTRAINT METHODS === #

    @api.constrains(
        "facility_id", "weekday", "hour_from", "hour_to", "date_from", "date_to"
    )
    def _check_overlap(self):
        for line in self:
            others = line.facility_id.opening_ids - line
            if any(line._overlaps(other) for other in others):
                raise ValidationError(
                    self.env._(
                        "%(line)s overlaps other hours of the same days.",
                        line=line.display_name,
                    )
                )

    def _overlaps(self, other):
        if self.weekday != other.weekday:
            return False
        if self.weekday == "day":
            return self.date_from == other.date_from and (
                self.hour_from < other.hour_to and other.hour_from < self.hour_to
            )
        return (
            (not other.date_to or self.date_from <= other.date_to)
            and (not self.date_to or other.date_from <= self.date_to)
            and self.hour_from < other.hour_to
            and other.hour_from < self.hour_to
        )

    # === CRUD METHODS === #

    def write(self, vals):
        if "facility_id" in vals:
            raise AccessError(self.env._("Opening hours stay with their facility."))
        return super().write(vals)

    # === BUSINESS METHODS === #

    def _sql_error_to_message(self, exc):
        """Give words to the refusal of the trigger."""
        if exc.diag.constraint_name == "welfare_facility_opening_past":
            return self.env._(
                "What was announced for past days stays: set the last day of these "
                "hours, and add a line for the new ones."
            )
        return super()._sql_error_to_message(exc)


def _clock(hour):
    """Return an hour of the day as 15:30."""
    minutes = round(hour * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"
