-- The milestones and their weights are laid down before the builders begin.
CREATE OR REPLACE FUNCTION welfare_project_milestone_keep() RETURNS trigger AS $$
DECLARE
    milestone welfare_project_milestone;
    project_state varchar;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.project_id <> NEW.project_id THEN
        RAISE EXCEPTION 'welfare: milestone % stays with its project', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    milestone := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    -- FOR SHARE: the project does not step on while its weights change.
    SELECT state INTO project_state FROM welfare_project
    WHERE id = milestone.project_id FOR SHARE;
    IF project_state NOT IN ('initiation', 'approval', 'procurement') THEN
        RAISE EXCEPTION 'welfare: the milestones of project % are fixed',
            milestone.project_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN milestone;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_project_milestone_keep ON welfare_project_milestone;
CREATE TRIGGER welfare_project_milestone_keep
    BEFORE INSERT OR DELETE OR UPDATE OF project_id, weight, facility_id
    ON welfare_project_milestone
    FOR EACH ROW EXECUTE FUNCTION welfare_project_milestone_keep();

-- What is measured is under construction, on a day that has come.
CREATE OR REPLACE FUNCTION welfare_project_measurement_check() RETURNS trigger AS $$
BEGIN
    IF NEW.date > CURRENT_DATE + 1 OR NOT EXISTS (
        SELECT FROM welfare_project project
        JOIN welfare_project_milestone milestone ON milestone.project_id = project.id
        WHERE milestone.id = NEW.milestone_id AND project.id = NEW.project_id
          AND project.state = 'construction'
    ) THEN
        RAISE EXCEPTION 'welfare: milestone % is not under construction',
            NEW.milestone_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;
