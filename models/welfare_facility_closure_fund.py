from odoo import api, fields, models


class WelfareFacilityClosure(models.Model):
    """What closing a facility owes to the lottery fund that paid for it.

    Lottery money stays with its purpose: whoever gives up what it paid for asks those
    who granted it, or gives it back (彩票管理条例第四十三条).
    """

    _inherit = "welfare.facility.closure"

    amount_lottery = fields.Monetary(
        string="Lottery Money",
        readonly=True,
        help="What the facility had received from sources that must be labelled; the "
        "database counts it.",
    )
    duty = fields.Selection(
        selection=[
            ("approved", "The grantor approved the change of use"),
            ("kept", "The assets serve the same purpose elsewhere"),
            ("returned", "The money is given back"),
        ],
        string="Duty to the Lottery Fund",
        readonly=True,
    )
    duty_number = fields.Char(
        string="Document of the Grantor",
        readonly=True,
        help="Number of the paper that approves it, or by which the money goes back.",
    )

    _check_duty = models.Constraint(
        "CHECK (amount_lottery IS NULL OR amount_lottery = 0 "
        "OR (duty IS NOT NULL AND duty_number IS NOT NULL))",
        "The lottery fund paid for this facility: say what was decided, and in which "
        "document.",
    )

    def init(self):
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_facility_lottery(p_facility integer)
            RETURNS numeric AS $$
            BEGIN
                RETURN (
                    -- What the bureau's own ledger states counts as well.
                    SELECT GREATEST(facility.amount_lottery_stated, (
                        SELECT COALESCE(SUM(entry.d_received), 0)
                        FROM welfare_fund_entry entry
                        JOIN welfare_fund_account account
                          ON account.id = entry.account_id
                        JOIN welfare_fund_source source
                          ON source.id = account.source_id
                        WHERE account.facility_id = facility.id
                          AND source.needs_label AND entry.kind <> 'carry_in'
                    ), 0)
                    FROM welfare_facility facility WHERE facility.id = p_facility
                );
            END;
            $$ LANGUAGE plpgsql STABLE;
            CREATE OR REPLACE FUNCTION welfare_facility_closure_count()
            RETURNS trigger AS $$
            BEGIN
                NEW.amount_lottery := welfare_facility_lottery(NEW.facility_id);
                RETURN NEW;
            END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS welfare_facility_closure_count
                ON welfare_facility_closure;
            CREATE TRIGGER welfare_facility_closure_count
                BEFORE INSERT ON welfare_facility_closure
                FOR EACH ROW EXECUTE FUNCTION welfare_facility_closure_count()
            """
        )
        return super().init()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        closures = super().create(vals_list)
        closures.invalidate_recordset(["amount_lottery"])
        return closures
