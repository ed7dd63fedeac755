from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnostics", "0004_run_repeats")]

    operations = [
        migrations.AddField(
            model_name="run",
            name="start_claimed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
