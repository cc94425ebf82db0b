-- The books of the fund ledger. They are kept here, by the database, so that no path
-- into the table (the ORM, another addon, raw SQL) can post anything else than whole
-- entries, and no path at all can change one.
--
-- An entry says only what happened (kind, amount, what it resolves or reverses). What it
-- does to the balances follows from that, below and nowhere else. Amounts are in yuan.
--
--   received   money that came into the account
--   granted    what of it came from outside the ledger: it adds up over levels and years
--   sent       money allotted on to accounts below
--   carried    money that left at the end of the year (carried on, or taken back)
--   reserved   set aside for a purchase that is planned        (pending)
--   committed  bound by a contract                             (pending)
--   accrued    owed for what was accepted                      (pending)
--   paid       paid out
--
-- A pending entry is resolved once at the most, by one that follows it: a reservation by
-- a commitment, a commitment by an accrual, an accrual by a payment, each by a release.
-- What the following entry does not take goes back to what is available.
--
-- A refusal names itself by CONSTRAINT; welfare.fund.entry has the words for it.

CREATE OR REPLACE FUNCTION welfare_fund_entry_book() RETURNS trigger AS $$
DECLARE
    pending welfare_fund_entry;   -- what this entry resolves
    original welfare_fund_entry;  -- what this entry reverses
    open_amount numeric := 0;
    account_year integer;
BEGIN
    NEW.d_received := 0;
    NEW.d_sent := 0;
    NEW.d_carried := 0;
    NEW.d_reserved := 0;
    NEW.d_committed := 0;
    NEW.d_accrued := 0;
    NEW.d_paid := 0;
    NEW.transfer := 0;
    NEW.posted_at := clock_timestamp() AT TIME ZONE 'UTC';
    SELECT currency_id, year INTO NEW.currency_id, account_year
    FROM welfare_fund_account WHERE id = NEW.account_id;
    -- Never before the year of the account; after it, what ends it or puts it right.
    IF EXTRACT(year FROM NEW.date) < account_year
       OR EXTRACT(year FROM NEW.date) > account_year
          AND NEW.kind NOT IN ('carry_out', 'lapse', 'reverse') THEN
        RAISE EXCEPTION 'welfare: % is no day of the year of account %',
            NEW.date, NEW.account_id
            USING ERRCODE = 'check_violation', TABLE = 'welfare_fund_entry',
                  CONSTRAINT = 'welfare_fund_entry_year';
    END IF;

    IF NEW.kind = 'reverse' THEN
        SELECT * INTO original FROM welfare_fund_entry WHERE id = NEW.reverses_id;
        IF original.id IS NULL OR original.account_id <> NEW.account_id
           OR original.amount <> NEW.amount OR original.kind = 'reverse'
           OR original.date > NEW.date THEN
            RAISE EXCEPTION 'welfare: entry % cannot be reversed so', NEW.reverses_id
                USING ERRCODE = 'check_violation', TABLE = 'welfare_fund_entry',
                      CONSTRAINT = 'welfare_fund_entry_reverses';
        END IF;
        NEW.d_received := -original.d_received;
        NEW.d_sent := -original.d_sent;
        NEW.d_carried := -original.d_carried;
        NEW.d_reserved := -original.d_reserved;
        NEW.d_committed := -original.d_committed;
        NEW.d_accrued := -original.d_accrued;
        NEW.d_paid := -original.d_paid;
        NEW.transfer := -original.transfer;
        -- What is still pending ends with its reversal, and cannot be resolved after it;
        -- what was resolved already cannot be reversed (unique index on resolves_id).
        IF welfare_fund_entry_open(original) > 0 THEN
            NEW.resolves_id := original.id;
        ELSE
            NEW.resolves_id := NULL;
        END IF;
        RETURN NEW;
    END IF;
    NEW.reverses_id := NULL;

    IF NEW.resolves_id IS NOT NULL THEN
        SELECT * INTO pending FROM welfare_fund_entry WHERE id = NEW.resolves_id;
        open_amount := welfare_fund_entry_open(pending);
        IF pending.id IS NULL OR pending.account_id <> NEW.account_id
           OR NEW.amount > open_amount OR pending.date > NEW.date
           OR NOT (CASE NEW.kind
               WHEN 'commit' THEN pending.d_reserved > 0
               WHEN 'accrue' THEN pending.d_committed > 0
               WHEN 'pay' THEN pending.d_accrued > 0
               WHEN 'release' THEN open_amount = NEW.amount
               ELSE FALSE
           END) THEN
            RAISE EXCEPTION 'welfare: a % of % cannot resolve entry %',
                NEW.kind, NEW.amount, NEW.resolves_id
                USING ERRCODE = 'check_violation', TABLE = 'welfare_fund_entry',
                      CONSTRAINT = 'welfare_fund_entry_resolves';
        END IF;
        IF pending.d_reserved > 0 THEN
            NEW.d_reserved := -open_amount;
        ELSIF pending.d_committed > 0 THEN
            NEW.d_committed := -open_amount;
        ELSE
            NEW.d_accrued := -open_amount;
        END IF;
    ELSIF NEW.kind IN ('pay', 'release') THEN
        RAISE EXCEPTION 'welfare: a % needs the entry that it resolves', NEW.kind
            USING ERRCODE = 'check_violation', TABLE = 'welfare_fund_entry',
                  CONSTRAINT = 'welfare_fund_entry_resolves';
    END IF;

    CASE NEW.kind
        WHEN 'receive' THEN NEW.d_received := NEW.amount;
        WHEN 'reduce' THEN NEW.d_received := -NEW.amount;
        WHEN 'send' THEN NEW.d_sent := NEW.amount; NEW.transfer := NEW.amount;
        WHEN 'arrive' THEN NEW.d_received := NEW.amount; NEW.transfer := -NEW.amount;
        WHEN 'give_back' THEN NEW.d_received := -NEW.amount; NEW.transfer := NEW.amount;
        WHEN 'take_back' THEN NEW.d_sent := -NEW.amount; NEW.transfer := -NEW.amount;
        WHEN 'carry_out' THEN NEW.d_carried := NEW.amount; NEW.transfer := NEW.amount;
        WHEN 'carry_in' THEN NEW.d_received := NEW.amount; NEW.transfer := -NEW.amount;
        WHEN 'lapse' THEN NEW.d_carried := NEW.amount;
        WHEN 'reserve' THEN NEW.d_reserved := NEW.amount;
        WHEN 'commit' THEN NEW.d_committed := NEW.amount;
        WHEN 'accrue' THEN NEW.d_accrued := NEW.amount;
        WHEN 'pay' THEN NEW.d_paid := NEW.amount;
        WHEN 'release' THEN NULL;
        ELSE
            RAISE EXCEPTION 'welfare: there is no kind of entry %', NEW.kind
                USING ERRCODE = 'check_violation';
    END CASE;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

-- What an entry holds pending, of the one balance in which it can.
CREATE OR REPLACE FUNCTION welfare_fund_entry_open(entry welfare_fund_entry)
RETURNS numeric AS $$
    SELECT GREATEST(entry.d_reserved, entry.d_committed, entry.d_accrued, 0)
$$ LANGUAGE sql IMMUTABLE;

-- The balances follow the entries, one UPDATE for all entries of a statement; the
-- account's CHECK refuses what would overdraw it.
CREATE OR REPLACE FUNCTION welfare_fund_entry_sum() RETURNS trigger AS $$
DECLARE
    years integer;
    open_years integer;
BEGIN
    IF EXISTS (
        SELECT FROM new_entries WHERE transfer <> 0
        GROUP BY posting_key HAVING SUM(transfer) <> 0
    ) THEN
        RAISE EXCEPTION 'welfare: a transfer has two sides of one amount'
            USING ERRCODE = 'check_violation', TABLE = 'welfare_fund_entry',
                  CONSTRAINT = 'welfare_fund_entry_transfer';
    END IF;
    -- Shared locks: nobody closes a year while somebody posts into it, and whoever
    -- closed it is seen.
    SELECT COUNT(DISTINCT EXTRACT(year FROM date)) INTO years FROM new_entries;
    PERFORM FROM welfare_fiscal_year
    WHERE year IN (SELECT EXTRACT(year FROM date)::integer FROM new_entries)
      AND state = 'open'
    ORDER BY id FOR SHARE;
    GET DIAGNOSTICS open_years = ROW_COUNT;
    IF open_years <> years THEN
        RAISE EXCEPTION 'welfare: a fiscal year is closed or not entered'
            USING ERRCODE = 'check_violation', TABLE = 'welfare_fund_entry',
                  CONSTRAINT = 'welfare_fund_entry_open_year';
    END IF;
    -- Under the same locks, see welfare_fund_period_close().
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT account_id, date FROM new_entries) entry
        JOIN welfare_fund_account account ON account.id = entry.account_id
        WHERE welfare_fund_period_closed(account.region_id, entry.date) IS NOT NULL
    ) THEN
        RAISE EXCEPTION 'welfare: a period is closed'
            USING ERRCODE = 'check_violation', TABLE = 'welfare_fund_entry',
                  CONSTRAINT = 'welfare_fund_entry_period';
    END IF;
    -- In the same way nobody closes an appropriation while somebody posts to it.
    PERFORM FROM (
        SELECT state FROM welfare_appropriation WHERE id IN (
            SELECT appropriation_id FROM welfare_fund_account
            WHERE id IN (SELECT account_id FROM new_entries)
        )
        ORDER BY id FOR SHARE
    ) locked WHERE state = 'closed';
    IF FOUND THEN
        RAISE EXCEPTION 'welfare: the appropriation is closed'
            USING ERRCODE = 'check_violation', TABLE = 'welfare_fund_entry',
                  CONSTRAINT = 'welfare_fund_entry_appropriation';
    END IF;
    UPDATE welfare_fund_account account
    SET received = account.received + change.received,
        granted = account.granted + change.granted,
        sent = account.sent + change.sent,
        carried = account.carried + change.carried,
        reserved = account.reserved + change.reserved,
        committed = account.committed + change.committed,
        accrued = account.accrued + change.accrued,
        paid = account.paid + change.paid
    FROM (
        SELECT entry.account_id,
               SUM(entry.d_received) AS received,
               -- Asked of reversals alone: a join could read the whole ledger.
               COALESCE(SUM(entry.d_received) FILTER (
                   WHERE CASE entry.kind WHEN 'reverse' THEN (
                       SELECT original.kind FROM welfare_fund_entry original
                       WHERE original.id = entry.reverses_id
                   ) ELSE entry.kind END IN ('receive', 'reduce')
               ), 0) AS granted,
               SUM(entry.d_sent) AS sent, SUM(entry.d_carried) AS carried,
               SUM(entry.d_reserved) AS reserved, SUM(entry.d_committed) AS committed,
               SUM(entry.d_accrued) AS accrued, SUM(entry.d_paid) AS paid
        FROM new_entries entry
        GROUP BY entry.account_id
    ) change
    WHERE account.id = change.account_id;
    RETURN NULL;
END;
$$ LANGUAGE plpgsql;

CREATE OR REPLACE FUNCTION welfare_fund_entry_keep() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'welfare: the fund ledger is only ever added to'
        USING ERRCODE = 'check_violation';
END;
$$ LANGUAGE plpgsql;

-- Balances change by entries alone; what an account is, not at all once it has any.
CREATE OR REPLACE FUNCTION welfare_fund_account_keep() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.received := 0;
        NEW.granted := 0;
        NEW.sent := 0;
        NEW.carried := 0;
        NEW.reserved := 0;
        NEW.committed := 0;
        NEW.accrued := 0;
        NEW.paid := 0;
        IF NEW.facility_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM welfare_facility
            WHERE id = NEW.facility_id AND region_id = NEW.region_id
        ) THEN
            RAISE EXCEPTION 'welfare: facility % does not lie in region %',
                NEW.facility_id, NEW.region_id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF pg_trigger_depth() < 2
       AND (NEW.received, NEW.granted, NEW.sent, NEW.carried, NEW.reserved,
            NEW.committed, NEW.accrued, NEW.paid)
           IS DISTINCT FROM
           (OLD.received, OLD.granted, OLD.sent, OLD.carried, OLD.reserved,
            OLD.committed, OLD.accrued, OLD.paid) THEN
        RAISE EXCEPTION 'welfare: the balances of account % follow its entries', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.appropriation_id, NEW.year, NEW.region_id, NEW.facility_id)
       IS DISTINCT FROM
       (OLD.appropriation_id, OLD.year, OLD.region_id, OLD.facility_id) THEN
        RAISE EXCEPTION 'welfare: whose money account % holds does not change', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

-- An appropriation is closed when nothing of it is pending, at any level. The accounts
-- are locked: what is posted to them meanwhile is waited for.
CREATE OR REPLACE FUNCTION welfare_appropriation_close() RETURNS trigger AS $$
BEGIN
    PERFORM FROM welfare_fund_account WHERE appropriation_id = NEW.id
    ORDER BY id FOR SHARE;
    IF EXISTS (
        SELECT FROM welfare_fund_account
        WHERE appropriation_id = NEW.id AND reserved + committed + accrued > 0
    ) THEN
        RAISE EXCEPTION 'welfare: something of appropriation % is pending', NEW.id
            USING ERRCODE = 'check_violation', TABLE = 'welfare_appropriation',
                  CONSTRAINT = 'welfare_appropriation_pending';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_appropriation_close ON welfare_appropriation;
CREATE TRIGGER welfare_appropriation_close
    BEFORE UPDATE OF state ON welfare_appropriation
    FOR EACH ROW WHEN (NEW.state = 'closed' AND OLD.state <> 'closed')
    EXECUTE FUNCTION welfare_appropriation_close();

DROP TRIGGER IF EXISTS welfare_fund_entry_book ON welfare_fund_entry;
CREATE TRIGGER welfare_fund_entry_book BEFORE INSERT ON welfare_fund_entry
    FOR EACH ROW EXECUTE FUNCTION welfare_fund_entry_book();

DROP TRIGGER IF EXISTS welfare_fund_entry_sum ON welfare_fund_entry;
CREATE TRIGGER welfare_fund_entry_sum AFTER INSERT ON welfare_fund_entry
    REFERENCING NEW TABLE AS new_entries
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_fund_entry_sum();

DROP TRIGGER IF EXISTS welfare_fund_entry_keep ON welfare_fund_entry;
CREATE TRIGGER welfare_fund_entry_keep BEFORE UPDATE OR DELETE ON welfare_fund_entry
    FOR EACH ROW EXECUTE FUNCTION welfare_fund_entry_keep();

DROP TRIGGER IF EXISTS welfare_fund_entry_keep_all ON welfare_fund_entry;
CREATE TRIGGER welfare_fund_entry_keep_all BEFORE TRUNCATE ON welfare_fund_entry
    FOR EACH STATEMENT EXECUTE FUNCTION welfare_fund_entry_keep();

DROP TRIGGER IF EXISTS welfare_fund_account_keep ON welfare_fund_account;
CREATE TRIGGER welfare_fund_account_keep BEFORE INSERT OR UPDATE ON welfare_fund_account
    FOR EACH ROW EXECUTE FUNCTION welfare_fund_account_keep();

-- What is left, as a column of the database: it sorts, sums and filters like any other,
-- and nobody has to keep it.
DO $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_attribute
        WHERE attrelid = 'welfare_fund_account'::regclass
          AND attname = 'available' AND attgenerated = 's'
    ) THEN
        ALTER TABLE welfare_fund_account DROP COLUMN IF EXISTS available;
        ALTER TABLE welfare_fund_account ADD COLUMN available numeric
            GENERATED ALWAYS AS (
                received - sent - carried - reserved - committed - accrued - paid
            ) STORED;
    END IF;
END;
$$;
