-- What was announced for a past day stays: the use rate is measured by it.

CREATE OR REPLACE FUNCTION welfare_facility_opening_keep() RETURNS trigger AS $$
DECLARE
    today date := welfare_local_day((now() AT TIME ZONE 'UTC')::timestamp);
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.create_date := now() AT TIME ZONE 'UTC';
        RETURN NEW;
    END IF;
    IF welfare_local_day(OLD.create_date) = today OR OLD.date_from > today THEN
        RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    -- An end may be set, or moved, as long as it has not come.
    IF TG_OP = 'UPDATE'
       AND to_jsonb(NEW) - '{date_to,write_uid,write_date}'::text[]
         = to_jsonb(OLD) - '{date_to,write_uid,write_date}'::text[]
       AND COALESCE(OLD.date_to, today) >= today - 1
       AND COALESCE(NEW.date_to, today) >= today - 1
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'welfare: the opening hours of past days stay'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'welfare_facility_opening_past';
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_facility_opening_keep ON welfare_facility_opening;
CREATE TRIGGER welfare_facility_opening_keep
    BEFORE INSERT OR UPDATE OR DELETE ON welfare_facility_opening
    FOR EACH ROW EXECUTE FUNCTION welfare_facility_opening_keep();
