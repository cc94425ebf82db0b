import base64

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

#: How the columns of a list of standards are read; their headings are data.
STANDARD_COLUMNS = {
    "code": {"kind": "text", "required": True, "fill_down": True},
    "name": {"kind": "text", "required": True, "fill_down": True},
    "number": {"kind": "text", "fill_down": True},
    "edition": {"kind": "text", "required": True, "fill_down": True},
    "jurisdiction": {"kind": "code", "fill_down": True},
    "date_from": {"kind": "date", "required": True, "fill_down": True},
    "date_to": {"kind": "date", "fill_down": True},
    "applies_by": {"kind": "choice", "required": True, "fill_down": True},
    "source": {"kind": "text", "required": True, "fill_down": True},
    "type": {"kind": "text", "required": True, "fill_down": True},
    "metric": {"kind": "text", "required": True},
    "value_min": {"kind": "number"},
    "value_max": {"kind": "number"},
    "unit": {"kind": "choice"},
    "class": {"kind": "text"},
    "bed_from": {"kind": "number"},
    "bed_to": {"kind": "number"},
    "obligation": {"kind": "choice", "required": True},
    "article": {"kind": "text"},
    "quote": {"kind": "text"},
    "is_verified": {"kind": "boolean"},
}
_MAX_PROBLEMS = 20


class WelfareStandardImport(models.TransientModel):
    """Takes standards from a workbook: a requirement a row, everything or nothing."""

    _name = "welfare.standard.import"
    _description = "Load Standards"

    file = fields.Binary(attachment=False)
    filename = fields.Char()

    # === ACTION METHODS === #

    def action_download_template(self):
        """Download an empty list with the headings that are understood."""
        return {
            "type": "ir.actions.act_url",
            "url": "/welfare_facility/standard/template",
            "target": "download",
        }

    def action_load(self):
        """Add the standards of the file and open them.

        :raise UserError: the file cannot be read, or a row is wrong; nothing is added.
        """
        self.ensure_one()
        self.env["welfare.standard"].check_access("create")
        if not self.file:
            raise UserError(self.env._("Choose the file with the standards."))
        table = self.env["welfare.import.column"]._read_table(
            "standard", STANDARD_COLUMNS, self.filename, base64.b64decode(self.file)
        )
        problems = [
            f"{problem.sheet} {problem.cell}: {self.env._(problem.message)}"
            for problem in table.problems
            if problem.level == "error"
        ]
        vals_by_key = {}
        for row in table.rows:
            if not row.has_errors:
                problems += self._read_row(row, vals_by_key)
        if problems:
            raise UserError("\n".join(problems[:_MAX_PROBLEMS]))
        standards = self.env["welfare.standard"]
        for vals, classes, lines in vals_by_key.values():
            standard = standards.create(
                {**vals, "class_ids": [(0, 0, each) for each in classes.values()]}
            )
            by_name = {each.name: each.id for each in standard.class_ids}
            standard.line_ids = [
                (0, 0, {**line, "class_id": by_name.get(name, False)})
                for line, name in lines
            ]
            standards += standard
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_standard_action"
        )
        return {**action, "path": False, "domain": [("id", "in", standards.ids)]}

    # === BUSINESS METHODS === #

    def _read_row(self, row, vals_by_key):
        """Collect what a row says; return what is wrong with it."""
        values = row.values
        key = tuple(values.get(name) for name in ("code", "edition", "jurisdiction"))
        facility_type = self._find("welfare.facility.type", values["type"])
        metric = self._find("welfare.facility.metric", values["metric"])
        low, high = values.get("value_min"), values.get("value_max")
        problems = []
        if not facility_type:
            problems.append(
                self.env._("There is no type “%(name)s”.", name=values["type"])
            )
        if not metric:
            problems.append(
                self.env._("There is no metric “%(name)s”.", name=values["metric"])
            )
        elif metric._get_unit() and values.get("unit") != metric.kind:
            problems.append(
                self.env._(
                    "%(metric)s is given in %(unit)s: the row has no or another unit.",
                    metric=metric.name,
                    unit=metric._get_unit(),
                )
            )
        if low is None and high is None:
            problems.append(self.env._("The row has neither a least nor a most."))
        if problems:
            return [
                self.env._("Row %(row)s: %(problem)s", row=row.number, problem=problem)
                for problem in problems
            ]
        vals, classes, lines = vals_by_key.setdefault(
            key, (self._prepare_vals(values), {}, [])
        )
        if (6, 0, facility_type.ids) not in vals["type_ids"]:
            vals["type_ids"].append((4, facility_type.id))
        if name := values.get("class"):
            classes.setdefault(
                name,
                {
                    "name": name,
                    "bed_from": int(values.get("bed_from") or 0),
                    "bed_to": int(values.get("bed_to") or 0),
                },
            )
        operator = "range"
        if low is None or high is None:
            operator = "le" if low is None else "ge"
        lines.append(
            (
                {
                    "sequence": (len(lines) + 1) * 10,
                    "metric_id": metric.id,
                    "type_id": facility_type.id,
                    "operator": operator,
                    "value_min": float(low or 0),
                    "value_max": float(high or 0),
                    "obligation": values["obligation"],
                    "article": values.get("article"),
                    "quote": values.get("quote"),
                    "is_verified": bool(values.get("is_verified")),
                },
                name,
            )
        )
        return []

    def _find(self, model, name):
        """Return the record of a name, in the user's language or in Chinese."""
        domain = Domain("name", "=", name) | Domain("code", "=", name)
        if "site_name" in self.env[model]._fields:
            domain |= Domain("site_name", "=", name)
        records = self.env[model].search(domain, limit=1)
        if not records and self.env["res.lang"]._lang_get("zh_CN"):
            chinese = self.env[model].with_context(lang="zh_CN")
            records = chinese.search([("name", "=", name)], limit=1)
        return records.with_env(self.env)

    def _prepare_vals(self, values):
        return {
            "code": values["code"],
            "name": values["name"],
            "number": values.get("number"),
            "edition": values["edition"],
            "jurisdiction_code": values.get("jurisdiction") or False,
            "date_from": values["date_from"],
            "date_to": values.get("date_to") or False,
            "applies_by": values["applies_by"],
            "source": values["source"],
            "type_ids": [],
        }
