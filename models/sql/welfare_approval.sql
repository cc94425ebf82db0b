-- What happened in approvals is kept: requests, steps and decisions are only ever added
-- to, and move on only as the decisions say. Whoever writes the tables, by whatever way.

-- The transaction in which a row came into being: what belongs to it comes with it.
ALTER TABLE welfare_approval_request
    ADD COLUMN IF NOT EXISTS made_in xid8 DEFAULT pg_current_xact_id();
ALTER TABLE welfare_approval_step
    ADD COLUMN IF NOT EXISTS made_in xid8 DEFAULT pg_current_xact_id();
ALTER TABLE welfare_approval_tier
    ADD COLUMN IF NOT EXISTS made_in xid8 DEFAULT pg_current_xact_id();

CREATE OR REPLACE FUNCTION welfare_approval_refuse(
    name text, reason text, VARIADIC things text[]
) RETURNS void AS $$
BEGIN
    RAISE EXCEPTION 'welfare: %', format(reason, VARIADIC things)
        USING ERRCODE = 'check_violation', TABLE = 'welfare_approval_request',
              CONSTRAINT = 'welfare_approval_request_' || name;
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION welfare_approval_keep() RETURNS trigger AS $$
-- TG_ARGV: the columns that may change
BEGIN
    IF TG_OP = 'UPDATE' AND TG_ARGV[0] <> ''
       AND (to_jsonb(NEW) - string_to_array(TG_ARGV[0], ','))
           = (to_jsonb(OLD) - string_to_array(TG_ARGV[0], ',')) THEN
        RETURN NEW;
    END IF;
    PERFORM welfare_approval_refuse(
        'keep', '%s keeps what happened', TG_TABLE_NAME::text
    );
END;
$$ LANGUAGE plpgsql;

-- A request is granted when each of its steps is, and serves through its document alone.
CREATE OR REPLACE FUNCTION welfare_approval_request_follow() RETURNS trigger AS $$
BEGIN
    IF NEW.state = 'granted' AND OLD.state <> 'granted' AND (
        NOT EXISTS (SELECT FROM welfare_approval_step WHERE request_id = NEW.id)
        OR EXISTS (
            SELECT FROM welfare_approval_step
            WHERE request_id = NEW.id AND state <> 'approved'
        )
    ) THEN
        PERFORM welfare_approval_refuse(
            'steps', 'request %s has steps to go', NEW.id::text
        );
    END IF;
    -- Depth 2: from the trigger of the document.
    IF NEW.state = 'used' AND OLD.state <> 'used' AND pg_trigger_depth() < 2 THEN
        PERFORM welfare_approval_refuse(
            'steps', 'request %s serves through its document', NEW.id::text
        );
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

-- A step is approved when enough different persons have approved it. Steps come into
-- being with their request and never later.
CREATE OR REPLACE FUNCTION welfare_approval_step_follow() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'waiting' OR NOT EXISTS (
            SELECT FROM welfare_approval_request
            WHERE id = NEW.request_id AND state = 'pending'
              AND made_in = pg_current_xact_id()
        ) THEN
            PERFORM welfare_approval_refuse(
                'steps', 'request %s has its steps already', NEW.request_id::text
            );
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.state = OLD.state THEN
        RETURN NEW;
    END IF;
    IF NOT (
        OLD.state IN ('waiting', 'current') AND NEW.state = 'skipped'
        OR OLD.state = 'waiting' AND NEW.state = 'current' AND NOT EXISTS (
            SELECT FROM welfare_approval_step
            WHERE request_id = NEW.request_id AND id <> NEW.id
              AND (sequence, id) < (NEW.sequence, NEW.id) AND state <> 'approved'
        )
        OR OLD.state = 'current' AND NEW.state IN ('rejected', 'returned')
        OR OLD.state = 'current' AND NEW.state = 'approved' AND NEW.needed <= (
            SELECT COUNT(DISTINCT COALESCE(on_behalf_id, user_id))
            FROM welfare_approval_decision
            WHERE step_id = NEW.id AND decision = 'approve'
        )
    ) THEN
        PERFORM welfare_approval_refuse(
            'steps', 'step %s cannot go from %s to %s', NEW.id::text, OLD.state, NEW.state
        );
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

-- A decision is about the current step of a pending request, says the fingerprint that
-- was submitted, and is nobody's who has submitted or made it.
CREATE OR REPLACE FUNCTION welfare_approval_decision_check() RETURNS trigger AS $$
DECLARE
    request welfare_approval_request;
    step welfare_approval_step;
BEGIN
    NEW.decided_at := clock_timestamp() AT TIME ZONE 'UTC';
    SELECT * INTO step FROM welfare_approval_step WHERE id = NEW.step_id FOR UPDATE;
    SELECT * INTO request FROM welfare_approval_request WHERE id = NEW.request_id;
    IF step.request_id IS DISTINCT FROM NEW.request_id OR step.state <> 'current'
       OR request.state <> 'pending' OR request.fingerprint <> NEW.fingerprint
       OR request.requester_id IN (NEW.user_id, NEW.on_behalf_id)
       OR EXISTS (
           SELECT FROM welfare_approval_request_maker_rel
           WHERE request_id = request.id AND user_id IN (NEW.user_id, NEW.on_behalf_id)
       ) THEN
        PERFORM welfare_approval_refuse(
            'decision', 'request %s cannot be decided so', NEW.request_id::text
        );
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

-- Who may decide is settled with the submission; of a tier, with its approval.
CREATE OR REPLACE FUNCTION welfare_approval_people_keep() RETURNS trigger AS $$
-- TG_ARGV: the table of who has these people, and the column that leads to it
DECLARE
    owner record;
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        EXECUTE format('SELECT made_in, state FROM %I WHERE id = $1', TG_ARGV[0])
        INTO owner USING (
            CASE TG_OP WHEN 'INSERT' THEN to_jsonb(NEW) ELSE to_jsonb(OLD) END
            ->> TG_ARGV[1]
        )::integer;
        IF owner.state = 'draft'
           OR TG_OP = 'INSERT' AND owner.made_in = pg_current_xact_id()
           -- With a draft that is being deleted.
           OR TG_OP = 'DELETE' AND owner.state IS NULL THEN
            RETURN COALESCE(NEW, OLD);
        END IF;
    END IF;
    PERFORM welfare_approval_refuse(
        'keep', '%s keeps what happened', TG_TABLE_NAME::text
    );
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_approval_keep ON welfare_approval_request;
CREATE TRIGGER welfare_approval_keep BEFORE UPDATE OR DELETE ON welfare_approval_request
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_keep(
        'state,closed_at,close_reason,used_at,used_uid,write_uid,write_date'
    );
DROP TRIGGER IF EXISTS welfare_approval_keep_all ON welfare_approval_request;
CREATE TRIGGER welfare_approval_keep_all BEFORE TRUNCATE ON welfare_approval_request
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_approval_keep('');
DROP TRIGGER IF EXISTS welfare_approval_request_follow ON welfare_approval_request;
CREATE TRIGGER welfare_approval_request_follow
    BEFORE UPDATE ON welfare_approval_request
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_request_follow();

DROP TRIGGER IF EXISTS welfare_approval_keep ON welfare_approval_step;
CREATE TRIGGER welfare_approval_keep BEFORE UPDATE OR DELETE ON welfare_approval_step
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_keep(
        'state,started_at,deadline,is_escalated,write_uid,write_date'
    );
DROP TRIGGER IF EXISTS welfare_approval_keep_all ON welfare_approval_step;
CREATE TRIGGER welfare_approval_keep_all BEFORE TRUNCATE ON welfare_approval_step
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_approval_keep('');
DROP TRIGGER IF EXISTS welfare_approval_step_follow ON welfare_approval_step;
CREATE TRIGGER welfare_approval_step_follow
    BEFORE INSERT OR UPDATE ON welfare_approval_step
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_step_follow();

DROP TRIGGER IF EXISTS welfare_approval_keep ON welfare_approval_decision;
CREATE TRIGGER welfare_approval_keep BEFORE UPDATE OR DELETE ON welfare_approval_decision
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_keep('');
DROP TRIGGER IF EXISTS welfare_approval_keep_all ON welfare_approval_decision;
CREATE TRIGGER welfare_approval_keep_all BEFORE TRUNCATE ON welfare_approval_decision
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_approval_keep('');
DROP TRIGGER IF EXISTS welfare_approval_decision_check ON welfare_approval_decision;
CREATE TRIGGER welfare_approval_decision_check
    BEFORE INSERT ON welfare_approval_decision
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_decision_check();

DROP TRIGGER IF EXISTS welfare_approval_people_keep
    ON welfare_approval_request_maker_rel;
CREATE TRIGGER welfare_approval_people_keep
    BEFORE INSERT OR UPDATE OR DELETE ON welfare_approval_request_maker_rel
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_people_keep(
        'welfare_approval_request', 'request_id'
    );
DROP TRIGGER IF EXISTS welfare_approval_people_keep
    ON welfare_approval_step_approver_rel;
CREATE TRIGGER welfare_approval_people_keep
    BEFORE INSERT OR UPDATE OR DELETE ON welfare_approval_step_approver_rel
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_people_keep(
        'welfare_approval_step', 'step_id'
    );
DROP TRIGGER IF EXISTS welfare_approval_people_keep ON welfare_approval_tier_user_rel;
CREATE TRIGGER welfare_approval_people_keep
    BEFORE INSERT OR UPDATE OR DELETE ON welfare_approval_tier_user_rel
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_people_keep(
        'welfare_approval_tier', 'tier_id'
    );

-- A delegation can be ended early; it is never made longer, or for somebody else.
DROP TRIGGER IF EXISTS welfare_approval_keep ON welfare_approval_delegation;
CREATE TRIGGER welfare_approval_keep
    BEFORE UPDATE OR DELETE ON welfare_approval_delegation
    FOR EACH ROW EXECUTE FUNCTION welfare_approval_keep(
        'ended_at,told_at,write_uid,write_date'
    );
