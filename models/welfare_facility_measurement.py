from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, file_open, format_date

from ..tools.area import UNITS, exact, in_all_units, square_metres

#: The units in which each kind of figure may be given.
UNITS_BY_KIND = {
    "beds": ("bed",),
    "area": tuple(UNITS),
    "persons": ("person",),
    "items": ("item",),
    "hours": ("hour",),
    "yes_no": ("yes",),
}


def _exact(amount, unit):
    """Return a figure without rounding, an area in m²."""
    amount = exact(amount)
    return square_metres(amount, unit) if unit in UNITS else amount


class WelfareFacilityMeasurement(models.Model):
    """A figure of a facility on a day (测量记录): beds, an area, rooms, staff.

    Rows are only ever added, which the database itself enforces: a later figure is a
    new row, and a mistake is corrected by one that names the wrong one. ``amount`` is
    what the document says in its own unit; ``value`` is in m² where that is an area.
    """

    _name = "welfare.facility.measurement"
    _description = "Measurement"
    _inherit = ["welfare.attachment.mixin"]
    _order = "date desc, id desc"

    _attachment_fields = ("attachment_ids",)

    facility_id = fields.Many2one(
        comodel_name="welfare.facility", required=True, index=True, ondelete="cascade"
    )
    metric_id = fields.Many2one(
        comodel_name="welfare.facility.metric",
        required=True,
        ondelete="restrict",
        domain=[("kind", "in", list(UNITS_BY_KIND))],
    )
    # Stored for the checks of the database alone.
    kind = fields.Selection(related="metric_id.kind", store=True, precompute=True)
    is_room = fields.Boolean(related="metric_id.is_room")
    is_by_age = fields.Boolean(related="metric_id.is_by_age")
    age_group = fields.Selection(
        selection=[
            ("infant", "Infants (0 to 2)"),
            ("toddler", "Preschool (3 to 5)"),
            ("school", "School Age (6 to 11)"),
            ("youth", "Youths (12 to 17)"),
        ],
        help="Empty for the total. Without a total the age groups are added up.",
    )
    amount = fields.Float(
        string="Figure",
        digits=(16, 4),
        required=True,
        aggregator=None,
        help="As the document gives it. For yes or no: 1 or 0.",
    )
    unit = fields.Selection(
        selection=[
            ("m2", "m²"),
            ("mu", "mu (亩)"),
            ("ha", "hectares (公顷)"),
            ("bed", "beds"),
            ("person", "persons"),
            ("item", "pieces"),
            ("hour", "h a week"),
            ("yes", "yes = 1, no = 0"),
        ],
        compute="_compute_unit",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
    )
    value = fields.Float(
        string="Value (areas in m²)",
        digits=(16, 4),
        compute="_compute_value",
        store=True,
        precompute=True,
        aggregator="sum",
    )
    area_label = fields.Char(string="In all Units", compute="_compute_area_label")
    room_count = fields.Integer(string="Rooms", aggregator="sum")
    date = fields.Date(
        string="Measured on",
        required=True,
        index=True,
        default=lambda self: self._default_date(),
    )
    measured_by = fields.Char(
        required=True, default=lambda self: self._default_measured_by()
    )
    document = fields.Char(help="Title and number of the paper that says so.")
    attachment_ids = fields.Many2many(
        comodel_name="ir.attachment", string="Files", bypass_search_access=True
    )
    note = fields.Char(string="Remark")
    corrects_id = fields.Many2one(
        comodel_name="welfare.facility.measurement",
        index="btree_not_null",
        ondelete="restrict",
        help="The wrong row in whose place this one stands; it stays to be read.",
    )
    correction_ids = fields.One2many(
        comodel_name="welfare.facility.measurement",
        inverse_name="corrects_id",
        readonly=True,
    )
    is_corrected = fields.Boolean(compute="_compute_is_corrected")

    _corrects_uniq = models.UniqueIndex(
        "(corrects_id) WHERE corrects_id IS NOT NULL",
        "This measurement has been corrected already.",
    )
    # One figure a day: another one for the same day has to say which it corrects.
    _figure_uniq = models.UniqueIndex(
        "(facility_id, metric_id, COALESCE(age_group, ''), date) "
        "WHERE corrects_id IS NULL",
        "There is a measurement for that day: correct it instead.",
    )
    _check_amount = models.Constraint(
        "CHECK (amount >= 0)", "A measured figure cannot be negative."
    )
    _check_area = models.Constraint(
        "CHECK (kind <> 'area' OR amount > 0)",
        "An area of 0 is none: leave out what was not measured.",
    )
    _check_unit = models.Constraint(
        "CHECK ((kind = 'area' AND unit IN ('m2', 'mu', 'ha')) "
        "OR (kind = 'beds' AND unit = 'bed') "
        "OR (kind = 'persons' AND unit = 'person') "
        "OR (kind = 'items' AND unit = 'item') "
        "OR (kind = 'hours' AND unit = 'hour' AND amount <= 168) "
        "OR (kind = 'yes_no' AND unit = 'yes' AND amount IN (0, 1)))",
        "The unit does not fit what is measured.",
    )
    _check_whole = models.Constraint(
        "CHECK (kind NOT IN ('beds', 'persons', 'items') OR amount = trunc(amount))",
        "Beds, persons and things come in whole numbers.",
    )
    _check_rooms = models.Constraint(
        "CHECK (room_count >= 0)", "A number of rooms cannot be negative."
    )

    def init(self):
        path = "welfare_facility/models/sql/welfare_facility_measurement.sql"
        with file_open(path) as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    @api.model
    def _default_measured_by(self):
        return self.env.user.name

    # === COMPUTE METHODS === #

    @api.depends("metric_id.kind")
    def _compute_unit(self):
        """Give what has one unit that one; an area needs somebody to say which."""
        for row in self:
            units = UNITS_BY_KIND.get(row.metric_id.kind, ())
            if row.unit not in units:
                row.unit = units[0] if len(units) == 1 else False

    @api.depends("amount", "unit")
    def _compute_value(self):
        for row in self:
            row.value = float(row._get_exact())

    @api.depends("amount", "unit")
    def _compute_area_label(self):
        for row in self:
            row.area_label = row.unit in UNITS and self._describe_area(row._get_exact())

    @api.depends("correction_ids")
    def _compute_is_corrected(self):
        for row in self:
            row.is_corrected = bool(row.correction_ids)

    @api.depends("metric_id", "date", "amount", "unit")
    @api.depends_context("lang")
    def _compute_display_name(self):
        units = dict(self._fields["unit"]._description_selection(self.env))
        for row in self:
            row.display_name = bool(row.metric_id) and self.env._(
                "%(metric)s %(amount)s %(unit)s, %(date)s",
                metric=row.metric_id.name or "",
                amount=f"{row.amount:,.4f}".rstrip("0").rstrip("."),
                unit=units.get(row.unit, ""),
                date=format_date(self.env, row.date),
            )

    # === CONSTRAINT METHODS === #

    @api.constrains("date")
    def _check_date(self):
        today = fields.Date.context_today(self)
        for row in self:
            if row.date > today:
                raise ValidationError(
                    self.env._(
                        "%(date)s has not come yet.",
                        date=format_date(self.env, row.date),
                    )
                )

    @api.constrains("metric_id", "age_group", "room_count", "facility_id")
    def _check_metric(self):
        for row in self:
            if row.age_group and not row.is_by_age:
                raise ValidationError(
                    self.env._(
                        "%(metric)s is not measured by age group.",
                        metric=row.metric_id.name,
                    )
                )
            if row.room_count and not row.is_room:
                raise ValidationError(
                    self.env._(
                        "%(metric)s is no kind of rooms: it has an area alone.",
                        metric=row.metric_id.name,
                    )
                )

    @api.constrains("metric_id", "age_group", "date", "amount", "corrects_id")
    def _check_occupied(self):
        """No more beds can be occupied than are open; the database checks it, too."""
        self.flush_model()
        for facility, date, occupied, opened in self.env.execute_query(
            SQL(
                "SELECT facility_id, date, occupied, opened "
                "FROM welfare_overfull_beds(%s)",
                self.facility_id.ids,
            )
        ):
            raise ValidationError(
                self.env._(
                    "%(facility)s on %(date)s: %(occupied)s beds are occupied and only "
                    "%(opened)s are open.",
                    facility=self.env["welfare.facility"].browse(facility).name,
                    date=format_date(self.env, date),
                    occupied=f"{occupied:g}",
                    opened=f"{opened:g}",
                )
            )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        metrics = self.env["welfare.facility.metric"].browse(
            vals["metric_id"] for vals in vals_list if vals.get("metric_id")
        )
        for vals in vals_list:
            metric = metrics.browse(vals.get("metric_id"))
            if metric and metric.kind == "area" and not vals.get("unit"):
                raise UserError(
                    self.env._(
                        "%(metric)s: say in which unit the area is given.",
                        metric=metric.name,
                    )
                )
        self.env["welfare.compliance"]._schedule_check()
        return super().create(vals_list)

    # No super(): nobody gets through.
    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # A planned facility takes its measurements along: the database cascades.
        raise AccessError(self._message_append_only())

    # === ACTION METHODS === #

    def action_correct(self):
        """Enter the right figure in the place of this one."""
        self.ensure_one()
        names = ("facility_id", "metric_id", "age_group", "amount", "unit")
        names += ("room_count", "date", "measured_by", "document")
        row = self._convert_to_write(self.read(names)[0])
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct the Measurement"),
            "res_model": self._name,
            "view_mode": "form",
            "target": "new",
            "context": {
                **{f"default_{name}": row[name] for name in names},
                "default_corrects_id": self.id,
            },
        }

    # === BUSINESS METHODS === #

    def _message_append_only(self):
        return self.env._(
            "A measurement is never changed or deleted: enter a new one, or correct it."
        )

    def _get_exact(self):
        """Return the figure without rounding, an area in m².

        :rtype: fractions.Fraction
        """
        return _exact(self.amount, self.unit)

    @api.model
    def _describe_area(self, value):
        """Return an area in all of its units, in words."""
        units = in_all_units(value)
        return self.env._(
            "%(m2)s m² = %(mu)s mu = %(ha)s ha",
            m2=f"{units['m2']:,}",
            mu=f"{units['mu']:,}",
            ha=f"{units['ha']:,}",
        )

    @api.model
    def _get_rows(self, facilities, date):
        """Return the rows that hold on a day, of many facilities in one query.

        :param facilities: ids of facilities that the caller may read.
        :param datetime.date date: the day.
        :return: facility, code of the metric, age group or ``None``, figure (exact, in
            m² where it is an area), day, id of the row.
        :rtype: list[tuple]
        """
        self.flush_model()
        query = SQL(
            """
            SELECT DISTINCT ON (facility_id, metric_id, age_group)
                   facility_id, metric.code, age_group, amount::text, unit, date,
                   measured.id
            FROM welfare_facility_measurement measured
            JOIN welfare_facility_metric metric ON metric.id = measured.metric_id
            WHERE measured.facility_id = ANY(%s) AND measured.date <= %s
              AND NOT EXISTS (SELECT FROM welfare_facility_measurement correction
                              WHERE correction.corrects_id = measured.id)
            ORDER BY facility_id, metric_id, age_group, date DESC, measured.id DESC
            """,
            list(facilities),
            date,
        )
        return [
            (facility, code, age, _exact(amount, unit), day, row_id)
            for facility, code, age, amount, unit, day, row_id in (
                self.env.execute_query(query)
            )
        ]
