-- The trail: what the triggers of every business table write. Rows are only ever added.
-- Years are partitions, so that each stays small, and an old one can be moved as a whole.
CREATE SEQUENCE IF NOT EXISTS welfare_audit_event_id_seq;
CREATE TABLE IF NOT EXISTS welfare_audit_event (
    id bigint NOT NULL DEFAULT nextval('welfare_audit_event_id_seq'),
    -- UTC, of the change itself: a transaction may last.
    occurred_at timestamp NOT NULL DEFAULT (clock_timestamp() AT TIME ZONE 'UTC'),
    txid bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
    operation varchar NOT NULL,
    table_name varchar,
    model varchar,
    res_id bigint,
    old_values jsonb,
    new_values jsonb,
    -- What Odoo has said of itself on this connection, "<user id> <address>"; whatever
    -- else stands there must not keep a change from being written down.
    user_id integer DEFAULT (
        substring(current_setting('welfare.actor', true) FROM '^\d{1,9}')::integer
    ),
    db_user varchar NOT NULL DEFAULT session_user,
    db_address varchar DEFAULT host(inet_client_addr()),
    request_address varchar DEFAULT (
        substring(current_setting('welfare.actor', true) FROM ' (.+)$')
    ),
    application varchar DEFAULT current_setting('application_name', true),
    region_id integer,
    display_name varchar,
    note varchar,
    parent_model varchar,
    parent_id bigint
) PARTITION BY RANGE (occurred_at);

-- Who acts, as the defaults above have it: it is the same for all rows of a statement,
-- and need not be asked for each of them. Unlike a default, a function finds its names
-- anew each time: they are qualified, so that no session puts others before them.
CREATE OR REPLACE FUNCTION welfare_audit_actor(
    OUT txid bigint, OUT user_id integer, OUT db_user varchar, OUT db_address varchar,
    OUT request_address varchar, OUT application varchar
) RETURNS record AS $$
    SELECT pg_catalog.pg_current_xact_id()::text::bigint,
           substring(
               pg_catalog.current_setting('welfare.actor', true) FROM '^\d{1,9}'
           )::integer,
           session_user,
           pg_catalog.host(pg_catalog.inet_client_addr()),
           substring(pg_catalog.current_setting('welfare.actor', true) FROM ' (.+)$'),
           pg_catalog.current_setting('application_name', true)
$$ LANGUAGE sql STABLE;

CREATE INDEX IF NOT EXISTS welfare_audit_event_id_idx ON welfare_audit_event (id);
CREATE INDEX IF NOT EXISTS welfare_audit_event_record_idx
    ON welfare_audit_event (res_id, model) WHERE res_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS welfare_audit_event_parent_idx
    ON welfare_audit_event (parent_id, parent_model) WHERE parent_id IS NOT NULL;
-- Rows come in the order of time: a few pages tell where a period lies.
CREATE INDEX IF NOT EXISTS welfare_audit_event_time_idx
    ON welfare_audit_event USING brin (occurred_at) WITH (pages_per_range = 32);

CREATE OR REPLACE FUNCTION welfare_audit_refuse() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'welfare: the audit trail is only ever added to'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'welfare_audit_append_only';
END;
$$ LANGUAGE plpgsql;

DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_trigger WHERE tgname = 'welfare_audit_refuse'
            AND tgrelid = 'welfare_audit_event'::regclass
    ) THEN
        CREATE TRIGGER welfare_audit_refuse
            BEFORE UPDATE OR DELETE ON welfare_audit_event
            FOR EACH ROW EXECUTE FUNCTION welfare_audit_refuse();
    END IF;
END;
$$;

-- Make the partitions of this year and the next ones, and guard each of them: row
-- triggers are inherited, those for TRUNCATE are not.
CREATE OR REPLACE FUNCTION welfare_audit_prepare_partitions() RETURNS void AS $$
DECLARE
    year integer;
    name text;
    guard text;
BEGIN
    CREATE TABLE IF NOT EXISTS welfare_audit_event_default
        PARTITION OF welfare_audit_event DEFAULT;
    FOR year IN SELECT generate_series(
        extract(year FROM now())::integer, extract(year FROM now())::integer + 3
    ) LOOP
        name := 'welfare_audit_event_' || year;
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        -- Written while the clock was wrong, or after years without this function: such
        -- rows stay where they are, for they cannot be moved, and so does their year.
        CONTINUE WHEN EXISTS (
            SELECT FROM welfare_audit_event_default
            WHERE occurred_at >= make_date(year, 1, 1)
              AND occurred_at < make_date(year + 1, 1, 1)
        );
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF welfare_audit_event FOR VALUES FROM (%L) TO (%L)',
            name, make_date(year, 1, 1), make_date(year + 1, 1, 1)
        );
    END LOOP;
    FOR name IN
        SELECT 'welfare_audit_event'
        UNION ALL
        SELECT inhrelid::regclass::text FROM pg_inherits
        WHERE inhparent = 'welfare_audit_event'::regclass
    LOOP
        IF NOT EXISTS (
            SELECT FROM pg_trigger
            WHERE tgrelid = name::regclass AND tgname = 'welfare_audit_refuse_truncate'
        ) THEN
            EXECUTE format(
                'CREATE TRIGGER welfare_audit_refuse_truncate BEFORE TRUNCATE ON %s '
                'FOR EACH STATEMENT EXECUTE FUNCTION welfare_audit_refuse()', name
            );
        END IF;
        -- ALWAYS: also where a session says that it replicates, which skips the others.
        FOR guard IN
            SELECT tgname FROM pg_trigger
            WHERE tgrelid = name::regclass AND tgname LIKE 'welfare\_audit\_refuse%'
              AND tgenabled <> 'A'
        LOOP
            EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I', name, guard);
        END LOOP;
    END LOOP;
END;
$$ LANGUAGE plpgsql;

SELECT welfare_audit_prepare_partitions();

-- Whether a text holds what can only be a citizen's number (公民身份号码, GB 11643-1999):
-- 17 digits with a day of birth in them, and the check digit. As tools/identity.py.
CREATE OR REPLACE FUNCTION welfare_audit_has_identity(words text) RETURNS boolean AS $$
DECLARE
    found text;
    total integer;
BEGIN
    FOR found IN
        SELECT (regexp_matches(
            words,
            '(?<![0-9])([1-8][0-9]{5}(?:18|19|20)[0-9]{2}(?:0[1-9]|1[0-2])'
            '(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[0-9Xx])(?![0-9])', 'g'
        ))[1]
    LOOP
        SELECT sum(substr(found, place, 1)::integer * ((1 << (18 - place)) % 11))
        INTO total FROM generate_series(1, 17) AS place;
        IF substr('10X98765432', total % 11 + 1, 1) = upper(right(found, 1)) THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END;
$$ LANGUAGE plpgsql IMMUTABLE STRICT;

-- The same values without the day of birth: nothing can be taken out of the trail again.
CREATE OR REPLACE FUNCTION welfare_audit_mask(contents jsonb) RETURNS jsonb AS $$
    SELECT jsonb_object_agg(key, CASE jsonb_typeof(value) WHEN 'number' THEN value ELSE
        regexp_replace(
            value::text, '(?<![0-9])([0-9]{6})[0-9]{8}([0-9]{3}[0-9Xx])(?![0-9])',
            '\1********\2', 'g'
        )::jsonb END)
    FROM jsonb_each(contents)
$$ LANGUAGE sql IMMUTABLE STRICT;
