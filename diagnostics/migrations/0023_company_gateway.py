"""The address of a company's own gateway in front of the API, by which the URLs of pasted calls are judged."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("diagnostics", "0022_audit_without_texts")]

    operations = [
        migrations.AddField(
            model_name="oauthclient",
            name="company_gateway",
            field=models.CharField(blank=True, db_default="", default="", max_length=300),
        )
    ]
