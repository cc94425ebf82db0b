"""Which tables the trail captures, and the triggers that do it, as SQL."""

import dataclasses
import hashlib
import re

MODULE = "welfare_facility"

#: Columns of every table that say nothing of the business, and why.
TECHNICAL = {
    "create_uid": "The event says who.",
    "create_date": "The event says when.",
    "write_uid": "The event says who; SQL may claim anything here.",
    "write_date": "The event says when.",
    "made_in": "The event says in which transaction.",
    "parent_path": "Follows from the parent; a move would write it for all below.",
    "message_main_attachment_id": "Which file the screen shows first.",
}

#: Columns captured of tables that are not ours.
PLATFORM = {
    # Users: who may sign in. Their roles and regions are relations, see below.
    "res_users": ("login", "active", "partner_id", "company_id", "share"),
    # Suppliers, and where they are paid.
    "res_partner": (
        "name",
        "ref",
        "vat",
        "company_registry",
        "is_company",
        "parent_id",
        "active",
    ),
    "res_partner_bank": (
        "acc_number",
        "acc_holder_name",
        "partner_id",
        "bank_id",
        "active",
        "allow_out_payment",
    ),
    # Who may do what, and where.
    "ir_rule": (
        "name",
        "model_id",
        "domain_force",
        "active",
        "perm_read",
        "perm_write",
        "perm_create",
        "perm_unlink",
    ),
    "ir_model_access": (
        "name",
        "model_id",
        "group_id",
        "active",
        "perm_read",
        "perm_write",
        "perm_create",
        "perm_unlink",
    ),
    # Files of our documents: the checksum stands for the content.
    "ir_attachment": (
        "name",
        "res_model",
        "res_field",
        "res_id",
        "type",
        "url",
        "checksum",
        "file_size",
        "mimetype",
        "public",
    ),
}
PLATFORM_MODELS = (
    "res.users",
    "res.partner",
    "res.partner.bank",
    "ir.rule",
    "ir.model.access",
    "ir.attachment",
)
#: Relations of models that are not ours.
PLATFORM_RELATIONS = (
    ("res.users", "group_ids"),
    ("res.users", "welfare_region_ids"),
    ("res.groups", "implied_ids"),
    ("ir.rule", "groups"),
)
OPERATIONS = ("insert", "update", "delete", "truncate")

# Odoo has PostgreSQL forget all plans between two requests, and each expression is one.
# What is done for one row is therefore made of few, and of what is quickly planned: two
# cursors are, a join or an aggregate is not. Rows are JSON, oj before, nj after, j
# whichever there is. Many rows are worth a plan that takes ten times as long and a
# third of the time for each of them.
_FUNCTION = """
#variable_conflict use_column
DECLARE
    -- Without names of their own, which a client's cursor could have as well.
    before refcursor;
    after refcursor;
    oj jsonb;
    nj jsonb;
    field text;
    content jsonb;
    mark text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        OPEN before FOR SELECT %(old)s FROM old_rows o;
        FETCH before INTO oj;
        CLOSE before;
        OPEN after FOR SELECT %(new)s FROM new_rows n;
        FETCH after INTO nj;
        MOVE after;
        CLOSE after;
        IF NOT FOUND AND oj -> 'id' = nj -> 'id' THEN%(update)s
        ELSIF nj IS NOT NULL THEN%(many_updated)s
            FOR oj, nj IN %(pairs)s LOOP
                -- A key could be changed too: then a row has gone, and one has come.
                IF nj IS NULL THEN%(delete)s
                ELSIF oj IS NULL THEN%(insert)s
                ELSE%(update)s
                END IF;
            END LOOP;
        END IF;
    ELSIF TG_OP = 'INSERT' THEN
        OPEN after FOR SELECT %(new)s FROM new_rows n;
        FETCH after INTO nj;
        MOVE after;
        CLOSE after;
        IF NOT FOUND AND nj IS NOT NULL THEN%(insert)s
        ELSE%(many_inserted)s
            FOR nj IN SELECT %(new)s FROM new_rows n LOOP%(insert)s
            END LOOP;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        FOR oj IN SELECT %(old)s FROM old_rows o LOOP%(delete)s
        END LOOP;
    ELSE
        INSERT INTO %(schema)s.welfare_audit_event (operation, table_name, model)
        VALUES ('truncate', %(table)s, %(model)s);
    END IF;
    RETURN NULL;
END;
"""
#: For each kind of change: which row j is, what is written of it, and whether.
_ROWS = {
    "insert": ("nj", "news := jsonb_strip_nulls(nj - %(excluded)s);", "%(where)s"),
    "delete": ("oj", "olds := oj - %(excluded)s;", "%(where)s"),
    "update": (
        "nj",
        """FOR field, content IN
                SELECT key, value FROM jsonb_each(nj - %(excluded)s)
                WHERE value IS DISTINCT FROM oj -> key
            LOOP
                olds := coalesce(olds, '{}') || jsonb_build_object(field, oj -> field);
                news := coalesce(news, '{}') || jsonb_build_object(field, content);
            END LOOP;""",
        "news IS NOT NULL AND %(where)s",
    ),
}
_WRITE = """
        DECLARE
            j jsonb := {row};
            olds jsonb;
            news jsonb;
        BEGIN
            {values}
            IF {condition} THEN
                mark := %(schema)s.welfare_audit_write(
                    '{kind}', %(table)s, %(model)s, %(res_id)s, olds, news,
                    %(region)s, %(name)s, %(parent_model)s, %(parent_id)s
                );
            END IF;
        END;"""
# One for all tables: its plans serve all that a request changes.
_WRITER = """
DECLARE
    mark text;
BEGIN
    -- The pattern first: it is quick, and nearly always says no.
    IF concat(olds, news) ~ '[0-9]{17}[0-9Xx]' THEN
        IF <schema>.welfare_audit_has_identity(olds::text) THEN
            olds := <schema>.welfare_audit_mask(olds);
        END IF;
        IF <schema>.welfare_audit_has_identity(news::text) THEN
            news := <schema>.welfare_audit_mask(news);
            mark := 'identity';
        END IF;
    END IF;
    INSERT INTO <schema>.welfare_audit_event (
        operation, table_name, model, res_id, old_values, new_values,
        region_id, display_name, parent_model, parent_id, note
    ) VALUES (
        operation, table_name, model, res_id, olds, news,
        region, name, parent_model, parent_id, mark
    );
    RETURN mark;
END;
"""
# A table that has other columns by now, in the middle of an upgrade or by SQL, is left
# to the loop. One question inside the other, for each has to be planned.
_MANY = """
        IF EXISTS (SELECT FROM new_rows OFFSET %(fewer)s) THEN
            IF ARRAY(
                SELECT attname::text FROM pg_catalog.pg_attribute
                WHERE attrelid = TG_RELID AND attnum > 0 AND NOT attisdropped
                ORDER BY attnum
            ) = %(columns)s%(condition)s THEN%(write)s
                RETURN NULL;
            END IF;
        END IF;"""
_KEYS_STAY = """ AND NOT EXISTS (
                SELECT FROM old_rows o FULL JOIN new_rows n ON o.id = n.id
                WHERE o.id IS NULL OR n.id IS NULL
            )"""
# The fence of OFFSET 0 keeps PostgreSQL from making the texts anew wherever they are
# mentioned.
_WRITE_MANY = """
                    INSERT INTO %(schema)s.welfare_audit_event (
                        operation, table_name, model, res_id, old_values, new_values,
                        region_id, display_name, parent_model, parent_id, note,
                        txid, user_id, db_user, db_address, request_address, application
                    )
                    SELECT %(operation)s, %(table)s, %(model)s, %(res_id)s,
                        CASE WHEN had THEN %(schema)s.welfare_audit_mask(olds::jsonb)
                            ELSE olds::jsonb END,
                        CASE WHEN has THEN %(schema)s.welfare_audit_mask(news::jsonb)
                            ELSE news::jsonb END,
                        %(region)s, %(name)s, %(parent_model)s, %(parent_id)s,
                        CASE WHEN has THEN 'identity' END,
                        actor.*
                    FROM (
                        SELECT j, olds, news,
                            olds ~ '[0-9]{17}[0-9Xx]'
                                AND %(schema)s.welfare_audit_has_identity(olds),
                            news ~ '[0-9]{17}[0-9Xx]'
                                AND %(schema)s.welfare_audit_has_identity(news)
                        FROM (SELECT %(key)s, %(olds)s, %(news)s FROM %(rows)s OFFSET 0)
                            AS texts (j, olds, news)
                        WHERE news IS NOT NULL
                        OFFSET 0
                    ) AS changed (j, olds, news, had, has)
                    CROSS JOIN %(schema)s.welfare_audit_actor() AS actor;"""
#: From so many rows on.
_MANY_ROWS = 20
#: PostgreSQL takes a hundred arguments of a function.
_MOST_NAMED = 98


@dataclasses.dataclass(frozen=True)
class Capture:
    """What is captured of one table; expressions speak of a row as the JSON ``j``.

    :ivar str table: the table
    :ivar str model: the model to which its events belong
    :ivar str res_id: expression of the id of the record
    :ivar str region: expression of the id of the record's region
    :ivar str region_above: the same where the row above it has the region: worth its
        planning for many rows
    :ivar str name: expression of the record's name
    :ivar str parent: pair of expressions, model and id of the document that it is
        part of
    :ivar str where: which rows
    :ivar tuple excluded: columns that are left out
    :ivar tuple only: the columns that are captured, where not all others are
    :ivar tuple columns: all columns that the table has, where they are known
    :ivar bool has_id: whether rows keep an ``id`` when they are changed
    """

    table: str
    model: str
    res_id: str = "(j ->> 'id')::bigint"
    region: str = "NULL::integer"
    region_above: str = ""
    name: str = "NULL"
    parent: tuple = ("NULL", "NULL::bigint")
    where: str = "true"
    excluded: tuple = ()
    only: tuple = ()
    columns: tuple = ()
    has_id: bool = True

    @property
    def function(self):
        """The name of the function; PostgreSQL cuts after 63 characters."""
        name = f"welfare_audit_of_{self.table}"
        if len(name) > 63:
            mark = hashlib.sha256(self.table.encode()).hexdigest()[:8]
            name = f"{name[:54]}_{mark}"
        return name

    def body(self, schema):
        """Return the source of the function."""
        model, parent_id = self.parent
        left_out = (*self.excluded, *(["id"] if self.has_id else []))
        words = {
            "schema": schema,
            "table": _literal(self.table),
            "model": _literal(self.model),
            "res_id": self.res_id,
            "region": self.region.format(schema=schema),
            "name": self.name,
            "parent_model": model,
            "parent_id": parent_id,
            "excluded": _array(left_out),
            "old": self._row("o"),
            "new": self._row("n"),
            "where": f"({self.where})",
        }
        pairs = (
            "SELECT CASE WHEN o.id IS NOT NULL THEN %(old)s END,"
            " CASE WHEN n.id IS NOT NULL THEN %(new)s END"
            # Full: never a nested loop, however few rows there were the first time.
            " FROM old_rows o FULL JOIN new_rows n ON o.id = n.id"
            if self.has_id
            else "SELECT %(old)s, NULL::jsonb FROM old_rows o"
            " UNION ALL SELECT NULL::jsonb, %(new)s FROM new_rows n"
        )
        words["pairs"] = pairs % words
        for kind, (row, values, condition) in _ROWS.items():
            write = _WRITE.format(
                kind=kind, row=row, values=values, condition=condition
            )
            words[kind] = write % words
        words["many_inserted"], words["many_updated"] = self._many(words)
        return _FUNCTION % words

    def _many(self, words):
        """Return how many rows are captured that were inserted, and that were updated:
        by naming the columns.
        """
        named = [name for name in self.columns if name != "id" and self.captures(name)]
        if self.only or not self.has_id or not 0 < len(named) <= _MOST_NAMED:
            return "", ""
        asked = " ".join((self.region, self.name, *self.parent))
        place = [name for name in self.columns if name == "id" or f"'{name}'" in asked]

        def text(alias, condition):
            parts = ",\n                ".join(
                f"CASE WHEN {condition.format(column=_identifier(name))} THEN"
                f" {_literal(_identifier(name) + ': ')} ||"
                f" coalesce(to_json({alias}.{_identifier(name)})::text, 'null') END"
                for name in named
            )
            return f"concat_ws(', ', {parts})"

        def changed(alias):
            differs = text(alias, "o.{column} IS DISTINCT FROM n.{column}")
            return f"'{{' || nullif({differs}, '') || '}}'"

        kinds = (
            {
                "operation": "'insert'",
                "condition": "",
                "olds": "NULL",
                "news": f"'{{' || {text('n', 'n.{column} IS NOT NULL')} || '}}'",
                "rows": "new_rows n",
            },
            {
                "operation": "'update'",
                "condition": _KEYS_STAY,
                "olds": changed("o"),
                "news": changed("n"),
                # Full: never a nested loop, however few rows there were at first.
                "rows": "new_rows n FULL JOIN old_rows o ON o.id = n.id",
            },
        )
        common = {**words, "key": self._object("n", place)}
        if self.region_above:
            above = self.region_above.format(schema=words["schema"])
            common["region"] = f"coalesce({above}, {words['region']})"
        known = {"fewer": _MANY_ROWS - 1, "columns": _array(self.columns)}
        return [
            _MANY % {**known, **kind, "write": _WRITE_MANY % {**common, **kind}}
            for kind in kinds
        ]

    def _row(self, alias):
        if self.only:
            # The columns that may come in are named; others never leave the row.
            return self._object(alias, ("id", *self.only))
        return f"to_jsonb({alias})"

    def _object(self, alias, names):
        pairs = (f"{_literal(name)}, {alias}.{_identifier(name)}" for name in names)
        return f"jsonb_build_object({', '.join(pairs)})"

    def triggers(self):
        """Return ``{name: declaration}`` of the table's triggers."""
        transitions = {
            "insert": "REFERENCING NEW TABLE AS new_rows",
            "update": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
            "delete": "REFERENCING OLD TABLE AS old_rows",
            "truncate": "",
        }
        return {
            f"welfare_audit_{kind}": f"AFTER {kind.upper()} ON {{table}} {transition} "
            "FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
            for kind, transition in transitions.items()
        }

    def captures(self, column):
        """Tell whether a column of the table comes into the trail."""
        if self.only:
            return column in self.only
        return column not in self.excluded


def _literal(text):
    return "'" + text.replace("'", "''") + "'"


def _array(texts):
    """Return an array of names, as one literal: it is quicker to read than many."""
    names = ", ".join('"' + re.sub(r'["\\]', r"\\\g<0>", text) + '"' for text in texts)
    return _literal(f"{{{names}}}") + "::text[]"


def _identifier(name):
    return '"' + name.replace('"', '""') + '"'


def is_business(name):
    """Tell by its name whether a model is one of ours."""
    return name.startswith("welfare.")


def is_captured(model):
    """Tell whether a model of the registry is captured as a whole."""
    return bool(
        model._original_module == MODULE
        and model._auto
        and not model._abstract
        and not model._transient
        and not model._audit_excluded
    )


def find_captures(env):
    """Return what is captured, of every table, from the registry.

    :rtype: list[Capture]
    """
    models = [env[name] for name in sorted(env.registry) if is_captured(env[name])]
    names = {model._name for model in models}
    captures = [_capture_model(model, names) for model in models]
    captures += [
        _capture_platform(env[name]) for name in PLATFORM_MODELS if name in env
    ]
    relations = {}
    fields = [
        *(field for model in models for field in model._fields.values()),
        *(env[name]._fields.get(field) for name, field in PLATFORM_RELATIONS),
    ]
    for field in fields:
        if field and field.type == "many2many" and field.store:
            relations.setdefault(
                field.relation,
                Capture(
                    table=field.relation,
                    model=field.model_name,
                    res_id=f"(j ->> {_literal(field.column1)})::bigint",
                    region=_region_of(_literal(field.model_name), field.column1)
                    if field.model_name in names
                    else Capture.region,
                    has_id=False,
                ),
            )
    return [*captures, *(relations[name] for name in sorted(relations))]


def _region_of(model, column):
    return f"{{schema}}.welfare_audit_region({model}, (j ->> '{column}')::bigint)"


def region_step(model):
    """Return how a record's region is found: ``(column, model it leads to or None)``.

    ``("region_id", None)`` is a column with the region itself.
    """
    if model._name == "welfare.region":
        return "id", None
    field = model._fields.get("region_id")
    if field is not None and field.comodel_name == "welfare.region":
        if field.store:
            return "region_id", None
        if field.related:
            first = model._fields[field.related.split(".")[0]]
            return first.name, first.comodel_name
    parent = parent_of(model)
    return (parent.name, parent.comodel_name) if parent is not None else None


def parent_of(model):
    """Return the many2one to the document that a record is a line of, or ``None``."""
    for field in model._fields.values():
        if (
            field.type == "many2one"
            and field.store
            and field.required
            and field.ondelete == "cascade"
            and field.comodel_name != model._name
        ):
            return field
    return None


def _name_of(model):
    field = model._fields.get(model._rec_name or "")
    if field is None or not field.store or not field.column_type:
        return "NULL"
    name = _literal(field.name)
    if field.translate:
        return f"coalesce(j -> {name} ->> 'zh_CN', j -> {name} ->> 'en_US')"
    return f"j ->> {name}"


def _capture_model(model, names):
    region, above = Capture.region, Capture.region_above
    if step := region_step(model):
        column, comodel = step
        region = (
            _region_of(_literal(comodel), column)
            if comodel
            else f"(j ->> '{column}')::integer"
        )
        if comodel in names and (step := region_step(model.env[comodel])):
            next_column, further = step
            if not further:
                above = (
                    f"(SELECT above.{next_column}"
                    f" FROM {{schema}}.{model.env[comodel]._table} above"
                    f" WHERE above.id = (j ->> '{column}')::bigint)"
                )
    parent = parent_of(model)
    return Capture(
        table=model._table,
        model=model._name,
        region=region,
        region_above=above,
        name=_name_of(model),
        parent=(_literal(parent.comodel_name), f"(j ->> '{parent.name}')::bigint")
        if parent is not None and parent.comodel_name in names
        else Capture.parent,
        excluded=tuple(sorted({*TECHNICAL, *model._audit_excluded_fields})),
    )


def _capture_platform(model):
    known = {
        name
        for name in PLATFORM[model._table]
        if name in model._fields and model._fields[name].column_type
    }
    capture = Capture(
        table=model._table,
        model=model._name,
        name="j ->> 'login'" if model._name == "res.users" else _name_of(model),
        only=tuple(name for name in PLATFORM[model._table] if name in known),
    )
    if model._name == "ir.attachment":
        capture = dataclasses.replace(
            capture,
            where="starts_with(j ->> 'res_model', 'welfare.')"
            " OR starts_with(oj ->> 'res_model', 'welfare.')",
            parent=("j ->> 'res_model'", "(j ->> 'res_id')::bigint"),
            region="{schema}.welfare_audit_region("
            "j ->> 'res_model', (j ->> 'res_id')::bigint)",
        )
    return capture


def writer_function(schema):
    """Return the source of the function that writes an event of a row."""
    return _WRITER.replace("<schema>", schema)


def region_function(env, schema):
    """Return the source of the function that finds the region of any record."""
    branches = []
    for name in sorted(env.registry):
        model = env[name]
        step = region_step(model) if is_captured(model) else None
        if not step:
            continue
        column, comodel = step
        found = (
            f"{schema}.welfare_audit_region({_literal(comodel)}, {column})"
            if comodel
            else column
        )
        table = f"{schema}.{model._table}"
        branches.append((name, f"(SELECT {found} FROM {table} WHERE id = record)"))
    return f"""
DECLARE
    result integer;
BEGIN
    {_choose(branches)}
    IF result IS NULL THEN
        -- Deleted, perhaps by this very statement: where it was last.
        result := (
            SELECT region_id FROM {schema}.welfare_audit_event
            WHERE model = kind AND res_id = record AND region_id IS NOT NULL
            ORDER BY id DESC LIMIT 1
        );
    END IF;
    RETURN result;
END;
"""


def _choose(branches):
    """Return statements that find the branch of a kind by halves: each question costs
    a plan.
    """
    if len(branches) == 1:
        [(name, found)] = branches
        return f"IF kind = {_literal(name)} THEN result := {found}; END IF;"
    middle = len(branches) // 2
    return (
        f'IF kind < {_literal(branches[middle][0])} COLLATE "C" THEN\n'
        f"{_choose(branches[:middle])}\nELSE\n{_choose(branches[middle:])}\nEND IF;"
    )
