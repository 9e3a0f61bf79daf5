"""Lookups in the audit chain by object, actor and action, as its page filters them."""

from django.db import migrations

MEMBERS = ("object_id", "actor", "action")
FORWARD = (
    "".join(
        f"CREATE INDEX audit_event_{name} ON audit_event ((payload ->> '{name}'), id);\n"
        for name in MEMBERS
    )
    + "CREATE INDEX audit_event_at ON audit_event (at);\n"
)
REVERSE = "".join(f"DROP INDEX audit_event_{name};\n" for name in (*MEMBERS, "at"))


class Migration(migrations.Migration):
    dependencies = [("treasury", "0003_overview")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
