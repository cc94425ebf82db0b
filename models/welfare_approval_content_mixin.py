import hashlib
import json

from odoo import api, models
from odoo.tools import format_amount, format_date, format_list

from ..tools.money import to_yuan

#: Goes into every fingerprint: another way of writing makes other fingerprints.
VERSION = "welfare-approval-1"


class WelfareApprovalContentMixin(models.AbstractModel):
    """Fields that count when somebody approves: of a document, or of its lines.

    A model declares each of its stored fields in one of two places:

    * ``_approval_fields``: what is approved. A one2many names lines whose model takes
      this mixin as well; ``"payee_id.account_number"`` names a field of another record.
    * ``_approval_excluded``: ``{field: why it does not count}``.

    A model of lines also declares ``_approval_document``, the field that leads to the
    document.
    """

    _name = "welfare.approval.content.mixin"
    _description = "Contents That Are Approved"

    _approval_fields = ()
    _approval_excluded = {}
    _approval_document = None

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        if self._approval_document:
            records._void_changed_approvals()
        return records

    def write(self, vals):
        counts = {path.partition(".")[0] for path in self._approval_fields}
        before = self._get_approval_documents()
        result = super().write(vals)
        if vals.keys() & (counts | {self._approval_document}):
            (before | self._get_approval_documents())._void_changed_approvals()
        return result

    def unlink(self):
        documents = self._get_approval_documents()
        result = super().unlink()
        if self._approval_document:
            documents._void_changed_approvals()
        return result

    def _fetch_query(self, query, fields):
        if self._approval_document:
            # Whoever asks which lines there are reads them next.
            fields = dict.fromkeys(fields)
            fields.update(dict.fromkeys(self._determine_fields_to_fetch()))
        return super()._fetch_query(query, fields)

    # === BUSINESS METHODS === #

    def _get_approval_documents(self):
        """Return the documents to which these contents belong."""
        return self[self._approval_document] if self._approval_document else self

    def _void_changed_approvals(self):
        """Void the approvals of documents that say something else now."""
        self._get_approval_documents()._void_changed_approvals()

    def _get_approval_content(self):
        """Return what is approved, in a form that is the same for everybody.

        Other records are named by their ids: whoever mends the name of a region has
        changed nothing that was approved.

        :rtype: dict
        """
        self.ensure_one()
        # sudo(): the contents do not depend on who looks at them.
        record = self.sudo().with_context(lang=None, active_test=False)
        return {path: _read(*_follow(record, path)) for path in self._approval_fields}

    def _describe_approval_content(self):
        """Return what is approved in words, as pairs of a label and a text.

        :rtype: list[tuple[str, str]]
        """
        self.ensure_one()
        pairs = []
        for path in self._approval_fields:
            record, field = _follow(self, path)
            label = field._description_string(self.env)
            pairs.append((label, _describe(record, field)))
        return pairs


def _follow(record, path):
    """Return the record and the field to which a path with dots leads."""
    *names, last = path.split(".")
    for name in names:
        record = record[name]
    return record, record._fields[last]


def _read(record, field):
    """Return a value in a form that does not depend on who reads it."""
    value = record[field.name]
    if field.translate:
        # In every language: who approves reads one of them.
        return field._get_stored_translations(record)
    if field.type == "one2many":
        return sorted((line._get_approval_content() for line in value), key=_write)
    if field.type == "many2many":
        return sorted(value.ids)
    if field.type == "many2one":
        return value.id or None
    if field.type == "monetary":
        return str(to_yuan(value))
    if field.type == "float":
        return f"{value:.6f}"
    if field.type in ("date", "datetime"):
        return value.isoformat() if value else None
    if field.type in ("integer", "boolean"):
        return value
    return value or None


def _describe(record, field):
    """Return a value in the words of who reads it."""
    value, env = record[field.name], record.env
    if field.type == "one2many":
        return "\n".join(
            " · ".join(
                text for _name, text in line._describe_approval_content() if text
            )
            for line in value
        )
    if field.type == "many2many":
        return format_list(env, value.mapped("display_name")) if value else ""
    if field.type == "many2one":
        return value.display_name or ""
    if field.type == "monetary":
        currency = record[field.get_currency_field(record)]
        return format_amount(env, value, currency) if record else ""
    if field.type == "date":
        return format_date(env, value) if value else ""
    if field.type == "selection":
        return dict(field._description_selection(env)).get(value, "")
    if field.type == "boolean":
        return env._("Yes") if value else env._("No")
    if field.type == "float":
        return f"{value:g}"
    return str(value or "")


def _write(content):
    """Return contents as text, always in the same way."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, indent=1)


def fingerprint(text):
    """Return the SHA-256 of a text, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()
