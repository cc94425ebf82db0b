from odoo import api, fields, models
from odoo.exceptions import UserError


class IrActionsReport(models.Model):
    """Reports that reportlab draws itself, without a browser engine.

    Such a report names its document in ``report_name``: ``welfare_facility.x`` is drawn
    by the model ``report.welfare_facility.x``, whose ``_render_pdf(records, data)``
    returns the file.
    """

    _inherit = "ir.actions.report"

    report_type = fields.Selection(
        selection_add=[("reportlab-pdf", "PDF (ReportLab)")],
        ondelete={"reportlab-pdf": "cascade"},
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
        report = self._get_report(report_ref)
        records = self.env[report.model].browse(res_ids).exists()
        if not records:
            raise UserError(self.env._("There is nothing to print."))
        records.check_access("read")
        document = self.env[f"report.{report.report_name}"]
        return document._render_pdf(records, data or {}), "pdf"
