from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL


class WelfareFacilityStatus(models.Model):
    """One entry of a facility's history of states (状态记录).

    Entries are only ever added: a wrong day is corrected by a new entry that points to
    the wrong one. So the state on any past day can be asked, and what was believed
    before a correction stays readable.
    """

    _name = "welfare.facility.status"
    _description = "Facility State History"
    _order = "date desc, id desc"
    # Written once: who and when are columns of their own, without those of a change.
    _log_access = False

    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
    )
    region_id = fields.Many2one(related="facility_id.region_id")
    state = fields.Selection(
        selection=lambda self: self._selection_state(), required=True, readonly=True
    )
    date = fields.Date(string="Since", required=True, readonly=True)
    is_approximate = fields.Boolean(string="Day not Known", readonly=True)
    reason = fields.Char(readonly=True)
    corrects_id = fields.Many2one(
        comodel_name="welfare.facility.status",
        readonly=True,
        ondelete="cascade",
        index="btree_not_null",
    )
    correction_ids = fields.One2many(
        comodel_name="welfare.facility.status", inverse_name="corrects_id"
    )
    create_uid = fields.Many2one(
        comodel_name="res.users",
        string="Recorded by",
        readonly=True,
    )
    create_date = fields.Datetime(string="Recorded on", readonly=True)
    is_corrected = fields.Boolean(string="Corrected", compute="_compute_is_corrected")

    # An entry is corrected once; a second correction points to the first one.
    _corrects_uniq = models.UniqueIndex(
        "(corrects_id) WHERE corrects_id IS NOT NULL",
        "This entry has been corrected already.",
    )

    def init(self):
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_facility_status_keep() RETURNS trigger
            AS $$
            BEGIN
                -- The history of a plan that was dropped goes with it.
                IF TG_OP = 'DELETE' AND NOT EXISTS (
                    SELECT FROM welfare_facility WHERE id = OLD.facility_id
                ) THEN
                    RETURN OLD;
                END IF;
                RAISE EXCEPTION 'welfare: the history of states is only ever added to'
                    USING ERRCODE = 'check_violation';
            END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS welfare_facility_status_keep
                ON welfare_facility_status;
            CREATE TRIGGER welfare_facility_status_keep
                BEFORE UPDATE OR DELETE ON welfare_facility_status
                FOR EACH ROW EXECUTE FUNCTION welfare_facility_status_keep()
            """
        )
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("correction_ids")
    def _compute_is_corrected(self):
        for status in self:
            status.is_corrected = bool(status.correction_ids)

    # === SELECTION METHODS === #

    @api.model
    def _selection_state(self):
        return (
            self.env["welfare.facility"]
            ._fields["state"]
            ._description_selection(self.env)
        )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        # Whatever a caller or a default in the context says.
        recorded = {"create_uid": self.env.uid, "create_date": self.env.cr.now()}
        return super().create([{**vals, **recorded} for vals in vals_list])

    # No super(): nobody gets through.
    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        # A planned facility takes its history along: the database cascades.
        raise AccessError(self._message_append_only())

    # === BUSINESS METHODS === #

    def _message_append_only(self):
        return self.env._("The history of states is only ever added to.")

    @api.model
    def _query_states(self, date, facilities=None):
        """Return ``(facility_id, state, date)`` of every facility on a day, as SQL.

        :param datetime.date date: the day asked for; a facility that was registered for
            a later day is not in the result.
        :param SQL facilities: a query of the ids of those that matter, or ``None``.
        :return: a query; its ``date`` is the day on which the state began.
        :rtype: SQL
        """
        self.flush_model()
        return SQL(
            """
            SELECT DISTINCT ON (facility_id) facility_id, state, date
            FROM welfare_facility_status status
            WHERE date <= %(date)s
              AND %(wanted)s
              AND NOT EXISTS (
                  SELECT FROM welfare_facility_status correction
                  WHERE correction.corrects_id = status.id
              )
            ORDER BY facility_id, date DESC, id DESC
            """,
            date=date,
            wanted=SQL("facility_id IN (%s)", facilities)
            if facilities
            else SQL("TRUE"),
        )
