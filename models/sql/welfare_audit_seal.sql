-- The chain over the events of the audit trail; what is hashed is in readme/AUDIT_FORMAT.md.
--
-- A leaf gives an event its number (its id): 1, 2, 3 … without a gap, each event once.
-- A seal holds the Merkle root of the leaves since the seal before it, and the hash of
-- that one; its own hash is the head of the chain. Both are only ever added to.

CREATE TABLE IF NOT EXISTS welfare_audit_leaf (
    id bigint PRIMARY KEY,
    event_id bigint NOT NULL,
    hash bytea NOT NULL CHECK (length(hash) = 32)
);
CREATE UNIQUE INDEX IF NOT EXISTS welfare_audit_leaf_event_id
    ON welfare_audit_leaf (event_id);

CREATE TABLE IF NOT EXISTS welfare_audit_seal (
    id bigint PRIMARY KEY,             -- its number
    first_n bigint NOT NULL,
    last_n bigint NOT NULL CHECK (last_n >= first_n),
    root varchar NOT NULL,
    previous varchar NOT NULL,
    sealed_at timestamp NOT NULL,      -- UTC
    low_id bigint NOT NULL,            -- every event up to this id that there will be is sealed
    high_id bigint NOT NULL,           -- greatest event id of the seal
    xid bigint NOT NULL,               -- of the transaction that made the seal
    key_id varchar,
    hash varchar NOT NULL UNIQUE,
    signature varchar
);

CREATE OR REPLACE FUNCTION welfare_audit_chain_keep() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'welfare: % is only ever added to', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'welfare_audit_chain';
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION welfare_audit_seal_check() RETURNS trigger AS $$
DECLARE
    last welfare_audit_seal;
BEGIN
    SELECT * INTO last FROM welfare_audit_seal ORDER BY id DESC LIMIT 1;
    IF NEW.id <> COALESCE(last.id, 0) + 1
       OR NEW.first_n <> COALESCE(last.last_n, 0) + 1
       OR NEW.previous <> COALESCE(last.hash, repeat('0', 64))
       OR NEW.low_id < COALESCE(last.low_id, 0)
       OR (SELECT count(*) FROM welfare_audit_leaf WHERE id BETWEEN NEW.first_n AND NEW.last_n)
          <> NEW.last_n - NEW.first_n + 1
       OR EXISTS (SELECT FROM welfare_audit_leaf WHERE id > NEW.last_n)
    THEN
        RAISE EXCEPTION 'welfare: seal % does not continue the chain', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'welfare_audit_chain';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DO $$
DECLARE
    chained text;
BEGIN
    FOREACH chained IN ARRAY ARRAY['welfare_audit_leaf', 'welfare_audit_seal'] LOOP
        EXECUTE format('DROP TRIGGER IF EXISTS welfare_audit_chain_keep ON %I', chained);
        EXECUTE format('CREATE TRIGGER welfare_audit_chain_keep '
                       'BEFORE UPDATE OR DELETE OR TRUNCATE ON %I '
                       'FOR EACH STATEMENT EXECUTE FUNCTION welfare_audit_chain_keep()', chained);
        EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER welfare_audit_chain_keep', chained);
    END LOOP;
END;
$$;
DROP TRIGGER IF EXISTS welfare_audit_seal_check ON welfare_audit_seal;
CREATE TRIGGER welfare_audit_seal_check BEFORE INSERT ON welfare_audit_seal
    FOR EACH ROW EXECUTE FUNCTION welfare_audit_seal_check();
