-- Photos: what a photo is never changes, and it joins an entry of the site log, or
-- leaves it, on the day of that entry only.

CREATE OR REPLACE FUNCTION welfare_facility_photo_keep() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' OR (TG_OP = 'DELETE' AND OLD.log_id IS NOT NULL) THEN
        RAISE EXCEPTION 'welfare: a photo stays in the site log'
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'INSERT' THEN
        NEW.create_date := now() AT TIME ZONE 'UTC';
    ELSE
        IF to_jsonb(NEW) - '{log_id,note,write_uid,write_date}'::text[]
           IS DISTINCT FROM
           to_jsonb(OLD) - '{log_id,note,write_uid,write_date}'::text[]
           OR NEW.write_uid IS DISTINCT FROM OLD.create_uid
           OR (OLD.log_id IS NOT NULL AND NEW.log_id <> OLD.log_id)
           OR (OLD.log_id IS NOT NULL
               AND NOT welfare_facility_log_is_open(OLD.log_id))
        THEN
            RAISE EXCEPTION 'welfare: photo % is fixed', OLD.id
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF NEW.log_id IS NOT NULL AND NOT (
        welfare_facility_log_is_open(NEW.log_id) AND EXISTS (
            SELECT FROM welfare_facility_log
            WHERE id = NEW.log_id AND create_uid = NEW.create_uid
        )
    ) THEN
        RAISE EXCEPTION 'welfare: a photo joins an entry of its own author and day'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_facility_photo_keep ON welfare_facility_photo;
CREATE TRIGGER welfare_facility_photo_keep
    BEFORE INSERT OR UPDATE OR DELETE ON welfare_facility_photo
    FOR EACH ROW EXECUTE FUNCTION welfare_facility_photo_keep();
DROP TRIGGER IF EXISTS welfare_facility_photo_keep_all ON welfare_facility_photo;
CREATE TRIGGER welfare_facility_photo_keep_all
    BEFORE TRUNCATE ON welfare_facility_photo
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_facility_photo_keep();

-- The file itself: Odoo keeps it as an attachment of the photo.
CREATE OR REPLACE FUNCTION welfare_facility_photo_keep_file() RETURNS trigger AS $$
BEGIN
    IF EXISTS (SELECT FROM welfare_facility_photo WHERE id = OLD.res_id) THEN
        RAISE EXCEPTION 'welfare: the file of photo % is fixed', OLD.res_id
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_facility_photo_keep_file ON ir_attachment;
CREATE TRIGGER welfare_facility_photo_keep_file
    BEFORE DELETE OR UPDATE OF
        store_fname, db_datas, checksum, file_size, res_model, res_field, res_id, type
    ON ir_attachment
    FOR EACH ROW
    WHEN (OLD.res_model = 'welfare.facility.photo' AND OLD.res_field = 'image')
    EXECUTE FUNCTION welfare_facility_photo_keep_file();
