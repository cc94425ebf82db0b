from odoo import api, models

from ..reports import layout


class IrActionsReport(models.Model):
    """Every printed page bears the head of the audit trail, so that paper is proof."""

    _inherit = "ir.actions.report"

    @api.model
    def _render_reportlab_pdf(self, report_ref, res_ids=None, data=None):
        with layout.marked(self.env["welfare.audit.seal"]._get_print_mark()):
            return super()._render_reportlab_pdf(report_ref, res_ids, data)
