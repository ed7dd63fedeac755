"""The data folder: permissions, ownership and keys."""

import os

import pytest

from config.embedded.data_dir import DataDir


def test_its_folders_are_private(data: DataDir) -> None:
    data.make()
    assert {folder.stat().st_mode & 0o777 for folder in (data.keys, data.logs, data.locks)} == {0o700}


def test_a_folder_that_exists_keeps_its_permissions(data: DataDir) -> None:
    data.path.chmod(0o750)
    data.make()
    assert data.path.stat().st_mode & 0o777 == 0o750


def test_an_empty_key_file_is_reported_and_not_replaced(data: DataDir) -> None:
    data.make()
    (data.keys / "field_encryption_keys").write_text("")
    with pytest.raises(SystemExit, match="is empty"):
        data.encryption_keys()
    assert (data.keys / "field_encryption_keys").read_text() == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(data: DataDir) -> None:
    data.make()
    os.chown(data.keys, 65534, 65534)
    with pytest.raises(SystemExit, match="another user"):
        data.make()


def test_a_recorded_folder_can_be_read(data: DataDir) -> None:
    data.make()
    assert data.recorded_folder("postgres-home") is None
    data.record_folder("postgres-home", data.path / "x")
    assert data.recorded_folder("postgres-home") == data.path / "x"
