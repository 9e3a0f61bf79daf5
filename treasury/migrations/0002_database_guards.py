"""What the database itself refuses, whoever asks: records are appended, never changed; entries
balance; sequences have no gap. The application's role (`ballast_app`, where it exists) loses the
rights as well, so that switching a trigger off takes the owner, and the audit chain shows even
that.

Two kinds of refusal: `insufficient_privilege` for a change of a record, `check_violation` for a
broken rule."""

from django.db import migrations

APPEND_ONLY = (
    "treasury_policyversion",
    "treasury_price",
    "treasury_priceobservation",
    "treasury_snapshot",
    "treasury_position",
    "treasury_tiernav",
    "treasury_decision",
    "treasury_journalentry",
    "treasury_posting",
    "treasury_disposal",
)

AUDIT = """
CREATE TABLE audit_event (
  id bigint PRIMARY KEY,
  at timestamptz NOT NULL,
  body bytea NOT NULL,
  payload jsonb NOT NULL,
  prev bytea NOT NULL CHECK (length(prev) = 32),
  hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32)
);

CREATE FUNCTION audit_event_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE last record;
BEGIN
  PERFORM pg_advisory_xact_lock(7411);
  SELECT id, hash INTO last FROM audit_event ORDER BY id DESC LIMIT 1;
  NEW.id := coalesce(last.id, 0) + 1;
  NEW.prev := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
  NEW.at := date_trunc('microseconds', clock_timestamp());
  NEW.payload := convert_from(NEW.body, 'UTF8')::jsonb;
  NEW.hash := sha256(NEW.prev || int8send(NEW.id)
              || int8send((extract(epoch FROM NEW.at) * 1000000)::bigint) || sha256(NEW.body));
  RETURN NEW;
END $$;

CREATE TRIGGER audit_event_1_chain BEFORE INSERT ON audit_event
  FOR EACH ROW EXECUTE FUNCTION audit_event_insert();
CREATE TRIGGER audit_event_2_append_only BEFORE UPDATE OR DELETE ON audit_event
  FOR EACH ROW EXECUTE FUNCTION treasury_refuse_change();
CREATE TRIGGER audit_event_3_no_truncate BEFORE TRUNCATE ON audit_event
  FOR EACH STATEMENT EXECUTE FUNCTION treasury_refuse_change();
"""
AUDIT_REVERSE = "DROP TABLE audit_event; DROP FUNCTION audit_event_insert();"

REFUSE = """
CREATE FUNCTION treasury_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege';
END $$;
"""
REFUSE_REVERSE = "DROP FUNCTION treasury_refuse_change();"

# The number comes from the last row under a lock that ends with the transaction: a sequence would
# leave a gap on rollback, and a consumer could not tell a gap from an event that is still to come.
OUTBOX = """
CREATE FUNCTION treasury_event_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7412, NEW.treasury_id::integer);
  SELECT coalesce(max(sequence), 0) + 1 INTO NEW.sequence
    FROM treasury_outboxevent WHERE treasury_id = NEW.treasury_id;
  RETURN NEW;
END $$;

CREATE FUNCTION treasury_event_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.treasury_id, NEW.sequence, NEW.kind, NEW.payload, NEW.created_at)
     IS DISTINCT FROM (OLD.id, OLD.treasury_id, OLD.sequence, OLD.kind, OLD.payload, OLD.created_at)
     OR OLD.relayed_at IS NOT NULL THEN
    RAISE EXCEPTION 'treasury_outboxevent is append-only: only relayed_at may be set, once'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER treasury_event_1_number BEFORE INSERT ON treasury_outboxevent
  FOR EACH ROW EXECUTE FUNCTION treasury_event_number();
CREATE TRIGGER treasury_event_2_guard BEFORE UPDATE ON treasury_outboxevent
  FOR EACH ROW EXECUTE FUNCTION treasury_event_guard();
CREATE TRIGGER treasury_event_3_no_delete BEFORE DELETE ON treasury_outboxevent
  FOR EACH ROW EXECUTE FUNCTION treasury_refuse_change();
CREATE TRIGGER treasury_event_4_no_truncate BEFORE TRUNCATE ON treasury_outboxevent
  FOR EACH STATEMENT EXECUTE FUNCTION treasury_refuse_change();
"""
OUTBOX_REVERSE = """
DROP TRIGGER treasury_event_4_no_truncate ON treasury_outboxevent;
DROP TRIGGER treasury_event_3_no_delete ON treasury_outboxevent;
DROP TRIGGER treasury_event_2_guard ON treasury_outboxevent;
DROP TRIGGER treasury_event_1_number ON treasury_outboxevent;
DROP FUNCTION treasury_event_guard();
DROP FUNCTION treasury_event_number();
"""

# Deferred to the commit: an entry and its postings are several statements.
JOURNAL = """
CREATE FUNCTION treasury_entry_number() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wanted bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(7413, NEW.treasury_id::integer);
  SELECT coalesce(max(sequence), 0) + 1 INTO wanted
    FROM treasury_journalentry WHERE treasury_id = NEW.treasury_id;
  IF NEW.sequence <> wanted THEN
    RAISE EXCEPTION 'journal entry % of treasury % would leave a gap: the next one is %',
      NEW.sequence, NEW.treasury_id, wanted USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION treasury_check_entry(entry bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE found record;
BEGIN
  SELECT count(*) AS postings, coalesce(sum(p.amount_usd), 0) AS total,
         count(*) FILTER (WHERE (a.asset_id IS NULL) <> (p.units IS NULL)) AS without_units,
         count(*) FILTER (WHERE a.treasury_id <> e.treasury_id) AS foreign_accounts
    INTO found
    FROM treasury_posting p
    JOIN treasury_account a ON a.id = p.account_id
    JOIN treasury_journalentry e ON e.id = p.entry_id
    WHERE p.entry_id = entry;
  IF found.postings < 2 THEN
    RAISE EXCEPTION 'journal entry % has % postings, at least 2 are needed', entry, found.postings
      USING ERRCODE = 'check_violation';
  END IF;
  IF found.total <> 0 THEN
    RAISE EXCEPTION 'journal entry % does not balance: its postings sum to % USD', entry, found.total
      USING ERRCODE = 'check_violation';
  END IF;
  IF found.without_units > 0 THEN
    RAISE EXCEPTION 'journal entry %: a posting has units exactly when its account has an asset', entry
      USING ERRCODE = 'check_violation';
  END IF;
  IF found.foreign_accounts > 0 THEN
    RAISE EXCEPTION 'journal entry % posts to an account of another treasury', entry
      USING ERRCODE = 'check_violation';
  END IF;
END $$;

CREATE FUNCTION treasury_entry_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM treasury_check_entry(NEW.id); RETURN NULL; END $$;
CREATE FUNCTION treasury_posting_balances() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM treasury_check_entry(NEW.entry_id); RETURN NULL; END $$;

CREATE TRIGGER treasury_entry_1_number BEFORE INSERT ON treasury_journalentry
  FOR EACH ROW EXECUTE FUNCTION treasury_entry_number();
CREATE CONSTRAINT TRIGGER treasury_entry_2_balances AFTER INSERT ON treasury_journalentry
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION treasury_entry_balances();
CREATE CONSTRAINT TRIGGER treasury_posting_1_balances AFTER INSERT ON treasury_posting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION treasury_posting_balances();
"""
JOURNAL_REVERSE = """
DROP TRIGGER treasury_posting_1_balances ON treasury_posting;
DROP TRIGGER treasury_entry_2_balances ON treasury_journalentry;
DROP TRIGGER treasury_entry_1_number ON treasury_journalentry;
DROP FUNCTION treasury_posting_balances();
DROP FUNCTION treasury_entry_balances();
DROP FUNCTION treasury_check_entry(bigint);
DROP FUNCTION treasury_entry_number();
"""

LOTS = """
CREATE FUNCTION treasury_lot_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.public_id, NEW.treasury_id, NEW.lot_ref, NEW.holder, NEW.asset_id, NEW.units,
      NEW.cost_usd, NEW.acquired_at, NEW.sequence, NEW.entry_id)
     IS DISTINCT FROM
     (OLD.id, OLD.public_id, OLD.treasury_id, OLD.lot_ref, OLD.holder, OLD.asset_id, OLD.units,
      OLD.cost_usd, OLD.acquired_at, OLD.sequence, OLD.entry_id) THEN
    RAISE EXCEPTION 'lot %: only what is left of it may change', OLD.lot_ref
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.units_left > OLD.units_left OR NEW.cost_left_usd > OLD.cost_left_usd THEN
    RAISE EXCEPTION 'lot %: what is left may only fall', OLD.lot_ref USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;

CREATE FUNCTION treasury_check_lot(lot bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE found record;
BEGIN
  SELECT l.lot_ref, l.units_left, l.cost_left_usd,
         l.units - coalesce(sum(d.units), 0) AS units_due,
         l.cost_usd - coalesce(sum(d.cost_usd), 0) AS cost_due
    INTO found
    FROM treasury_lot l LEFT JOIN treasury_disposal d ON d.lot_id = l.id
    WHERE l.id = lot GROUP BY l.id;
  IF found.units_left <> found.units_due OR found.cost_left_usd <> found.cost_due THEN
    RAISE EXCEPTION 'lot %: left % units, % USD, but its disposals leave % units, % USD',
      found.lot_ref, found.units_left, found.cost_left_usd, found.units_due, found.cost_due
      USING ERRCODE = 'check_violation';
  END IF;
  IF found.units_left = 0 AND found.cost_left_usd <> 0 THEN
    RAISE EXCEPTION 'lot % is empty but % USD of its cost are left', found.lot_ref, found.cost_left_usd
      USING ERRCODE = 'check_violation';
  END IF;
END $$;

CREATE FUNCTION treasury_lot_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM treasury_check_lot(NEW.id); RETURN NULL; END $$;
CREATE FUNCTION treasury_disposal_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN PERFORM treasury_check_lot(NEW.lot_id); RETURN NULL; END $$;

CREATE TRIGGER treasury_lot_1_guard BEFORE UPDATE ON treasury_lot
  FOR EACH ROW EXECUTE FUNCTION treasury_lot_guard();
CREATE TRIGGER treasury_lot_2_no_delete BEFORE DELETE ON treasury_lot
  FOR EACH ROW EXECUTE FUNCTION treasury_refuse_change();
CREATE TRIGGER treasury_lot_3_no_truncate BEFORE TRUNCATE ON treasury_lot
  FOR EACH STATEMENT EXECUTE FUNCTION treasury_refuse_change();
CREATE CONSTRAINT TRIGGER treasury_lot_4_adds_up AFTER INSERT OR UPDATE ON treasury_lot
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION treasury_lot_adds_up();
CREATE CONSTRAINT TRIGGER treasury_disposal_1_adds_up AFTER INSERT ON treasury_disposal
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION treasury_disposal_adds_up();
"""
LOTS_REVERSE = """
DROP TRIGGER treasury_disposal_1_adds_up ON treasury_disposal;
DROP TRIGGER treasury_lot_4_adds_up ON treasury_lot;
DROP TRIGGER treasury_lot_3_no_truncate ON treasury_lot;
DROP TRIGGER treasury_lot_2_no_delete ON treasury_lot;
DROP TRIGGER treasury_lot_1_guard ON treasury_lot;
DROP FUNCTION treasury_disposal_adds_up();
DROP FUNCTION treasury_lot_adds_up();
DROP FUNCTION treasury_check_lot(bigint);
DROP FUNCTION treasury_lot_guard();
"""


def append_only(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
          FOR EACH ROW EXECUTE FUNCTION treasury_refuse_change();
        CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table}
          FOR EACH STATEMENT EXECUTE FUNCTION treasury_refuse_change();
        """,
        f"DROP TRIGGER no_truncate ON {table}; DROP TRIGGER append_only ON {table};",
    )


IF_APPLICATION_EXISTS = """
DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ballast_app') THEN STATEMENTS END IF;
END $$;
"""


def rights(tables: tuple[str, ...], granted: str) -> migrations.RunSQL:
    names = ", ".join(tables)
    statements = (
        f"REVOKE ALL ON {names} FROM ballast_app; GRANT {granted} ON {names} TO ballast_app;"
    )
    return migrations.RunSQL(
        IF_APPLICATION_EXISTS.replace("STATEMENTS", statements), migrations.RunSQL.noop
    )


class Migration(migrations.Migration):
    dependencies = [("treasury", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, REFUSE_REVERSE),
        migrations.RunSQL(AUDIT, AUDIT_REVERSE),
        migrations.RunSQL(OUTBOX, OUTBOX_REVERSE),
        migrations.RunSQL(JOURNAL, JOURNAL_REVERSE),
        migrations.RunSQL(LOTS, LOTS_REVERSE),
        *(append_only(table) for table in APPEND_ONLY),
        rights(("audit_event", *APPEND_ONLY), "SELECT, INSERT"),
        rights(("treasury_lot", "treasury_outboxevent"), "SELECT, INSERT, UPDATE"),
    ]
