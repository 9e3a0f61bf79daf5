"""What the database itself refuses, whoever asks: a proposal goes only where the state table lets it, what
it was made of never changes, and people's decisions are appended, never changed.

The moves are written out here and not read from the code, because a migration is history; a test compares
them with `governance.core.lifecycle.MOVES`."""

from django.db import migrations

MOVES = (
    ("DRAFT", ("PROPOSED", "REJECTED", "SUPERSEDED")),
    (
        "PROPOSED",
        (
            "COLLECTING",
            "READY",
            "DONE",
            "REJECTED",
            "VETOED",
            "SUPERSEDED",
            "EXPIRED",
            "FROZEN",
        ),
    ),
    ("COLLECTING", ("READY", "REJECTED", "VETOED", "SUPERSEDED", "EXPIRED", "FROZEN")),
    ("READY", ("HANDED_OVER", "COLLECTING", "VETOED", "SUPERSEDED", "EXPIRED", "FROZEN")),
    ("HANDED_OVER", ("DONE", "READY", "FROZEN")),
    ("DONE", ("HANDED_OVER",)),
    ("FROZEN", ("PROPOSED", "COLLECTING", "READY", "HANDED_OVER", "REJECTED")),
)
FIXED = (
    "public_id",
    "tier_id",
    "decision_id",
    "policy_version_id",
    "policy_hash",
    "intent_key",
    "route",
    "author_id",
    "value_usd",
    "estimated_cost_usd",
    "triggered_at",
    "expires_at",
)
SET_ONCE = ("plan_id", "safe_transaction_id")
APPEND_ONLY = ("governance_approval", "governance_policyapproval")

PAIRS = ", ".join(f"('{old}', '{new}')" for old, news in MOVES for new in news)
CHANGED = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in FIXED)
CHANGED_ONCE = " OR ".join(
    f"(OLD.{name} IS NOT NULL AND NEW.{name} IS DISTINCT FROM OLD.{name})" for name in SET_ONCE
)

PROPOSALS = f"""
CREATE FUNCTION governance_guard_proposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE EXCEPTION 'a proposal is never deleted' USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state NOT IN ('DRAFT', 'PROPOSED') THEN
      RAISE EXCEPTION 'a proposal does not begin as %', NEW.state USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  IF {CHANGED} OR {CHANGED_ONCE} THEN
    RAISE EXCEPTION 'what a proposal was made of does not change'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF NEW.state <> OLD.state THEN
    IF (OLD.state, NEW.state) NOT IN ({PAIRS}) THEN
      RAISE EXCEPTION 'a proposal does not go from % to %', OLD.state, NEW.state
        USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'DONE' AND OLD.outcome <> 'EXECUTED' THEN
      RAISE EXCEPTION 'only an executed proposal comes back' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'FROZEN' AND NEW.state NOT IN (OLD.frozen_from, 'REJECTED') THEN
      RAISE EXCEPTION 'a frozen proposal goes back to where it was'
        USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.version <= OLD.version THEN
      RAISE EXCEPTION 'a move counts the version on' USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER guard_proposal BEFORE INSERT OR UPDATE OR DELETE ON governance_proposal
  FOR EACH ROW EXECUTE FUNCTION governance_guard_proposal();
"""
PROPOSALS_REVERSE = """
DROP TRIGGER guard_proposal ON governance_proposal;
DROP FUNCTION governance_guard_proposal();
"""

REFUSE = """
CREATE FUNCTION governance_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege';
END $$;
"""
REFUSE_REVERSE = "DROP FUNCTION governance_refuse_change();"


def append_only(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
          FOR EACH ROW EXECUTE FUNCTION governance_refuse_change();
        CREATE TRIGGER no_truncate BEFORE TRUNCATE ON {table}
          FOR EACH STATEMENT EXECUTE FUNCTION governance_refuse_change();
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
    dependencies = [("governance", "0001_initial")]

    operations = [
        migrations.RunSQL(PROPOSALS, PROPOSALS_REVERSE),
        migrations.RunSQL(REFUSE, REFUSE_REVERSE),
        *(append_only(table) for table in APPEND_ONLY),
        rights(APPEND_ONLY, "SELECT, INSERT"),
        rights(("governance_proposal",), "SELECT, INSERT, UPDATE"),
    ]
