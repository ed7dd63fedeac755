"""Where the sockets lie, when a path is too long, and when the temp folder was tampered with."""

import os
import tempfile
from pathlib import Path

import pytest

from config.local import sockets
from config.local.data_dir import DataDir


@pytest.fixture
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="t"))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def deep(tmp_path: Path) -> DataDir:
    folder = tmp_path / ("d" * 60) / ("e" * 60)
    folder.mkdir(parents=True)
    return DataDir(folder)


def prepare(data: DataDir) -> Path:
    sockets.prepare(data, "broker-socket", data.path / "broker", sockets.BROKER_SOCKET, None)
    return sockets.broker_file(data)


def test_a_short_path_stays_in_the_data_folder(temp: Path) -> None:
    data = DataDir(temp)
    assert prepare(data) == temp / "broker" / "broker.sock"
    assert (temp / "broker").stat().st_mode & 0o777 == 0o700


def test_a_long_path_moves_to_a_private_temp_folder_and_is_found_again(tmp_path: Path, temp: Path) -> None:
    data = deep(tmp_path)
    file = prepare(data)
    assert len(os.fsencode(file)) <= sockets.LONGEST
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert prepare(data) == file


@pytest.mark.parametrize("name", ["a b", "a,b", "a?b", "a%20b", "ä"])
def test_a_path_that_means_something_else_in_an_address_is_avoided(tmp_path: Path, temp: Path, name: str) -> None:
    data = DataDir(temp / name)
    data.path.mkdir()
    assert not prepare(data).is_relative_to(data.path)


def test_a_temp_folder_that_was_cleared_is_made_anew(tmp_path: Path, temp: Path) -> None:
    data = deep(tmp_path)
    first = prepare(data)
    first.parent.rmdir()
    assert prepare(data).parent.is_dir()


def test_a_temp_folder_that_became_a_link_or_open_is_not_trusted(tmp_path: Path, temp: Path) -> None:
    data = deep(tmp_path)
    first = prepare(data)
    first.parent.chmod(0o777)
    second = prepare(data)
    assert second != first
    second.parent.rmdir()
    second.parent.symlink_to(tmp_path)
    assert prepare(data) != second
