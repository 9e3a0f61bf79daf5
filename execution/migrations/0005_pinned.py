"""How each Safe has to be set up, appended and never changed, and how it was found last."""

import functools

import django.db.models.deletion
from django.db import migrations, models

import treasury.models.fields

PINS = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON execution_pinnedconfiguration
  FOR EACH ROW EXECUTE FUNCTION execution_refuse_change();
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON execution_pinnedconfiguration
  FOR EACH STATEMENT EXECUTE FUNCTION execution_refuse_change();
"""
PINS_REVERSE = """
DROP TRIGGER no_truncate ON execution_pinnedconfiguration;
DROP TRIGGER append_only ON execution_pinnedconfiguration;
"""
RIGHTS = """
DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'ballast_app') THEN
  REVOKE ALL ON execution_pinnedconfiguration, execution_observedconfiguration FROM ballast_app;
  GRANT SELECT, INSERT ON execution_pinnedconfiguration TO ballast_app;
  GRANT SELECT, INSERT, UPDATE ON execution_observedconfiguration TO ballast_app;
END IF; END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("execution", "0004_signatures"),
        ("treasury", "0005_latest_and_series"),
    ]

    operations = [
        migrations.CreateModel(
            name="PinnedConfiguration",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "public_id",
                    models.CharField(
                        default=functools.partial(treasury.models.fields.new_public_id, *("pin",)),
                        editable=False,
                        max_length=40,
                        unique=True,
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("configuration", models.JSONField()),
                ("accepted_by", models.JSONField(default=list)),
                ("block_number", models.PositiveBigIntegerField()),
                ("block_hash", models.CharField(max_length=66)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "safe",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="treasury.safeaccount",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ObservedConfiguration",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("configuration", models.JSONField()),
                ("is_answering", models.BooleanField(default=True)),
                ("block_number", models.PositiveBigIntegerField()),
                ("block_hash", models.CharField(max_length=66)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                (
                    "safe",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="treasury.safeaccount",
                    ),
                ),
                (
                    "pin",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="execution.pinnedconfiguration",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="pinnedconfiguration",
            constraint=models.UniqueConstraint(fields=("safe", "number"), name="pin_number_unique"),
        ),
        migrations.RunSQL(PINS, PINS_REVERSE),
        migrations.RunSQL(RIGHTS, migrations.RunSQL.noop),
    ]
