from odoo import api, models

from .audit_capture import is_business


class IrActionsReport(models.Model):
    """Writes down who printed which business records."""

    _inherit = "ir.actions.report"

    @api.model
    def _render_reportlab_pdf(self, report_ref, res_ids=None, data=None):
        result = super()._render_reportlab_pdf(report_ref, res_ids, data)
        self._record_print(report_ref, res_ids)
        return result

    @api.model
    def _render_xlsxwriter_xlsx(self, report_ref, res_ids=None, data=None):
        result = super()._render_xlsxwriter_xlsx(report_ref, res_ids, data)
        self._record_print(report_ref, res_ids)
        return result

    @api.model
    def _render_qweb_pdf(self, report_ref, res_ids=None, data=None):
        result = super()._render_qweb_pdf(report_ref, res_ids, data)
        self._record_print(report_ref, res_ids)
        return result

    @api.model
    def _render_qweb_html(self, report_ref, docids, data=None):
        result = super()._render_qweb_html(report_ref, docids, data)
        self._record_print(report_ref, docids)
        return result

    def _record_print(self, report_ref, res_ids):
        report = self._get_report(report_ref)
        if is_business(report.model or ""):
            self.env["welfare.audit.event"]._record(
                "print", report.model, res_ids or (), report.name
            )
