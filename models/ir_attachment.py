from odoo import api, models


class IrAttachment(models.Model):
    """Files count in an approval: one that comes, changes or goes voids it."""

    _inherit = "ir.attachment"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        attachments = super().create(vals_list)
        attachments._void_approvals(attachments._get_approval_owners())
        return attachments

    def write(self, vals):
        owners = self._get_approval_owners()
        result = super().write(vals)
        owners |= self._get_approval_owners()
        self._void_approvals(owners)
        return result

    def unlink(self):
        owners = self._get_approval_owners()
        result = super().unlink()
        self._void_approvals(owners)
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _has_approvals(self, model):
        """Tell whether files of a model count in approvals."""
        return hasattr(self.env.get(model), "_get_approval_documents")

    def _get_approval_owners(self):
        """Return the records to which the files belong, as far as that counts.

        :rtype: set[tuple[str, int]]
        """
        # sudo(): whoever changes a file may not see what it belongs to.
        return {
            (attachment.res_model, attachment.res_id)
            for attachment in self.sudo()
            if attachment.res_id
            and not attachment.res_field
            and self._has_approvals(attachment.res_model)
        }

    def _void_approvals(self, owners):
        for model, res_id in owners:
            # sudo(): as above.
            record = self.env[model].sudo().browse(res_id).exists()
            record._get_approval_documents()._void_changed_approvals()
