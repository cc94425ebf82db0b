"""What an event says, in people's words."""

from collections import defaultdict

from odoo import fields
from odoo.tools import (
    SQL,
    format_date,
    format_datetime,
    format_list,
    formatLang,
    html2plaintext,
)

from .audit_capture import TECHNICAL


class AuditWords:
    """Puts stored values into words of the user's language.

    Names of other records are looked up for many events at once. What has been deleted
    since is named as the trail last knew it.

    :param env: the reader's environment
    """

    def __init__(self, env):
        self.env = env
        self._names = defaultdict(dict)
        self._relations = {}
        for model in env.registry.values():
            for field in model._fields.values():
                if field.type == "many2many" and field.store:
                    self._relations.setdefault(
                        (field.relation, field.model_name), field
                    )

    def describe(self, events):
        """Return ``{event id: [(label, before, after), …]}``."""
        for event in events:
            for name, value in self._pairs(event):
                if comodel := self._comodel(event, name):
                    self._names[comodel].setdefault(value, None)
        self._find_names()
        return {event.id: self._lines(event) for event in events}

    def name(self, model, res_id):
        """Return the name of a record, also of one that has been deleted."""
        if res_id not in self._names[model]:
            self._names[model][res_id] = None
            self._find_names()
        return self._names[model][res_id]

    def learn(self, wanted):
        """Look up names of many records at once: pairs of model and id."""
        for model, res_id in wanted:
            self._names[model].setdefault(res_id, None)
        self._find_names()

    def lines(self, model, values):
        """Return ``[(label, value), …]`` of a whole record."""
        for name, value in values.items():
            field = self.env[model]._fields.get(name)
            if field is not None and value and field.type in ("many2one", "many2many"):
                for res_id in value if field.type == "many2many" else [value]:
                    self._names[field.comodel_name].setdefault(res_id, None)
        self._find_names()
        return [
            (self._label(model, name), self.value(model, name, value))
            for name, value in self._ordered(model, values)
            if value not in (None, "", ())
        ]

    def value(self, model, name, value):
        """Return a stored value in words; empty where there is none."""
        field = self.env[model]._fields.get(name) if model in self.env else None
        if value is None or (value == "" and field is not None):
            return ""
        if isinstance(value, dict):
            lang = self.env.lang or "en_US"
            value = value.get(lang) or value.get("en_US") or next(iter(value.values()))
        if field is None:
            return str(value)
        if isinstance(value, bool):
            return self.env._("Yes") if value else self.env._("No")
        match field.type:
            case "many2one":
                return self.name(field.comodel_name, value)
            case "many2many":
                names = [self.name(field.comodel_name, res_id) for res_id in value]
                return format_list(self.env, names)
            case "selection":
                labels = dict(field._description_selection(self.env))
                return str(labels.get(value, value))
            case "date":
                return format_date(self.env, value)
            case "datetime":
                return format_datetime(
                    self.env, fields.Datetime.to_datetime(value[:19].replace("T", " "))
                )
            case "monetary":
                return formatLang(self.env, value, digits=2)
            case "float":
                digits = field.get_digits(self.env)
                return formatLang(self.env, value, digits=digits[1] if digits else 2)
            case "html":
                return html2plaintext(value)
            case "char" if value in self.env and "model" in name:
                return self.env["ir.model"]._get(value).name
        return str(value)

    def relation(self, table, model):
        """Return the many2many field that a table of relations belongs to."""
        return self._relations.get((table, model))

    def _pairs(self, event):
        for values in (event.old_values, event.new_values):
            for name, value in (values or {}).items():
                if value:
                    yield name, value

    def _comodel(self, event, name):
        field = self.relation(event.table_name, event.model)
        if field is not None:
            return field.comodel_name if name == field.column2 else None
        if event.model in self.env:
            field = self.env[event.model]._fields.get(name)
            if field is not None and field.type == "many2one":
                return field.comodel_name
        return None

    def _find_names(self):
        for model, names in self._names.items():
            unknown = [res_id for res_id, name in names.items() if name is None]
            if not unknown:
                continue
            if model in self.env:
                # sudo(): whoever may read the event reads what stands in it. Names
                # alone, as Odoo shows that of a many2one, of the event's own ids.
                records = self.env[model].sudo().browse(unknown).exists()
                names.update(
                    (record.id, record.display_name)
                    for record in records
                    # What Odoo calls a record that has no name.
                    if record.display_name != f"{model},{record.id}"
                )
            gone = [res_id for res_id in unknown if names[res_id] is None]
            if gone:
                names.update(dict.fromkeys(gone, ""))
                names.update(self._last_names(model, gone))
            for res_id in unknown:
                names[res_id] = names[res_id] or self.env._("No. %s", res_id)

    def _last_names(self, model, ids):
        return self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (res_id) res_id, display_name
                FROM welfare_audit_event
                WHERE model = %s AND res_id IN %s AND display_name IS NOT NULL
                ORDER BY res_id, id DESC
                """,
                model,
                tuple(ids),
            )
        )

    def _lines(self, event):
        old, new = event.old_values or {}, event.new_values or {}
        field = self.relation(event.table_name, event.model)
        if field is not None:
            label = field._description_string(self.env)
            return [
                (
                    label,
                    *(
                        self.name(field.comodel_name, values[field.column2])
                        if values.get(field.column2)
                        else ""
                        for values in (old, new)
                    ),
                )
            ]
        if event.operation in ("print", "export", "refuse"):
            return []
        return [
            (
                self._label(event.model, name),
                self.value(event.model, name, old.get(name)),
                self.value(event.model, name, new.get(name)),
            )
            for name, _value in self._ordered(event.model, {**old, **new})
        ]

    def _label(self, model, name):
        field = self.env[model]._fields.get(name) if model in self.env else None
        if field is None:
            return self.env._("%s (no longer in use)", name)
        return field._description_string(self.env)

    def _ordered(self, model, values):
        """Order values as the model declares its fields; without what is technical."""
        order = {
            name: number
            for number, name in enumerate(
                self.env[model]._fields if model in self.env else ()
            )
        }
        return sorted(
            ((name, value) for name, value in values.items() if name not in TECHNICAL),
            key=lambda pair: order.get(pair[0], len(order)),
        )
