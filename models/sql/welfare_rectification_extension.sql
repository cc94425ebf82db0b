-- Nobody gives himself more time, and nothing is extended that waits for no fixing.

CREATE OR REPLACE FUNCTION welfare_rectification_extend() RETURNS trigger AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM welfare_rectification
        WHERE id = NEW.rectification_id AND state = 'open'
          AND date_due = NEW.date_before AND responsible_id <> NEW.create_uid
    ) THEN
        RAISE EXCEPTION 'welfare: rectification % is not extended so',
            NEW.rectification_id
            USING ERRCODE = 'check_violation',
                  CONSTRAINT = 'welfare_rectification_extension';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_rectification_extend ON welfare_rectification_extension;
CREATE TRIGGER welfare_rectification_extend
    BEFORE INSERT ON welfare_rectification_extension
    FOR EACH ROW EXECUTE FUNCTION welfare_rectification_extend();
