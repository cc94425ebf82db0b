-- Who fixed a defect is the author of the entry that shows it; another one closes it.

CREATE OR REPLACE FUNCTION welfare_rectification_keep() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'welfare: a rectification stays'
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (OLD.state = 'closed' OR NEW.log_id <> OLD.log_id) AND
       (NEW.state, NEW.log_id, NEW.facility_id, NEW.date_due, NEW.fix_log_id,
        NEW.fixed_by_id, NEW.date_fixed, NEW.closed_by_id, NEW.date_closed)
       IS DISTINCT FROM
       (OLD.state, OLD.log_id, OLD.facility_id, OLD.date_due, OLD.fix_log_id,
        OLD.fixed_by_id, OLD.date_fixed, OLD.closed_by_id, OLD.date_closed)
    THEN
        RAISE EXCEPTION 'welfare: rectification % is fixed', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    -- On the day on which it was found its author may say how urgent it is.
    IF TG_OP = 'UPDATE' AND NEW.date_due <> OLD.date_due
       AND NOT welfare_facility_log_is_open(NEW.log_id)
       AND NEW.date_due IS DISTINCT FROM (
           SELECT date_due FROM welfare_rectification_extension
           WHERE rectification_id = NEW.id ORDER BY id DESC LIMIT 1
       )
    THEN
        RAISE EXCEPTION 'welfare: rectification % is due as it is', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.fix_log_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM welfare_facility_log
        WHERE id = NEW.fix_log_id AND fixes_id = NEW.id
          AND create_uid = NEW.fixed_by_id
    ) THEN
        RAISE EXCEPTION 'welfare: rectification % was not fixed by that entry', NEW.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_rectification_keep ON welfare_rectification;
CREATE TRIGGER welfare_rectification_keep
    BEFORE INSERT OR UPDATE OR DELETE ON welfare_rectification
    FOR EACH ROW EXECUTE FUNCTION welfare_rectification_keep();
