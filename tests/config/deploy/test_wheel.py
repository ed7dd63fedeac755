"""The wheel works without the checkout."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from config.embedded.data_dir import PROJECT

# Does what the console script does, and then shows where its files are.
PROBE = """
import json, sys
sys.argv = ["cobrowse-doctor", "parse", "call.txt", "--json"]
from config.command_line import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import get_template
from diagnostics import product
files = [get_template("account/login.html").origin.name, finders.find("app.css")]
print(json.dumps({"data": str(settings.DATA_DIR), "version": product.version(), "files": files}))
"""


def test_wheel_has_all_files_and_keeps_its_data_with_the_user(tmp_path: Path) -> None:
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    assert {path.name for path in site.iterdir() if path.suffix != ".dist-info"} == {"config", "diagnostics"}
    (tmp_path / "call.txt").write_text("POST https://api.mypurecloud.com/api/v2/conversations/chat/x/cobrowse")
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(site), "XDG_DATA_HOME": str(tmp_path / "user")}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "/api/v2/conversations/chat/x/cobrowse" in done.stdout
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["data"] == str(tmp_path / "user" / "cobrowse-doctor")
    assert facts["version"] in wheel.name
    assert all(Path(file).is_relative_to(site) for file in facts["files"])
