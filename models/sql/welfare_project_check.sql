-- During acceptance items are decided and added, not dropped or made easier; after it
-- nothing changes.
CREATE OR REPLACE FUNCTION welfare_project_check_keep() RETURNS trigger AS $$
DECLARE
    item welfare_project_check;
    rank integer;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.project_id <> NEW.project_id THEN
        RAISE EXCEPTION 'welfare: check % stays with its project', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    item := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    SELECT COALESCE(welfare_project_rank(state), 100) INTO rank
    FROM welfare_project WHERE id = item.project_id FOR SHARE;
    IF rank > welfare_project_rank('acceptance')
       OR (rank = welfare_project_rank('acceptance')
           AND (TG_OP = 'DELETE'
                OR (TG_OP = 'UPDATE'
                    AND (NEW.name, NEW.is_mandatory, NEW.source, NEW.facility_id,
                         NEW.standard_line_id)
                        IS DISTINCT FROM
                        (OLD.name, OLD.is_mandatory, OLD.source, OLD.facility_id,
                         OLD.standard_line_id))))
    THEN
        RAISE EXCEPTION 'welfare: the checklist of project % is fixed', item.project_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN item;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_project_check_keep ON welfare_project_check;
CREATE TRIGGER welfare_project_check_keep
    BEFORE INSERT OR DELETE OR UPDATE ON welfare_project_check
    FOR EACH ROW EXECUTE FUNCTION welfare_project_check_keep();
