from odoo import SUPERUSER_ID, api, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_list


class WelfareStateMixin(models.AbstractModel):
    """A document whose state moves only along declared transitions.

    A model declares a selection field ``state``, and

    * ``_initial_states``: the states in which a record may be created, the first one
      being the default;
    * ``_shipped_state``: the state in which the program's own rows come with it, where
      that is another one; people cannot create a record in it;
    * ``_transitions``: ``{state: {states that may follow}}``, every state being a key;
    * ``_guarded_fields``: what only the document's own actions write, such as the date
      of the state; the state itself always is;
    * ``_initial_fields``: those of them that may be given when a record is created;
    * ``_derived_fields``: stored fields that follow from others and are never given;
    * ``_content_fields``: what is fixed as soon as the record leaves its first states.

    :meth:`_set_state` is the only way from one state to the next, and
    :meth:`_write_guarded` the only way to the other guarded fields. ``create`` and
    ``write`` refuse them for every user, in every context and under ``sudo()``; a
    database trigger holds the table of transitions and the fixed contents against raw
    SQL.
    """

    _name = "welfare.state.mixin"
    _description = "Record with Declared State Transitions"

    _initial_states = ()
    _shipped_state = None
    _transitions = {}
    _guarded_fields = frozenset()
    _initial_fields = frozenset()
    _derived_fields = frozenset()
    _content_fields = frozenset()

    def init(self):
        if self._auto and not self._abstract:
            self._install_state_guard()
        return super().init()

    # === SELECTION METHODS === #

    @api.model
    def _group_expand_state(self, states, domain):
        """Return the states that groups are shown of, in their order.

        A telephone shows one column, which is not to be an empty one.
        """
        return [state for state in self._transitions if state in states]

    # === CRUD METHODS === #

    @api.model
    def default_get(self, fields):
        # A context with default_… must not fill what is computed.
        return super().default_get(
            [name for name in fields if name not in self._derived_fields]
        )

    @api.model_create_multi
    def create(self, vals_list):
        guarded = self._guarded_fields - self._initial_fields
        states = self._initial_states
        # sudo() leaves the user: only data files and jobs have this one.
        if self._shipped_state and self.env.uid == SUPERUSER_ID:
            states = (self._shipped_state, *states)
        vals_list = [{**vals} for vals in vals_list]
        for vals in vals_list:
            self._refuse_guarded(vals.keys() & (guarded | self._derived_fields))
            # Explicitly empty: a context with default_… must not fill them either.
            vals.update(dict.fromkeys(guarded, False))
            state = vals.setdefault("state", states[0])
            if state not in states:
                raise UserError(
                    self.env._(
                        "A record of %(model)s cannot be created as “%(state)s”.",
                        model=self.env["ir.model"]._get(self._name).name,
                        state=self._state_label(state),
                    )
                )
        return super().create(vals_list)

    def write(self, vals):
        guarded = self._guarded_fields | self._derived_fields | {"state"}
        self._refuse_guarded(vals.keys() & guarded)
        if vals.keys() & self._content_fields:
            self._check_is_initial()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_initial(self):
        if self._content_fields:
            self._check_is_initial()

    # === BUSINESS METHODS === #

    def _set_state(self, target, **details):
        """Move records to a state, each along a declared transition.

        :param str target: the state to reach.
        :param details: what the model's hooks want to know, such as the date and the
            reason.
        :raise UserError: a record is in a state from which the target cannot follow.
        """
        for record in self:
            if target not in self._transitions[record.state]:
                raise UserError(
                    self.env._(
                        "%(record)s is “%(state)s” and cannot become “%(target)s”.",
                        record=record.display_name,
                        state=self._state_label(record.state),
                        target=self._state_label(target),
                    )
                )
        previous = {record: record.state for record in self}
        self._write_guarded(
            {"state": target, **self._prepare_state_vals(target, **details)}
        )
        self._on_state_set(previous, **details)

    def _write_guarded(self, vals):  # pylint: disable=missing-return
        """Write guarded fields, for the document's own actions."""
        # super(): past our own guard. Nobody gets here by a value in the context or in
        # the arguments of a public method.
        super().write(vals)  # pylint: disable=super-method-mismatch
        # The database has the table of transitions too, and must see each step: two
        # steps of one transaction would else reach it as one.
        self.flush_recordset(vals)

    def _check_is_initial(self):
        """Refuse records whose contents are fixed."""
        for record in self:
            if record.state not in self._initial_states:
                raise UserError(
                    self.env._(
                        "%(record)s is “%(state)s”: what it says does not change any "
                        "more.",
                        record=record.display_name,
                        state=self._state_label(record.state),
                    )
                )

    def _refuse_guarded(self, names):
        if names:
            raise UserError(
                self.env._(
                    "%(fields)s: not to be filled in; the document's actions set it.",
                    fields=format_list(
                        self.env,
                        [
                            self._fields[name]._description_string(self.env)
                            for name in sorted(names)
                        ],
                    ),
                )
            )

    def _prepare_state_vals(self, target, **details):
        """Return the values to write together with the state. Extension point."""
        return {}

    def _on_state_set(self, previous, **details):
        """React to a change of state. Extension point.

        :param dict previous: the state each record had before.
        """

    @api.model
    def _selection_models(self):
        """Return the models that take this mixin, for a field that leads to any."""
        names = self.env.registry.descendants([self._name], "_inherit")
        return [
            (name, self.env[name]._description)
            for name in sorted(names)
            if not self.env[name]._abstract
        ]

    def _state_label(self, state):
        """Return the label of a state in the user's language."""
        selection = self._fields["state"]._description_selection(self.env)
        return dict(selection).get(state, state)

    def _install_state_guard(self):
        """Put the table of transitions and the fixed contents into a trigger."""
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_state_guard() RETURNS trigger AS $$
            -- TG_ARGV: the states of creation, the allowed pairs "from>to", the columns
            -- that are fixed after the states of creation, the state of shipped rows
            DECLARE
                name text;
            BEGIN
                IF TG_OP = 'DELETE' THEN
                    IF TG_ARGV[2] = ''
                       OR OLD.state = ANY (string_to_array(TG_ARGV[0], ',')) THEN
                        RETURN OLD;
                    END IF;
                    RAISE EXCEPTION 'welfare: row % of % is fixed',
                        OLD.id, TG_TABLE_NAME USING ERRCODE = 'check_violation';
                END IF;
                IF TG_OP = 'INSERT' THEN
                    IF NEW.state = ANY (string_to_array(TG_ARGV[0], ','))
                       OR NEW.state = TG_ARGV[3]
                          AND to_jsonb(NEW) ->> 'create_uid' = '1' THEN
                        RETURN NEW;
                    END IF;
                    RAISE EXCEPTION 'welfare: a row of % cannot be created as %',
                        TG_TABLE_NAME, NEW.state USING ERRCODE = 'check_violation';
                END IF;
                IF TG_ARGV[2] <> ''
                   AND OLD.state <> ALL (string_to_array(TG_ARGV[0], ',')) THEN
                    FOREACH name IN ARRAY string_to_array(TG_ARGV[2], ',') LOOP
                        IF to_jsonb(NEW) -> name IS DISTINCT FROM
                           to_jsonb(OLD) -> name THEN
                            RAISE EXCEPTION 'welfare: % of row % of % is fixed',
                                name, OLD.id, TG_TABLE_NAME
                                USING ERRCODE = 'check_violation';
                        END IF;
                    END LOOP;
                END IF;
                IF NEW.state IS NOT DISTINCT FROM OLD.state
                   OR OLD.state || '>' || NEW.state
                      = ANY (string_to_array(TG_ARGV[1], ',')) THEN
                    RETURN NEW;
                END IF;
                RAISE EXCEPTION 'welfare: row % of % cannot go from % to %',
                    OLD.id, TG_TABLE_NAME, OLD.state, NEW.state
                    USING ERRCODE = 'check_violation';
            END;
            $$ LANGUAGE plpgsql
            """
        )
        pairs = [
            f"{state}>{target}"
            for state, targets in self._transitions.items()
            for target in sorted(targets)
        ]
        columns = sorted(
            name for name in self._content_fields if self._fields[name].column_type
        )
        self.env.cr.execute(
            SQL(
                """
                DROP TRIGGER IF EXISTS welfare_state_guard ON %(table)s;
                CREATE TRIGGER welfare_state_guard
                    BEFORE INSERT OR DELETE OR UPDATE OF %(watched)s ON %(table)s
                    FOR EACH ROW EXECUTE FUNCTION welfare_state_guard(
                        %(initial)s, %(pairs)s, %(columns)s, %(shipped)s
                    )
                """,
                table=SQL.identifier(self._table),
                watched=SQL(", ").join(map(SQL.identifier, ["state", *columns])),
                initial=",".join(self._initial_states),
                pairs=",".join(pairs),
                columns=",".join(columns),
                shipped=self._shipped_state or "",
            )
        )
