"""Nobody approves an operator's proposal that they triggered themselves, whoever writes the row."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION governance_guard_own_approval() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.kind = 'APPROVE' AND EXISTS (
    SELECT 1 FROM governance_proposal
    WHERE id = NEW.proposal_id AND author_id = NEW.user_id AND route = 'OPERATOR'
  ) THEN
    RAISE EXCEPTION 'who triggered a proposal does not approve it' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard_own_approval BEFORE INSERT ON governance_approval
  FOR EACH ROW EXECUTE FUNCTION governance_guard_own_approval();
"""
REVERSE = """
DROP TRIGGER guard_own_approval ON governance_approval;
DROP FUNCTION governance_guard_own_approval();
"""


class Migration(migrations.Migration):
    dependencies = [("governance", "0007_rest")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
