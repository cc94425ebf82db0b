-- A change follows an approved estimate and leaves something of it.
CREATE OR REPLACE FUNCTION welfare_project_estimate_sum() RETURNS trigger AS $$
BEGIN
    -- Written, not only read: two changes at the same time wait for each other.
    UPDATE welfare_project SET write_date = write_date WHERE id = NEW.project_id;
    IF (NEW.kind = 'change' AND NOT EXISTS (
            SELECT FROM welfare_project_estimate
            WHERE project_id = NEW.project_id AND kind = 'approval'
        ))
       OR (SELECT COALESCE(SUM(amount), 0) FROM welfare_project_estimate
           WHERE project_id = NEW.project_id) <= 0 THEN
        RAISE EXCEPTION 'welfare: the estimate of project % does not hold',
            NEW.project_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_project_estimate_sum ON welfare_project_estimate;
CREATE TRIGGER welfare_project_estimate_sum
    AFTER INSERT ON welfare_project_estimate
    FOR EACH ROW EXECUTE FUNCTION welfare_project_estimate_sum();
