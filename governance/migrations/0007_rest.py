"""When a proposal or a halt was last changed, and how often a halt was."""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_identity")]

    operations = [
        migrations.AddField(
            model_name="halt",
            name="created_at",
            field=models.DateTimeField(auto_now_add=True, default=django.utils.timezone.now),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="halt", name="updated_at", field=models.DateTimeField(auto_now=True)
        ),
        migrations.AddField(
            model_name="halt", name="version", field=models.PositiveIntegerField(default=1)
        ),
        migrations.AddField(
            model_name="proposal", name="updated_at", field=models.DateTimeField(auto_now=True)
        ),
    ]
