-- Measurements are only ever added to, whoever asks; a correction stands for a row of
-- the same facility, metric and age group; no more beds are occupied than are open.

CREATE OR REPLACE FUNCTION welfare_facility_measurement_keep() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        -- The measurements of a plan that was dropped go with it.
        IF NOT EXISTS (SELECT FROM welfare_facility WHERE id = OLD.facility_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION 'welfare: measurements are only ever added to'
        USING ERRCODE = 'check_violation';
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION welfare_facility_measurement_correct() RETURNS trigger AS $$
BEGIN
    IF NEW.corrects_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM welfare_facility_measurement wrong
        WHERE wrong.id = NEW.corrects_id
          AND wrong.facility_id = NEW.facility_id
          AND wrong.metric_id = NEW.metric_id
          AND wrong.age_group IS NOT DISTINCT FROM NEW.age_group
    ) THEN
        RAISE EXCEPTION 'welfare: a correction is of the same facility and metric'
            USING ERRCODE = 'check_violation';
    END IF;
    -- What follows from the metric and the unit does so whoever writes the row.
    SELECT kind INTO STRICT NEW.kind FROM welfare_facility_metric
    WHERE id = NEW.metric_id;
    NEW.value := round(
        NEW.amount * CASE NEW.unit WHEN 'mu' THEN 2000.0 / 3 WHEN 'ha' THEN 10000
                     ELSE 1 END, 4);
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

-- Each row of occupied beds that is above the open beds of its day.
CREATE OR REPLACE FUNCTION welfare_overfull_beds(facilities integer[])
RETURNS TABLE (facility_id integer, date date, occupied numeric, opened numeric) AS $$
    WITH figure AS (
        SELECT measured.facility_id, measured.age_group, measured.date, measured.id,
               measured.amount, metric.code
        FROM welfare_facility_measurement measured
        JOIN welfare_facility_metric metric ON metric.id = measured.metric_id
        WHERE measured.facility_id = ANY(facilities)
          AND metric.code IN ('beds_open', 'beds_occupied')
          AND NOT EXISTS (
              SELECT FROM welfare_facility_measurement correction
              WHERE correction.corrects_id = measured.id
          )
    )
    SELECT full_.facility_id, full_.date, full_.amount, open_.amount
    FROM figure full_
    CROSS JOIN LATERAL (
        SELECT figure.amount FROM figure
        WHERE figure.code = 'beds_open'
          AND figure.facility_id = full_.facility_id
          AND figure.age_group IS NOT DISTINCT FROM full_.age_group
          AND figure.date <= full_.date
        ORDER BY figure.date DESC, figure.id DESC
        LIMIT 1
    ) open_
    WHERE full_.code = 'beds_occupied' AND full_.amount > open_.amount
    ORDER BY full_.facility_id, full_.date
$$ LANGUAGE sql STABLE;

CREATE OR REPLACE FUNCTION welfare_facility_measurement_beds() RETURNS trigger AS $$
BEGIN
    IF EXISTS (SELECT FROM welfare_overfull_beds(ARRAY[NEW.facility_id])) THEN
        RAISE EXCEPTION 'welfare: more beds are occupied than are open'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_facility_measurement_keep
    ON welfare_facility_measurement;
CREATE TRIGGER welfare_facility_measurement_keep
    BEFORE UPDATE OR DELETE ON welfare_facility_measurement
    FOR EACH ROW EXECUTE FUNCTION welfare_facility_measurement_keep();

DROP TRIGGER IF EXISTS welfare_facility_measurement_keep_all
    ON welfare_facility_measurement;
CREATE TRIGGER welfare_facility_measurement_keep_all
    BEFORE TRUNCATE ON welfare_facility_measurement
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_facility_measurement_keep();

DROP TRIGGER IF EXISTS welfare_facility_measurement_correct
    ON welfare_facility_measurement;
CREATE TRIGGER welfare_facility_measurement_correct
    BEFORE INSERT ON welfare_facility_measurement
    FOR EACH ROW EXECUTE FUNCTION welfare_facility_measurement_correct();

-- At the end of the transaction: the rows of one form come one after the other.
DROP TRIGGER IF EXISTS welfare_facility_measurement_beds
    ON welfare_facility_measurement;
CREATE CONSTRAINT TRIGGER welfare_facility_measurement_beds
    AFTER INSERT ON welfare_facility_measurement
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION welfare_facility_measurement_beds();
