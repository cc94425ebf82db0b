-- The period that lets nothing in at a place on a day, or NULL. For a month and a quarter
-- the day counts on which an entry counts; for a freeze today, by China's clock.
CREATE OR REPLACE FUNCTION welfare_fund_period_closed(place integer, day date)
RETURNS integer AS $$
DECLARE
    today date := (clock_timestamp() AT TIME ZONE 'Asia/Shanghai')::date;
    period_id integer;
BEGIN
    SELECT period.id INTO period_id
    FROM welfare_fund_period period
    JOIN welfare_region upper ON upper.id = period.region_id
    JOIN welfare_region holder ON starts_with(holder.parent_path, upper.parent_path)
    WHERE holder.id = place AND period.state = 'closed'
      AND CASE WHEN period.kind IN ('month', 'quarter') THEN day ELSE today END
          BETWEEN period.date_from AND period.date_to
    ORDER BY period.id LIMIT 1;
    RETURN period_id;
END;
$$ LANGUAGE plpgsql STABLE;

-- Whoever posts shares a lock on the row of his fiscal year until his transaction ends
-- (welfare_fund_entry_sum): he is waited for. Whoever posts later waits here, and then
-- sees the period closed; a transaction that cannot see it, since it began before, finds
-- the row written since, and fails.
CREATE OR REPLACE FUNCTION welfare_fund_period_close() RETURNS trigger AS $$
BEGIN
    PERFORM FROM welfare_fiscal_year ORDER BY id FOR NO KEY UPDATE;
    UPDATE welfare_fiscal_year SET year = year;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_fund_period_close ON welfare_fund_period;
CREATE TRIGGER welfare_fund_period_close BEFORE UPDATE OF state ON welfare_fund_period
    FOR EACH ROW WHEN (NEW.state = 'closed' AND OLD.state <> 'closed')
    EXECUTE FUNCTION welfare_fund_period_close();
