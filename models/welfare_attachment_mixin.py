from odoo import api, models


class WelfareAttachmentMixin(models.AbstractModel):
    """A record with files, which all its readers may read.

    A file that was uploaded before its record was saved is its creator's alone: it is
    given to the record when the record is saved. ``_attachment_fields`` names the
    many2many fields.
    """

    _name = "welfare.attachment.mixin"
    _description = "Record with Files"

    _attachment_fields = ()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if any(name in vals for vals in vals_list for name in self._attachment_fields):
            records._bind_attachments()
        return records

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & set(self._attachment_fields):
            self._bind_attachments()
        return result

    # === BUSINESS METHODS === #

    def _bind_attachments(self):
        """Give the user's new files to the record."""
        for record in self:
            for name in self._attachment_fields:
                # sudo(): the record rules of a file ask for the record it has not yet.
                files = (
                    record[name]
                    .sudo()
                    .filtered(
                        lambda file: (
                            not file.res_id and file.create_uid == self.env.user
                        )
                    )
                )
                files.write({"res_model": self._name, "res_id": record.id})
