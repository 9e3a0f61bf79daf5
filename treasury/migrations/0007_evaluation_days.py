"""An evaluation that did not fire may be deleted once its day is summed up; nothing else of the
record may change. The summary is a record itself.

The application's role still has no right to delete: it calls a function that runs with the
owner's rights, and the trigger judges each row even then."""

from django.db import migrations

GUARD = """
CREATE FUNCTION treasury_decision_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' AND NOT OLD.is_fired
    AND EXISTS (SELECT 1 FROM treasury_decision WHERE tier_id = OLD.tier_id AND id > OLD.id)
    AND EXISTS (
      SELECT 1 FROM treasury_evaluationday AS summed
        JOIN treasury_snapshot AS taken ON taken.id = OLD.snapshot_id
      WHERE summed.tier_id = OLD.tier_id AND summed.policy_version_id = OLD.policy_version_id
        AND OLD.id BETWEEN summed.first_decision AND summed.last_decision
        AND summed.day = (to_timestamp(taken.block_timestamp) AT TIME ZONE 'UTC')::date
        AND taken.block_timestamp <= -604800 + (
          SELECT max(block_timestamp) FROM treasury_snapshot WHERE treasury_id = taken.treasury_id))
  THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege';
END $$;

DROP TRIGGER append_only ON treasury_decision;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON treasury_decision
  FOR EACH ROW EXECUTE FUNCTION treasury_decision_guard();

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON treasury_evaluationday
  FOR EACH ROW EXECUTE FUNCTION treasury_refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON treasury_evaluationday
  FOR EACH STATEMENT EXECUTE FUNCTION treasury_refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON treasury_loganswer
  FOR EACH ROW EXECUTE FUNCTION treasury_refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON treasury_loganswer
  FOR EACH STATEMENT EXECUTE FUNCTION treasury_refuse_change();

CREATE FUNCTION treasury_forget_evaluations(summary bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE forgotten bigint;
BEGIN
  DELETE FROM treasury_decision AS old
    USING treasury_evaluationday AS summed, treasury_snapshot AS taken
    WHERE summed.id = summary AND taken.id = old.snapshot_id AND NOT old.is_fired
      AND old.tier_id = summed.tier_id AND old.policy_version_id = summed.policy_version_id
      AND old.id BETWEEN summed.first_decision AND summed.last_decision
      AND summed.day = (to_timestamp(taken.block_timestamp) AT TIME ZONE 'UTC')::date;
  GET DIAGNOSTICS forgotten = ROW_COUNT;
  RETURN forgotten;
END $$;
REVOKE ALL ON FUNCTION treasury_forget_evaluations(bigint) FROM PUBLIC;

DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ballast_app') THEN
    GRANT EXECUTE ON FUNCTION treasury_forget_evaluations(bigint) TO ballast_app;
    REVOKE ALL ON treasury_evaluationday, treasury_loganswer FROM ballast_app;
    GRANT SELECT, INSERT ON treasury_evaluationday, treasury_loganswer TO ballast_app;
  END IF;
END $$;
"""
GUARD_REVERSE = """
DROP TRIGGER no_truncate ON treasury_loganswer;
DROP TRIGGER append_only ON treasury_loganswer;
DROP TRIGGER no_truncate ON treasury_evaluationday;
DROP TRIGGER append_only ON treasury_evaluationday;
DROP TRIGGER append_only ON treasury_decision;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON treasury_decision
  FOR EACH ROW EXECUTE FUNCTION treasury_refuse_change();
DROP FUNCTION treasury_decision_guard();
DROP FUNCTION treasury_forget_evaluations(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("treasury", "0006_triggers")]

    operations = [migrations.RunSQL(GUARD, GUARD_REVERSE)]
