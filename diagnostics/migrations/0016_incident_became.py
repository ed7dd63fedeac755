"""An incident turns into another where the cause changes; and one may end because nobody looks any more."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("diagnostics", "0015_audit_append_only"),
    ]

    operations = [
        migrations.AddField(
            model_name="incident",
            name="became",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="came_from",
                to="diagnostics.incident",
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="event",
            field=models.CharField(
                choices=[
                    ("opened", "Broken"),
                    ("changed", "Broken otherwise"),
                    ("reminder", "Still broken"),
                    ("recovered", "Recovered"),
                    ("ended", "No longer looked at"),
                    ("test", "Test"),
                ],
                max_length=10,
            ),
        ),
    ]
