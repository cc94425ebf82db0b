-- The site log: an entry is its author's, and only on the day on which it was made.

-- The day of a moment in the bureau's own clock; all of China keeps one.
CREATE OR REPLACE FUNCTION welfare_local_day(moment timestamp) RETURNS date AS $$
    SELECT (moment AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Shanghai')::date
$$ LANGUAGE sql STABLE;

-- Whether an entry was made today.
CREATE OR REPLACE FUNCTION welfare_facility_log_is_open(entry integer) RETURNS boolean
AS $$
    SELECT COALESCE(welfare_local_day(create_date)
                    = welfare_local_day((now() AT TIME ZONE 'UTC')::timestamp), FALSE)
    FROM welfare_facility_log WHERE id = entry
$$ LANGUAGE sql STABLE;

CREATE OR REPLACE FUNCTION welfare_facility_log_keep() RETURNS trigger AS $$
DECLARE
    today date := welfare_local_day((now() AT TIME ZONE 'UTC')::timestamp);
BEGIN
    IF TG_OP = 'TRUNCATE' OR TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'welfare: the site log is only ever added to'
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        -- Never typed, by whatever way an entry comes in.
        NEW.create_date := now() AT TIME ZONE 'UTC';
    ELSE
        IF welfare_local_day(OLD.create_date) <> today THEN
            RAISE EXCEPTION 'welfare: entry % of the site log is of a past day', OLD.id
                USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.write_uid IS DISTINCT FROM OLD.create_uid THEN
            RAISE EXCEPTION 'welfare: entry % of the site log is its author''s', OLD.id
                USING ERRCODE = 'check_violation';
        END IF;
        IF (NEW.id, NEW.create_uid, NEW.create_date, NEW.facility_id,
            NEW.corrects_id, NEW.fixes_id)
           IS DISTINCT FROM
           (OLD.id, OLD.create_uid, OLD.create_date, OLD.facility_id,
            OLD.corrects_id, OLD.fixes_id)
        THEN
            RAISE EXCEPTION 'welfare: entry % of the site log keeps its place', OLD.id
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.date > today THEN
        RAISE EXCEPTION 'welfare: the site log knows no future day'
            USING ERRCODE = 'check_violation',
                  CONSTRAINT = 'welfare_facility_log_future';
    END IF;
    IF NEW.corrects_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM welfare_facility_log
        WHERE id = NEW.corrects_id AND facility_id = NEW.facility_id
    ) THEN
        RAISE EXCEPTION 'welfare: a correction is of the same facility'
            USING ERRCODE = 'check_violation',
                  CONSTRAINT = 'welfare_facility_log_corrected';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_facility_log_keep ON welfare_facility_log;
CREATE TRIGGER welfare_facility_log_keep
    BEFORE INSERT OR UPDATE OR DELETE ON welfare_facility_log
    FOR EACH ROW EXECUTE FUNCTION welfare_facility_log_keep();
DROP TRIGGER IF EXISTS welfare_facility_log_keep_all ON welfare_facility_log;
CREATE TRIGGER welfare_facility_log_keep_all
    BEFORE TRUNCATE ON welfare_facility_log
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_facility_log_keep();
