from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.safe_eval import safe_eval, time


class IrActionsReport(models.Model):
    """Reports that the addon draws itself, without a browser engine.

    Such a report names its document in ``report_name``: ``welfare_facility.x`` is drawn
    by the model ``report.welfare_facility.x``, whose ``_render_pdf(records, data)`` or
    ``_render_xlsx(records, data)`` returns the file. Its ``_get_filename(records,
    data)``, where it has one, names it.
    """

    _inherit = "ir.actions.report"

    report_type = fields.Selection(
        selection_add=[
            ("reportlab-pdf", "PDF (ReportLab)"),
            ("xlsxwriter-xlsx", "XLSX (XlsxWriter)"),
        ],
        ondelete={"reportlab-pdf": "cascade", "xlsxwriter-xlsx": "cascade"},
    )

    @api.model
    def _render_reportlab_pdf(self, report_ref, res_ids=None, data=None):
        """Draw a report.

        :param report_ref: record, XML id or name of the report.
        :param list res_ids: ids of the records to print; the user must be allowed to
            read every one.
        :return: the file and its extension.
        :rtype: tuple[bytes, str]
        :raise AccessError: the user may not read a record.
        """
        document, records = self._get_drawn_document(report_ref, res_ids)
        return document._render_pdf(records, data or {}), "pdf"

    @api.model
    def _render_xlsxwriter_xlsx(self, report_ref, res_ids=None, data=None):
        """Write a report as a workbook; as :meth:`_render_reportlab_pdf`."""
        document, records = self._get_drawn_document(report_ref, res_ids)
        return document._render_xlsx(records, data or {}), "xlsx"

    @api.model
    def _get_drawn_filename(self, report_ref, res_ids, data=None):
        """Return the name of a drawn report's file, without its ending."""
        report = self._get_report(report_ref)
        document, records = self._get_drawn_document(report, res_ids)
        if hasattr(document, "_get_filename"):
            return document._get_filename(records, data or {})
        if report.print_report_name and len(records) == 1:
            return safe_eval(
                report.print_report_name, {"object": records, "time": time}
            )
        return report.name

    @api.model
    def _get_drawn_document(self, report_ref, res_ids):
        """Return the model that draws a report, and the records to print."""
        report = self._get_report(report_ref)
        records = self.env[report.model].browse(res_ids).exists()
        if not records:
            raise UserError(self.env._("There is nothing to print."))
        records.check_access("read")
        return self.env[f"report.{report.report_name}"], records
