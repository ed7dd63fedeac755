"""Providers are found by the words of name and id, and by when they changed last."""

import datetime
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('diagnostics', '0012_run_source_time'),
    ]

    operations = [
        migrations.AddField(
            model_name='provider',
            name='words',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.text.Lower(django.db.models.functions.text.Concat('name', models.Value(' '), 'ref')), output_field=models.TextField()),
        ),
        migrations.AddIndex(
            model_name='provider',
            index=models.Index(django.db.models.functions.comparison.Coalesce('changed_at', models.Value(datetime.datetime(1970, 1, 1, 0, 0, tzinfo=datetime.timezone.utc)), output_field=models.DateTimeField()), models.F('id'), name='provider_last_change'),
        ),
    ]
