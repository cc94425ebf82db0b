-- Results are only ever added to: what was found under a text of that time stays.

CREATE OR REPLACE FUNCTION welfare_compliance_keep() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- The results of a plan that was dropped go with it.
        IF TG_TABLE_NAME = 'welfare_compliance' THEN
            IF NOT EXISTS (SELECT FROM welfare_facility WHERE id = OLD.facility_id) THEN
                RETURN OLD;
            END IF;
        ELSIF NOT EXISTS (
            SELECT FROM welfare_compliance WHERE id = OLD.compliance_id
        ) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'welfare: results of checks are only ever added to'
        USING ERRCODE = 'check_violation';
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_compliance_keep ON welfare_compliance;
CREATE TRIGGER welfare_compliance_keep BEFORE UPDATE OR DELETE ON welfare_compliance
    FOR EACH ROW EXECUTE FUNCTION welfare_compliance_keep();
DROP TRIGGER IF EXISTS welfare_compliance_keep_all ON welfare_compliance;
CREATE TRIGGER welfare_compliance_keep_all BEFORE TRUNCATE ON welfare_compliance
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_compliance_keep();

DROP TRIGGER IF EXISTS welfare_compliance_keep ON welfare_compliance_line;
CREATE TRIGGER welfare_compliance_keep BEFORE UPDATE OR DELETE ON welfare_compliance_line
    FOR EACH ROW EXECUTE FUNCTION welfare_compliance_keep();
DROP TRIGGER IF EXISTS welfare_compliance_keep_all ON welfare_compliance_line;
CREATE TRIGGER welfare_compliance_keep_all BEFORE TRUNCATE ON welfare_compliance_line
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_compliance_keep();
