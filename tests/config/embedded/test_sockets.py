"""Locations of sockets: long or odd paths, and a temp folder that was tampered with."""

import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from config.embedded import broker, child, cluster, logs, postgres, sockets
from config.embedded.data_dir import DataDir


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
    assert len(os.fsencode(file)) <= sockets.MAX_PATH_BYTES
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert prepare(data) == file


@pytest.mark.parametrize("name", ["a b", "a,b", "a?b", "a%20b", "ä"])
def test_a_path_with_special_characters_is_avoided(tmp_path: Path, temp: Path, name: str) -> None:
    data = DataDir(temp / name)
    data.path.mkdir()
    assert not prepare(data).is_relative_to(data.path)


def test_a_removed_temp_folder_is_created_again(tmp_path: Path, temp: Path) -> None:
    data = deep(tmp_path)
    first = prepare(data)
    first.parent.rmdir()
    assert prepare(data).parent.is_dir()


def test_a_temp_folder_that_is_a_link_or_public_is_not_used(tmp_path: Path, temp: Path) -> None:
    data = deep(tmp_path)
    first = prepare(data)
    first.parent.chmod(0o777)
    second = prepare(data)
    assert second != first
    second.parent.rmdir()
    second.parent.symlink_to(tmp_path)
    assert prepare(data) != second


ODD_FOLDERS = [
    "with space",
    "umlaut-\u00fc-\u65e5\u672c",
    "quote'\"s",
    "100%-$HOME-#1",
    "d" * 120,
    ("e" * 90 + "/") * 3,
]


@pytest.mark.usefixtures("copied_database")
@pytest.mark.parametrize("name", ODD_FOLDERS)
def test_database_and_broker_start_in_any_folder(name: str) -> None:
    outer = Path(tempfile.mkdtemp(prefix="cd-"))
    outer.chmod(0o711)
    data = DataDir(outer / name)
    data.path.mkdir(parents=True)
    for folder in (data.path, *data.path.relative_to(outer).parents):
        (outer / folder).chmod(0o711)
    place = cluster.prepare(data)
    database = postgres.start(place)
    with logs.open_log(data.log("broker")) as log:
        queue = child.spawn(broker.argv(data), log=log)
    try:
        assert postgres.wait_until_ready(place, database), data.log("postgres").read_text()
        deadline = time.monotonic() + 20
        while not broker.is_ready(data):
            assert queue.poll() is None and time.monotonic() < deadline, data.log("broker").read_text()
            time.sleep(0.02)
        assert cluster.prepare(DataDir(data.path)).socket_folder == place.socket_folder
        for folder in (place.socket_folder, sockets.broker_folder(data)):
            assert folder.stat().st_mode & 0o777 == 0o700
    finally:
        queue.terminate()
        queue.wait(10)
        postgres.stop(database)
    moved = [each for each in (place.socket_folder, sockets.broker_folder(data)) if not each.is_relative_to(outer)]
    sockets.remove_temporary_folders(data)
    assert [each for each in moved if each.exists()] == []
    again = postgres.start(cluster.prepare(data))
    try:
        assert postgres.wait_until_ready(cluster.prepare(data), again)
    finally:
        postgres.stop(again)
        sockets.remove_temporary_folders(data)
        shutil.rmtree(outer)


def test_an_odd_temp_folder_is_not_used_for_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "with space"
    odd.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(odd))
    file = prepare(deep(tmp_path))
    assert sockets.is_usable(file.parent, sockets.BROKER_SOCKET)
    file.parent.rmdir()
