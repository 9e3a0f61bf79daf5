"""What the database itself refuses, whoever asks: a plan and a fill never change, a transaction goes only
where the state table lets it, signed bytes and owners' signatures are appended, never rewritten.

The moves are written out here and not read from the code, because a migration is history; a test compares
them with `execution.core.lifecycle.MOVES`."""

from django.db import migrations

MOVES = (
    ("EXEC_INTENT", ("SIGNED_RAW", "CANCELLED")),
    ("SIGNED_RAW", ("BROADCAST", "CANCELLED")),
    ("BROADCAST", ("MINED", "UNKNOWN")),
    ("MINED", ("FINAL", "BROADCAST")),
    ("FINAL", ("RECONCILED", "FAILED_ONCHAIN", "BROADCAST")),
    ("RECONCILED", ("BROADCAST",)),
    ("UNKNOWN", ("BROADCAST", "MINED", "CANCELLED")),
)
SLOT_MOVES = (
    ("ACTIVE", ("EXECUTED", "DEAD", "REPLACED")),
    ("EXECUTED", ("ACTIVE",)),
    ("DEAD", ("EXECUTED",)),
    ("REPLACED", ("EXECUTED",)),
)
APPEND_ONLY = ("execution_plan", "execution_quote", "execution_fill")
GUARDED = (
    "execution_transaction",
    "execution_safetransaction",
    "execution_attempt",
    "execution_confirmation",
    "execution_break",
)
TRANSACTION_FIXED = (
    "public_id",
    "plan_id",
    "safe_transaction_id",
    "mechanism",
    "plan_digest",
    "authorization_expires_at",
    "created_at",
)
SAFE_TRANSACTION_FIXED = (
    "public_id",
    "plan_id",
    "safe_id",
    "parent_id",
    "chain_id",
    "nonce",
    '"to"',
    "value",
    "data",
    "operation",
    "safe_tx_hash",
    "created_at",
)
ATTEMPT_FIXED = (
    "public_id",
    "transaction_id",
    "chain_id",
    "executor",
    "eoa_nonce",
    "raw",
    "tx_hash",
    "max_fee_per_gas_wei",
    "max_priority_fee_per_gas_wei",
    "gas_limit",
    "created_at",
)
CONFIRMATION_FIXED = ("public_id", "safe_transaction_id", "owner", "created_at")
BREAK_FIXED = ("public_id", "treasury_id", "transaction_id", "kind", "holder", "asset_id")


def pairs(moves: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    return ", ".join(f"('{old}', '{new}')" for old, news in moves for new in news)


def changed(names: tuple[str, ...]) -> str:
    return " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in names)


REFUSE = """
CREATE FUNCTION execution_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege';
END $$;
"""
REFUSE_REVERSE = "DROP FUNCTION execution_refuse_change();"

TRANSACTIONS = f"""
CREATE FUNCTION execution_guard_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'EXEC_INTENT' THEN
      RAISE EXCEPTION 'a transaction does not begin as %', NEW.state
        USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF {changed(TRANSACTION_FIXED)} THEN
    RAISE EXCEPTION 'what a transaction is for does not change'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW."to" <> OLD."to" OR NEW.data <> OLD.data) AND OLD.state <> 'EXEC_INTENT' THEN
    RAISE EXCEPTION 'signed calldata does not change' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN ({pairs(MOVES)}) THEN
    RAISE EXCEPTION 'a transaction does not go from % to %', OLD.state, NEW.state
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_transaction BEFORE INSERT OR UPDATE ON execution_transaction
  FOR EACH ROW EXECUTE FUNCTION execution_guard_transaction();
"""
TRANSACTIONS_REVERSE = """
DROP TRIGGER guard_transaction ON execution_transaction;
DROP FUNCTION execution_guard_transaction();
"""

SAFE_TRANSACTIONS = f"""
CREATE FUNCTION execution_guard_safe_transaction() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {changed(SAFE_TRANSACTION_FIXED)} THEN
    RAISE EXCEPTION 'the fields that owners sign do not change'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN ({pairs(SLOT_MOVES)}) THEN
    RAISE EXCEPTION 'a Safe transaction does not go from % to %', OLD.status, NEW.status
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_safe_transaction BEFORE UPDATE ON execution_safetransaction
  FOR EACH ROW EXECUTE FUNCTION execution_guard_safe_transaction();
"""
SAFE_TRANSACTIONS_REVERSE = """
DROP TRIGGER guard_safe_transaction ON execution_safetransaction;
DROP FUNCTION execution_guard_safe_transaction();
"""

ATTEMPTS = f"""
CREATE FUNCTION execution_guard_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {changed(ATTEMPT_FIXED)} THEN
    RAISE EXCEPTION 'signed bytes do not change' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.is_current AND NOT OLD.is_current) OR NEW.sent_count < OLD.sent_count THEN
    RAISE EXCEPTION 'an attempt is not undone' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_attempt BEFORE UPDATE ON execution_attempt
  FOR EACH ROW EXECUTE FUNCTION execution_guard_attempt();
"""
ATTEMPTS_REVERSE = """
DROP TRIGGER guard_attempt ON execution_attempt;
DROP FUNCTION execution_guard_attempt();
"""

# A confirmation that has stopped to count may give way to one of the same owner that counts.
CONFIRMATIONS = f"""
CREATE FUNCTION execution_guard_confirmation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {changed(CONFIRMATION_FIXED)} THEN
    RAISE EXCEPTION 'whose confirmation it is does not change'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF (NEW.signature <> OLD.signature OR NEW.kind <> OLD.kind)
     AND NOT (NEW.is_valid AND NOT OLD.is_valid) THEN
    RAISE EXCEPTION 'a signature that counts does not change'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_confirmation BEFORE UPDATE ON execution_confirmation
  FOR EACH ROW EXECUTE FUNCTION execution_guard_confirmation();
"""
CONFIRMATIONS_REVERSE = """
DROP TRIGGER guard_confirmation ON execution_confirmation;
DROP FUNCTION execution_guard_confirmation();
"""

BREAKS = f"""
CREATE FUNCTION execution_guard_break() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {changed(BREAK_FIXED)} THEN
    RAISE EXCEPTION 'what a break is about does not change'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF OLD.status = 'RESOLVED' AND NEW IS DISTINCT FROM OLD THEN
    RAISE EXCEPTION 'a resolved break does not change' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_break BEFORE UPDATE ON execution_break
  FOR EACH ROW EXECUTE FUNCTION execution_guard_break();
"""
BREAKS_REVERSE = """
DROP TRIGGER guard_break ON execution_break;
DROP FUNCTION execution_guard_break();
"""


def never_removed(table: str, what: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE {what} ON {table}
          FOR EACH ROW EXECUTE FUNCTION execution_refuse_change();
        CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table}
          FOR EACH STATEMENT EXECUTE FUNCTION execution_refuse_change();
        """,
        f"DROP TRIGGER no_truncate ON {table}; DROP TRIGGER append_only ON {table};",
    )


def rights(tables: tuple[str, ...], granted: str) -> migrations.RunSQL:
    names = ", ".join(tables)
    change = f"REVOKE ALL ON {names} FROM ballast_app; GRANT {granted} ON {names} TO ballast_app;"
    return migrations.RunSQL(
        "DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ballast_app') THEN "  # noqa: S608
        f"{change} END IF; END $$;",
        migrations.RunSQL.noop,
    )


class Migration(migrations.Migration):
    dependencies = [("execution", "0001_initial")]

    operations = [
        migrations.RunSQL(REFUSE, REFUSE_REVERSE),
        migrations.RunSQL(TRANSACTIONS, TRANSACTIONS_REVERSE),
        migrations.RunSQL(SAFE_TRANSACTIONS, SAFE_TRANSACTIONS_REVERSE),
        migrations.RunSQL(ATTEMPTS, ATTEMPTS_REVERSE),
        migrations.RunSQL(CONFIRMATIONS, CONFIRMATIONS_REVERSE),
        migrations.RunSQL(BREAKS, BREAKS_REVERSE),
        *(never_removed(table, "UPDATE OR DELETE") for table in APPEND_ONLY),
        *(never_removed(table, "DELETE") for table in GUARDED),
        rights(APPEND_ONLY, "SELECT, INSERT"),
        rights(GUARDED, "SELECT, INSERT, UPDATE"),
    ]
