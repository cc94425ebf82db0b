from odoo import fields, models
from odoo.exceptions import UserError


class WelfareFacility(models.Model):
    """A facility that was built is closed with a reason and the fate of its assets."""

    _inherit = "welfare.facility"

    closure_ids = fields.One2many(
        comodel_name="welfare.facility.closure",
        inverse_name="facility_id",
        string="Closing",
        readonly=True,
    )

    def init(self):
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_facility_close() RETURNS trigger AS $$
            BEGIN
                IF NEW.state = 'closed'
                   AND OLD.state IN ('accepted', 'operating', 'suspended')
                   AND NOT EXISTS (
                       SELECT FROM welfare_facility_closure
                       WHERE facility_id = NEW.id AND date = NEW.date_state
                   ) THEN
                    RAISE EXCEPTION 'welfare: facility % is closed without a reason',
                        NEW.id USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
            END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS welfare_facility_close ON welfare_facility;
            CREATE TRIGGER welfare_facility_close BEFORE UPDATE OF state
                ON welfare_facility
                FOR EACH ROW EXECUTE FUNCTION welfare_facility_close()
            """
        )
        return super().init()

    # === BUSINESS METHODS === #

    def _prepare_state_vals(self, target, **details):
        vals = super()._prepare_state_vals(target, **details)
        if target == "closed":
            built = self.filtered(
                lambda home: home.state in ("accepted", "operating", "suspended")
            )
            # sudo(): the record is written here and nowhere else.
            self.env["welfare.facility.closure"].sudo().create(
                [
                    facility._prepare_closure_vals(
                        **{**details, "date": vals["date_state"]}
                    )
                    for facility in built
                ]
            )
        return vals

    def _prepare_closure_vals(
        self, *, date, reason=None, fate=None, fate_note=None, **details
    ):
        """Return the values of the record of a closing. Extension point.

        :raise UserError: the reason or the fate of the assets is not given.
        """
        self.ensure_one()
        if not reason or not fate:
            raise UserError(
                self.env._(
                    "%(facility)s: say why it is closed and what becomes of its "
                    "assets.",
                    facility=self.name,
                )
            )
        return {
            "facility_id": self.id,
            "date": date,
            "reason": reason,
            "fate": fate,
            "fate_note": fate_note,
        }
