"""Rejections of two plans that stood at one nonce have the same hash, so it is unique among the others only.
What a rejection rejects, and whose a member's signature is, never changes."""

from django.db import migrations, models

MEMBER_FIXED = ("public_id", "safe_transaction_id", "owner", "member", "created_at")


def changed(names: tuple[str, ...]) -> str:
    return " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in names)


GUARDS = f"""
CREATE FUNCTION execution_guard_rejection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {changed(("rejects_id",))} THEN
    RAISE EXCEPTION 'what a rejection rejects does not change'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_rejection BEFORE UPDATE ON execution_safetransaction
  FOR EACH ROW EXECUTE FUNCTION execution_guard_rejection();

CREATE FUNCTION execution_guard_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF {changed(MEMBER_FIXED)} THEN
    RAISE EXCEPTION 'whose signature it is does not change'
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_member BEFORE UPDATE ON execution_memberconfirmation
  FOR EACH ROW EXECUTE FUNCTION execution_guard_member();
CREATE TRIGGER append_only BEFORE DELETE ON execution_memberconfirmation
  FOR EACH ROW EXECUTE FUNCTION execution_refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON execution_memberconfirmation
  FOR EACH STATEMENT EXECUTE FUNCTION execution_refuse_change();
"""
GUARDS_REVERSE = """
DROP TRIGGER no_truncate ON execution_memberconfirmation;
DROP TRIGGER append_only ON execution_memberconfirmation;
DROP TRIGGER guard_member ON execution_memberconfirmation;
DROP FUNCTION execution_guard_member();
DROP TRIGGER guard_rejection ON execution_safetransaction;
DROP FUNCTION execution_guard_rejection();
"""
RIGHTS = """
DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ballast_app') THEN
  REVOKE ALL ON execution_memberconfirmation FROM ballast_app;
  GRANT SELECT, INSERT, UPDATE ON execution_memberconfirmation TO ballast_app;
END IF; END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("execution", "0003_people")]

    operations = [
        migrations.RemoveConstraint(model_name="safetransaction", name="safe_tx_unique_hash"),
        migrations.AddConstraint(
            model_name="safetransaction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("parent__isnull", True), ("rejects__isnull", True)),
                fields=("safe_tx_hash",),
                name="safe_tx_unique_hash",
            ),
        ),
        migrations.RunSQL(GUARDS, GUARDS_REVERSE),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
