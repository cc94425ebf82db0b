-- The evidence of a completed stage stays as it is.
CREATE OR REPLACE FUNCTION welfare_project_requirement_keep() RETURNS trigger AS $$
DECLARE
    is_past boolean;
BEGIN
    SELECT COALESCE(welfare_project_rank(project.state), 100)
           > welfare_project_rank(gate.stage)
    INTO is_past
    FROM welfare_project project, welfare_project_gate gate
    WHERE project.id = OLD.project_id AND gate.id = OLD.gate_id;
    -- No project found: it was deleted, and its rows go with it.
    IF is_past AND OLD.date_recorded IS NOT NULL
       AND (TG_OP = 'DELETE'
            OR (NEW.number, NEW.date_document, NEW.signatory, NEW.figure, NEW.user_id,
                NEW.date_recorded)
               IS DISTINCT FROM
               (OLD.number, OLD.date_document, OLD.signatory, OLD.figure, OLD.user_id,
                OLD.date_recorded)) THEN
        RAISE EXCEPTION 'welfare: evidence % is fixed', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF (NEW.project_id, NEW.gate_id) IS DISTINCT FROM (OLD.project_id, OLD.gate_id) THEN
        RAISE EXCEPTION 'welfare: evidence % stays with its gate', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_project_requirement_keep ON welfare_project_requirement;
CREATE TRIGGER welfare_project_requirement_keep
    BEFORE UPDATE OR DELETE ON welfare_project_requirement
    FOR EACH ROW EXECUTE FUNCTION welfare_project_requirement_keep();

CREATE OR REPLACE FUNCTION welfare_project_requirement_file_keep() RETURNS trigger AS $$
BEGIN
    IF EXISTS (
        SELECT FROM welfare_project_requirement requirement
        JOIN welfare_project_gate gate ON gate.id = requirement.gate_id
        JOIN welfare_project project ON project.id = requirement.project_id
        WHERE requirement.id = OLD.requirement_id
          AND COALESCE(welfare_project_rank(project.state), 100)
              > welfare_project_rank(gate.stage)
    ) THEN
        RAISE EXCEPTION 'welfare: the files of evidence % are fixed', OLD.requirement_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_project_requirement_file_keep
    ON welfare_project_requirement_file_rel;
CREATE TRIGGER welfare_project_requirement_file_keep
    BEFORE UPDATE OR DELETE ON welfare_project_requirement_file_rel
    FOR EACH ROW EXECUTE FUNCTION welfare_project_requirement_file_keep();
