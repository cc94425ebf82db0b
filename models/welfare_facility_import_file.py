from odoo import api, models
from odoo.exceptions import UserError

#: What makes an attachment the file that it is.
CONTENT = frozenset(
    ("raw", "datas", "db_datas", "store_fname", "checksum", "file_size", "type", "url")
    + ("res_model", "res_field", "res_id")
)


class IrAttachment(models.Model):
    """The file of a ledger that was applied is evidence: it is neither exchanged nor
    deleted, by nobody."""

    _inherit = "ir.attachment"

    def init(self):
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_facility_import_file_keep()
            RETURNS trigger AS $$
            DECLARE
                ledgers integer[] := '{}';
            BEGIN
                IF TG_OP <> 'INSERT' AND OLD.res_field = 'file'
                   AND OLD.res_model = 'welfare.facility.import' THEN
                    ledgers := ledgers || OLD.res_id;
                END IF;
                IF TG_OP <> 'DELETE' AND NEW.res_field = 'file'
                   AND NEW.res_model = 'welfare.facility.import' THEN
                    ledgers := ledgers || NEW.res_id;
                END IF;
                IF EXISTS (
                    SELECT FROM welfare_facility_import
                    WHERE id = ANY (ledgers) AND state = 'applied'
                ) THEN
                    RAISE EXCEPTION 'welfare: the file of an applied ledger is kept'
                        USING ERRCODE = 'check_violation';
                END IF;
                IF TG_OP = 'DELETE' THEN
                    RETURN OLD;
                END IF;
                RETURN NEW;
            END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS welfare_facility_import_file_keep ON ir_attachment;
            CREATE TRIGGER welfare_facility_import_file_keep
                BEFORE INSERT OR DELETE OR UPDATE OF db_datas, store_fname, checksum,
                    file_size, type, url, res_model, res_field, res_id
                ON ir_attachment
                FOR EACH ROW EXECUTE FUNCTION welfare_facility_import_file_keep()
            """
        )
        return super().init()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        self._refuse_ledgers(
            {
                vals.get("res_id")
                for vals in vals_list
                if vals.get("res_model") == "welfare.facility.import"
                and vals.get("res_field") == "file"
            }
        )
        return super().create(vals_list)

    def write(self, vals):
        if vals.keys() & CONTENT:
            self._refuse_files_of_ledgers()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_of_ledgers(self):
        self._refuse_files_of_ledgers()

    # === BUSINESS METHODS === #

    def _refuse_files_of_ledgers(self):
        # sudo(): it does not matter here who may read what.
        files_sudo = self.sudo().filtered(
            lambda file: (
                file.res_model == "welfare.facility.import" and file.res_field == "file"
            )
        )
        self._refuse_ledgers(set(files_sudo.mapped("res_id")))

    def _refuse_ledgers(self, ledger_ids):
        """Refuse to touch the files of ledgers that were applied."""
        if not ledger_ids:
            return
        ledgers_sudo = self.env["welfare.facility.import"].sudo().browse(ledger_ids)
        for ledger in ledgers_sudo.exists():
            if ledger.state == "applied":
                raise UserError(
                    self.env._(
                        "%(file)s was applied; the file is kept as it is.",
                        file=ledger.filename,
                    )
                )
