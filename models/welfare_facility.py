from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_date

#: States in which a facility counts as built (已建成).
BUILT_STATES = ("accepted", "operating", "suspended")
#: States in which it is to be built (在建、计划).
PLANNED_STATES = ("planned", "under_construction")


class WelfareFacility(models.Model):
    """A place that serves children or other groups in need (福利设施).

    Areas are in m², opening hours in hours a week, amounts in yuan.
    """

    _name = "welfare.facility"
    _description = "Facility"
    _inherit = [
        "welfare.region.mixin",
        "welfare.state.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "region_id, type_id, id"

    # A bureau that starts with this register has facilities that exist already.
    _initial_states = ("planned", "under_construction", "operating")
    _transitions = {
        "planned": {"under_construction", "accepted", "closed"},
        "under_construction": {"accepted", "closed"},
        "accepted": {"operating", "closed"},
        "operating": {"suspended", "closed"},
        "suspended": {"operating", "closed"},
        "closed": set(),
    }
    _guarded_fields = frozenset(
        ("date_state", "is_date_state_approximate", "import_line_id")
    )
    _initial_fields = frozenset(("date_state", "is_date_state_approximate"))

    name = fields.Char(required=True, tracking=True, index="trigram")
    type_id = fields.Many2one(
        comodel_name="welfare.facility.type",
        required=True,
        index=True,
        ondelete="restrict",
        tracking=True,
    )
    region_id = fields.Many2one(tracking=True)
    township_id = fields.Many2one(
        comodel_name="welfare.region",
        string="Township or Street",
        compute="_compute_township_id",
        store=True,
        index="btree_not_null",
        help="For grouping; empty for a facility of a whole county or more.",
    )
    county_id = fields.Many2one(
        related="township_id.parent_id",
        string="County",
        help="For grouping; empty for a facility of a whole county or more.",
    )
    state = fields.Selection(
        selection=[
            ("planned", "Planned"),
            ("under_construction", "Under Construction"),
            ("accepted", "Accepted"),
            ("operating", "Operating"),
            ("suspended", "Suspended"),
            ("closed", "Closed"),
        ],
        required=True,
        readonly=True,
        copy=False,
        default="planned",
        index=True,
        tracking=True,
        group_expand="_group_expand_state",
    )
    date_state = fields.Date(
        string="In this State since",
        required=True,
        copy=False,
        default=lambda self: self._default_date_state(),
        help="Day on which the current state began. When the facility is registered it "
        "is the day that the papers name; afterwards it moves with the state.",
    )
    is_date_state_approximate = fields.Boolean(
        string="Day not Known",
        copy=False,
        help="The source names only the month or the year; the day is its first.",
    )
    status_ids = fields.One2many(
        comodel_name="welfare.facility.status",
        inverse_name="facility_id",
        string="State History",
        readonly=True,
    )
    plan_year = fields.Integer(
        string="Planned for",
        aggregator=None,
        help="Year in whose plan the facility is to be built.",
    )
    premises = fields.Selection(
        selection=[
            ("own", "Own Premises"),
            ("community_office", "In the Community's Offices"),
            ("rented", "Rented"),
            ("shared", "Shared with Another Facility"),
        ],
        tracking=True,
    )
    area_indoor = fields.Float(
        string="Indoor Area (m²)", digits=(12, 2), tracking=True, aggregator="sum"
    )
    area_outdoor = fields.Float(
        string="Outdoor Area (m²)", digits=(12, 2), tracking=True, aggregator="sum"
    )
    hours_weekly = fields.Float(
        string="Open Hours a Week", digits=(5, 1), tracking=True, aggregator="avg"
    )
    hours_note = fields.Char(
        string="Opening Hours in Words",
        help="What the source says where it gives no number, such as “as the "
        "residents' committee's office”.",
    )
    responsible_id = fields.Many2one(
        comodel_name="res.partner",
        string="Responsible Person",
        index="btree_not_null",
        tracking=True,
    )
    operator_id = fields.Many2one(
        comodel_name="res.partner",
        index="btree_not_null",
        tracking=True,
        help="Organisation that runs the facility.",
    )
    latitude = fields.Float(digits=(9, 6), aggregator=None)
    longitude = fields.Float(digits=(9, 6), aggregator=None)
    photo_ids = fields.Many2many(comodel_name="ir.attachment", string="Photos")
    note = fields.Text()
    import_line_id = fields.Many2one(
        comodel_name="welfare.facility.import.line",
        string="From the Ledger",
        readonly=True,
        copy=False,
        ondelete="restrict",
        index="btree_not_null",
        help="Row of the imported ledger that created or changed this facility last.",
    )
    # By way of the type: it is the yuan for all, and the key of a column would have to
    # be checked for each of the 65,000 rows of a ledger.
    currency_id = fields.Many2one(related="type_id.currency_id")
    # What the bureau's own ledger states. The fund ledger is kept elsewhere, and the
    # two are compared, never mixed.
    amount_district_stated = fields.Monetary(string="District Budget (stated)")
    amount_lottery_stated = fields.Monetary(string="Welfare Lottery Fund (stated)")
    amount_total_stated = fields.Monetary(
        string="Total Money (stated)",
        compute="_compute_amount_total_stated",
        store=True,
    )

    # Stored for the unique index alone: an index cannot look into another table.
    is_one_per_community = fields.Boolean(
        related="type_id.is_one_per_community", store=True, precompute=True
    )

    _one_per_community_uniq = models.UniqueIndex(
        "(region_id, type_id) WHERE is_one_per_community AND state != 'closed'",
        "This community has a facility of that type already.",
    )
    _check_areas = models.Constraint(
        "CHECK (area_indoor >= 0 AND area_outdoor >= 0)",
        "An area cannot be negative.",
    )
    _check_hours = models.Constraint(
        "CHECK (hours_weekly BETWEEN 0 AND 168)",
        "A week has 168 hours.",
    )
    _check_amounts = models.Constraint(
        "CHECK (amount_district_stated >= 0 AND amount_lottery_stated >= 0)",
        "An amount cannot be negative.",
    )
    _check_coordinates = models.Constraint(
        "CHECK (latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180)",
        "These are no coordinates: latitude goes to 90, longitude to 180 degrees.",
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_date_state(self):
        return fields.Date.context_today(self)

    # === COMPUTE METHODS === #

    @api.depends("region_id.level", "region_id.parent_id")
    def _compute_township_id(self):
        for facility in self:
            region = facility.region_id
            if region.level == "village":
                facility.township_id = region.parent_id
            else:
                facility.township_id = region.level == "township" and region

    @api.depends("amount_district_stated", "amount_lottery_stated")
    def _compute_amount_total_stated(self):
        for facility in self:
            facility.amount_total_stated = (
                facility.amount_district_stated + facility.amount_lottery_stated
            )

    # === CONSTRAINT METHODS === #

    @api.constrains("type_id", "region_id")
    def _check_region_level(self):
        for facility in self:
            if facility.is_one_per_community and facility.region_id.level != "village":
                raise ValidationError(
                    self.env._(
                        "%(facility)s stands in %(region)s, which is no community: "
                        "facilities of the type %(type)s belong to one.",
                        facility=facility.name,
                        region=facility.region_id.display_name,
                        type=facility.type_id.name,
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        facilities = super().create(vals_list)
        for facility in facilities:
            facility._check_state_date(facility.date_state)
        facilities._record_status(self.env._("Registered"))
        if any("photo_ids" in vals for vals in vals_list):
            facilities._bind_photos()
        return facilities

    def write(self, vals):
        result = super().write(vals)
        if "photo_ids" in vals:
            self._bind_photos()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_started(self):
        if any(facility.state != "planned" for facility in self):
            raise UserError(
                self.env._(
                    "A facility that was begun stays in the register: close it instead."
                )
            )

    # === ACTION METHODS === #

    def action_change_state(self):
        """Ask for the next state, its day and the reason."""
        return self._open_transition(self.env._("Change State"))

    def action_correct_date(self):
        """Ask for the right day of the current state and the reason."""
        return self._open_transition(
            self.env._("Correct the Day"),
            default_is_correction=True,
            default_date=self.date_state,
        )

    def _open_transition(self, name, **defaults):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": "welfare.facility.transition",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_facility_id": self.id,
                "welfare_facility_id": self.id,
                **defaults,
            },
        }

    # === BUSINESS METHODS === #

    def _prepare_state_vals(
        self, target, *, date=None, is_approximate=False, **details
    ):
        date = date or self._default_date_state()
        self._check_state_date(date)
        return {"date_state": date, "is_date_state_approximate": is_approximate}

    def _on_state_set(self, previous, *, reason=None, **details):
        self._record_status(reason)

    def _correct_state_date(self, date, is_approximate=False, reason=None):
        """Correct the day on which the current state began; the history keeps both.

        :param datetime.date date: the right day.
        :param bool is_approximate: the source names only the month or the year.
        :param str reason: why, in words.
        """
        self.ensure_one()
        current = self._get_current_status()
        before = (self.status_ids - current).filtered(lambda row: not row.is_corrected)
        if before and date < max(before.mapped("date")):
            raise UserError(self._message_date_order())
        self._check_state_date(date, after_current=False)
        self._write_guarded(
            {"date_state": date, "is_date_state_approximate": is_approximate}
        )
        self._record_status(reason, corrects=current)

    def _check_state_date(self, date, after_current=True):
        if date > fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "%(date)s has not come yet.", date=format_date(self.env, date)
                )
            )
        if after_current and any(date < facility.date_state for facility in self):
            raise UserError(self._message_date_order())

    @api.model
    def _find_kept_back(self, query):
        """Return why facilities do not become accepted by a ledger or by hand.

        :param Query query: of the facilities that are asked about.
        :return: ``{id: reason in words}``; a later stage adds to it.
        """
        return {}

    def _message_date_order(self):
        return self.env._("A state cannot begin before the one that it follows.")

    def _get_current_status(self):
        """Return the entry of the history that the current state rests on."""
        self.ensure_one()
        # Sorted: what this transaction has added stands at the end of the cached list.
        return self.status_ids.filtered(lambda row: not row.is_corrected).sorted(
            lambda row: (row.date, row.id), reverse=True
        )[:1]

    def _bind_photos(self):
        """Give the user's new photos to the facility, whose readers then see them.

        A file that was uploaded before the facility was saved is its creator's alone.
        """
        for facility in self:
            # sudo(): nobody may change a file that is of no record, not even his own.
            photos = facility.photo_ids.sudo().filtered(
                lambda photo: not photo.res_id and photo.create_uid == self.env.user
            )
            photos.write({"res_model": self._name, "res_id": facility.id})

    def _record_status(self, reason, corrects=None):
        """Append the current state to the history, which no role may write itself."""
        self.env["welfare.facility.status"].sudo().create(
            [
                {
                    "facility_id": facility.id,
                    "state": facility.state,
                    "date": facility.date_state,
                    "is_approximate": facility.is_date_state_approximate,
                    "reason": reason,
                    "corrects_id": corrects and corrects.id,
                }
                for facility in self
            ]
        )
