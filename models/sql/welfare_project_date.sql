-- What happened cannot lie in the future, nor before what came earlier.
CREATE OR REPLACE FUNCTION welfare_project_date_order() RETURNS trigger AS $$
BEGIN
    -- A day ahead: the day begins in China before it begins at the database.
    IF NEW.kind = 'actual' AND (
        NEW.date > CURRENT_DATE + 1
        OR EXISTS (
            SELECT FROM (
                SELECT DISTINCT ON (stage) stage, date FROM welfare_project_date
                WHERE project_id = NEW.project_id AND kind = 'actual'
                ORDER BY stage, id DESC
            ) earlier
            WHERE welfare_project_rank(earlier.stage) < welfare_project_rank(NEW.stage)
              AND earlier.date > NEW.date
        )
    ) THEN
        RAISE EXCEPTION 'welfare: stage % of project % is out of order',
            NEW.stage, NEW.project_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_project_date_order ON welfare_project_date;
CREATE TRIGGER welfare_project_date_order
    BEFORE INSERT ON welfare_project_date
    FOR EACH ROW EXECUTE FUNCTION welfare_project_date_order();
