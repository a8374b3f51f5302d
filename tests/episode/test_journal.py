"""A change of a file happens whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import pytest

from collector.episode import journal
from collector.episode.format import LIBVER
from collector.episode.overlay import lookup3, open_reading


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "signals.h5"
    with h5py.File(path, "w", libver=LIBVER) as target:
        target.attrs["outcome"] = "recording"
        target["numbers"] = range(1000)
    return path


def change(target: Any) -> None:
    target.attrs["outcome"] = "success, and a good deal more to say than before"
    target["numbers"][500] = -1
    for k in range(30):
        target.attrs[f"further {k}"] = "x" * k


def outcome(path: Path) -> str:
    with h5py.File(path) as source:
        return str(source.attrs["outcome"])


def test_an_edit_is_carried_out(file: Path) -> None:
    journal.edit(file, change)
    with h5py.File(file) as source:
        assert source.attrs["outcome"].startswith("success")
        assert source.attrs["further 29"] == "x" * 29
        assert source["numbers"][500] == -1
        assert source["numbers"][501] == 501
    assert not journal.journal_path(file).exists()


def test_a_change_that_fails_leaves_the_file_as_it_was(file: Path) -> None:
    before = file.read_bytes()

    def failing(target: Any) -> None:
        change(target)
        raise KeyError("no such attribute")

    with pytest.raises(KeyError):
        journal.edit(file, failing)
    assert file.read_bytes() == before


def test_a_kill_at_any_length_of_the_journal_or_of_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(journal, "replay", lambda path: False)
        journal.edit(file, change)
    lying = journal.journal_path(file)
    whole = lying.read_bytes()
    assert file.read_bytes() == old
    journal.replay(file)
    new = file.read_bytes()
    assert new != old

    for length in [*range(0, len(whole), 97), len(whole) - 1]:
        file.write_bytes(old)
        lying.write_bytes(whole[:length])
        assert not journal.replay(file)
        assert file.read_bytes() == old
        assert not lying.exists()

    # Killed while it was carried out: some of the writes are there.
    for changed in range(0, len(old), len(old) // 11):
        file.write_bytes(new[:changed] + old[changed:])
        lying.write_bytes(whole)
        assert journal.replay(file)
        assert file.read_bytes() == new
        assert outcome(file).startswith("success")


def test_the_checksum_is_hdf5s_own(file: Path) -> None:
    superblock = file.read_bytes()[:48]
    assert lookup3(superblock[:44]) == int.from_bytes(superblock[44:], "little")
    # From the author's own driver: hashlittle of this sentence, 30 bytes.
    assert lookup3(b"Four score and seven years ago") == 0x17770551


def test_a_file_that_was_never_closed_is_read(file: Path) -> None:
    with h5py.File(file, "r+", libver=LIBVER) as writer:
        writer.swmr_mode = True
        writer.flush()
        left = file.read_bytes()
    assert left[11] != 0
    file.write_bytes(left)
    with pytest.raises(OSError, match="open"):
        h5py.File(file)
    with open_reading(file) as source:
        assert source["numbers"][999] == 999
    assert file.read_bytes() == left


@pytest.mark.parametrize("size", [0, 30, 100, 5000])
def test_a_file_cut_short_is_an_error_at_once(file: Path, size: int) -> None:
    content = bytearray(file.read_bytes())
    content[11] = 5  # as a killed writer in SWMR mode leaves it
    file.write_bytes(content[:size])
    with pytest.raises((OSError, KeyError)), open_reading(file) as source:
        source["numbers"][()]


def test_without_a_journal_there_is_nothing_to_do(file: Path) -> None:
    assert not journal.replay(file)
