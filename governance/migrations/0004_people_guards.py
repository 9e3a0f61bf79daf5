"""What people said of a proposal, and where the audit chain was anchored, is appended and never changed."""

from django.db import migrations

APPEND_ONLY = (
    "governance_comment",
    "governance_acknowledgement",
    "governance_answer",
    "governance_auditanchor",
    "governance_importedproposal",
)


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
    dependencies = [("governance", "0003_people")]

    operations = [
        *(append_only(table) for table in APPEND_ONLY),
        rights(APPEND_ONLY, "SELECT, INSERT"),
    ]
