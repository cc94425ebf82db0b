from odoo import fields, models
from odoo.exceptions import UserError


class WelfareAppropriation(models.Model):
    """Whether money builds facilities or runs them; the two are kept apart.

    What a document does not say may be stated later, once.
    """

    _inherit = "welfare.appropriation"

    use = fields.Selection(
        selection=[("building", "Building"), ("running", "Running")],
        string="For Building or Running",
        help="Money of building (建设) counts for projects, money of running (运营) "
        "does not. Empty where the document does not say: then it counts for building.",
    )

    @property
    def _approval_fields(self):
        return (*super()._approval_fields, "use")

    def init(self):
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_appropriation_use_keep()
            RETURNS trigger AS $$
            BEGIN
                IF OLD.state <> 'draft' AND OLD.use IS NOT NULL
                   AND NEW.use IS DISTINCT FROM OLD.use THEN
                    RAISE EXCEPTION 'welfare: the use of appropriation % is fixed',
                        OLD.id USING ERRCODE = 'check_violation';
                END IF;
                RETURN NEW;
            END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS welfare_appropriation_use_keep
                ON welfare_appropriation;
            CREATE TRIGGER welfare_appropriation_use_keep
                BEFORE UPDATE OF use ON welfare_appropriation
                FOR EACH ROW EXECUTE FUNCTION welfare_appropriation_use_keep()
            """
        )
        return super().init()

    # === CRUD METHODS === #

    def write(self, vals):
        if "use" in vals:
            for record in self:
                fixed = record.state != "draft" and record.use
                if fixed and record.use != vals["use"]:
                    raise UserError(
                        self.env._(
                            "%(number)s: whether it builds or runs was stated already.",
                            number=record.number,
                        )
                    )
        return super().write(vals)
