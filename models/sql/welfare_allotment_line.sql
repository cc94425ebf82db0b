-- The lines of an allotment are fixed when it is posted. The lock on the allotment keeps
-- a line from changing while another transaction posts what it says.
CREATE OR REPLACE FUNCTION welfare_allotment_line_keep() RETURNS trigger AS $$
DECLARE
    line welfare_allotment_line;
    allotment_state varchar;
BEGIN
    line := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    IF TG_OP = 'UPDATE' AND OLD.allotment_id <> NEW.allotment_id THEN
        RAISE EXCEPTION 'welfare: line % stays with its allotment', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    SELECT state INTO allotment_state FROM welfare_allotment
    WHERE id = line.allotment_id FOR SHARE;
    IF allotment_state <> 'draft' THEN
        RAISE EXCEPTION 'welfare: the lines of allotment % are fixed', line.allotment_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN line;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_allotment_line_keep ON welfare_allotment_line;
CREATE TRIGGER welfare_allotment_line_keep
    BEFORE INSERT OR DELETE
    OR UPDATE OF allotment_id, region_id, facility_id, amount, currency_id
    ON welfare_allotment_line
    FOR EACH ROW EXECUTE FUNCTION welfare_allotment_line_keep();
