from odoo import api, models


class WelfareThreadMixin(models.AbstractModel):
    """A document about which people write to one another, with files.

    What was done with it stands in its history, which nobody can edit, see
    ``welfare.audit.event``. Nothing is logged a second time among the messages, where
    it could be deleted, and such a model tracks no field.
    """

    _name = "welfare.thread.mixin"
    _description = "Document with Messages"
    _inherit = ["mail.thread"]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        silent = self.with_context(mail_create_nolog=True)
        records = super(WelfareThreadMixin, silent).create(vals_list)
        return records.with_env(self.env)
