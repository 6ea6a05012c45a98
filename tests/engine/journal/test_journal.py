"""The journal: what was written is read back, and damage of every kind is found and said."""

import os
import subprocess
import sys

import numpy as np
import pytest

from stackedmm.core import rows
from stackedmm.core.rows import COMMAND, ROW
from stackedmm.engine import journal
from stackedmm.engine.journal import Journal, frames, read, segments, thin
from stackedmm.errors import JournalError


def market_rows(count, seed=1):
    """Rows of every bit, of market kinds."""
    random = np.random.default_rng(seed)
    made = np.frombuffer(random.bytes(count * ROW.itemsize), ROW).copy()
    made["kind"] = random.integers(rows.DEPTH, rows.GAP + 1, count)
    return made


def said(count, first=0):
    made = np.zeros(count, ROW)
    made["kind"] = rows.PARAM
    made["qty"] = np.arange(first, first + count)
    return made


def commands(count):
    made = np.zeros(count, COMMAND)
    random = np.random.default_rng(count)
    made["kind"] = random.choice([rows.PLACE, rows.CANCEL, rows.QUERY], count)
    made["ref"], made["px"] = np.arange(count), random.integers(1, 1 << 40, count)
    placed = made["kind"] == rows.PLACE
    for name in frames.EXPLAINED:
        made[name][placed] = random.normal(size=(int(placed.sum()), made[name].shape[1]))
    made["answers"][:, 5:] = np.where(placed[:, None], np.nan, 0.0)
    return made


def small(folder):
    """A journal of a few frames of every kind."""
    with_all = Journal(folder)
    with_all.blob("config", b'{"base_coin":"BERA"}')
    with_all.rows(market_rows(3))
    with_all.commands(commands(4), 3)
    with_all.flush()
    with_all.note({"who": "someone", "text": "said"})
    with_all.rows(said(2))
    with_all.answers(market_rows(1, 2), 4)
    with_all.flush()
    with_all.close({"hash": "ab"})
    return segments(folder)[0]


def everything(folder):
    """All frames as plain values."""
    contents = read(folder)
    return [(f.kind, f.number, f.items, bytes(f.payload)) for f in contents], contents


def test_what_is_written_is_read_back(tmp_path):
    written = Journal(tmp_path, instance="here")
    whole, asked = market_rows(1000), commands(60)
    assert written.rows(whole[:400]) == 1
    written.commands(asked, 400)
    written.blob("rules", b"\x00\xff" * 100)
    assert written.rows(whole[400:]) == 401
    written.answers(said(3), 1000)
    written.close({"hash": "x"})
    found, contents = everything(tmp_path)
    assert [kind for kind, *_ in found] == [
        journal.HEADER, journal.ROWS, journal.COMMANDS, journal.BLOB, journal.ROWS, journal.ANSWERS, journal.END,
    ]  # fmt: skip
    header = contents.layout
    assert (header["instance"], header["epoch"], contents.number, contents.torn) == ("here", 1, 1000, None)
    frames_found = list(read(tmp_path))
    assert np.concatenate([r for _, r in read(tmp_path).rows()]).tobytes() == whole.tobytes()
    again = frames.commands_in(frames_found[2], header)
    for name in COMMAND.names:
        np.testing.assert_array_equal(again[name], asked[name])
    assert list(read(tmp_path).blobs()) == [(400, "rules", b"\x00\xff" * 100)]


def test_a_later_layout_reads_an_earlier_one_by_its_names(tmp_path, monkeypatch):
    small(tmp_path)
    (frame,) = [f for f in read(tmp_path) if f.kind == journal.COMMANDS]
    layout = read(tmp_path)
    next(iter(layout))
    older = {**layout.layout, "row": [f for f in ROW.descr if f[0] != "lag_us"]}
    assert len(frames.commands_in(frame, older)) == 4
    rows_frame = frame._replace(kind=journal.ROWS, items=1, payload=memoryview(bytes(range(36))))
    found = frames.rows_in(rows_frame, older)
    assert (found.dtype, found["lag_us"][0], found["ts"][0]) == (ROW, 0, int.from_bytes(bytes(range(8)), "little"))


def test_nothing_is_in_the_file_before_the_flush_and_all_of_it_after(tmp_path):
    written = Journal(tmp_path)
    written.rows(market_rows(10))
    assert read(tmp_path).number == 0
    assert everything(tmp_path)[1].number == 0
    written.flush()
    assert everything(tmp_path)[1].number == 10
    written.close()


def test_each_opening_begins_an_epoch_and_goes_on_counting(tmp_path):
    for epoch in (1, 2, 3):
        written = Journal(tmp_path)
        assert (written.epoch, written.number) == (epoch, 5 * (epoch - 1))
        written.rows(market_rows(5))
        written.close()
    assert [h["epoch"] for h in everything(tmp_path)[1].headers] == [1, 2, 3]


def test_a_second_writer_is_refused(tmp_path):
    first = Journal(tmp_path)
    with pytest.raises(JournalError, match="another process writes"):
        Journal(tmp_path)
    first.close()
    Journal(tmp_path).close()


def test_cut_at_every_byte_the_whole_frames_before_it_are_read_and_the_rest_is_said(tmp_path):
    path = small(tmp_path)
    whole = path.read_bytes()
    expected, _ = everything(tmp_path)
    ends = [f.offset + 40 + len(f.payload) for f in read(tmp_path)]
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        found, contents = everything(tmp_path)
        sound = sum(end <= cut for end in ends)
        assert found == expected[:sound]
        clean = cut in (0, *ends)
        assert (contents.torn is None) == clean
        if contents.torn:
            assert contents.torn.offset + contents.torn.lost == cut
            assert f"torn at byte {contents.torn.offset}" in str(contents.torn)


def test_a_journal_cut_anywhere_is_opened_again_and_goes_on(tmp_path):
    whole = small(tmp_path / "whole").read_bytes()
    for cut in range(0, len(whole), 7):
        folder = tmp_path / str(cut)
        folder.mkdir()
        (folder / "00000001.journal").write_bytes(whole[:cut])
        before, _ = everything(folder)
        written = Journal(folder)
        number = written.number
        written.rows(market_rows(2))
        written.close()
        after, contents = everything(folder)
        assert contents.torn is None
        assert contents.number == number + 2
        assert [f for f in after if f[0] != journal.HEADER][: len(before) - 1] == before[1:]


def tried(folder):
    """Frames and contents, or why they could not be read."""
    try:
        return *everything(folder), ""
    except JournalError as error:
        return [], None, str(error)


def test_a_flipped_bit_is_always_found(tmp_path):
    path = small(tmp_path)
    whole = path.read_bytes()
    expected, _ = everything(tmp_path)
    last = list(read(tmp_path))[-1].offset
    for at in range(len(whole)):
        for bit in (0, 3, 7):
            path.write_bytes(whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :])
            found, contents, refused = tried(tmp_path)
            if refused:
                assert "damaged at byte" in refused or "expected one header" in refused
                continue
            # Only the last frame may pass for a write cut short, and then it is left out and said.
            assert at >= last
            assert found == expected[:-1]
            assert contents.torn is not None
            assert contents.torn.offset == last


def test_zeros_behind_the_end_are_a_torn_end_and_zeros_in_the_middle_are_damage(tmp_path):
    path = small(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole + bytes(5000))
    assert everything(tmp_path)[1].torn.lost == 5000
    third = list(read(tmp_path))[3].offset
    path.write_bytes(whole[:third] + bytes(100) + whole[third + 100 :])
    with pytest.raises(JournalError, match=f"damaged at byte {third} .* next sound frame is at byte"):
        everything(tmp_path)


def test_a_missing_segment_and_a_torn_one_in_the_middle_are_refused(tmp_path):
    for _ in range(3):
        small_one = Journal(tmp_path)
        small_one.rows(market_rows(4))
        small_one.close()
    paths = segments(tmp_path)
    whole = paths[1].read_bytes()
    paths[1].write_bytes(whole[:-3])
    with pytest.raises(JournalError, match="damaged"):
        everything(tmp_path)
    paths[1].unlink()
    with pytest.raises(JournalError, match="every one in between"):
        everything(tmp_path)


def test_segments_follow_each_other_and_those_before_a_number_are_skipped(tmp_path):
    written = Journal(tmp_path, segment_bytes=4000)
    for i in range(40):
        written.rows(market_rows(50, i))
        written.flush()
    written.close()
    assert len(segments(tmp_path)) > 10
    numbers = np.concatenate([n for n, _ in read(tmp_path).rows()])
    assert (numbers == np.arange(1, 2001)).all()
    late = read(tmp_path, after=1500)
    numbers = np.concatenate([n for n, _ in late.rows()])
    assert numbers[0] <= 1501
    assert numbers[0] > 1300
    assert numbers[-1] == 2000


def test_a_quota_drops_market_rows_and_nothing_else(tmp_path):
    written = Journal(tmp_path, segment_bytes=4000)
    for i in range(20):
        written.rows(np.concatenate([market_rows(50, i), said(1, i), market_rows(3, i)]))
        written.commands(commands(2), written.number)
        written.flush()
    written.keep_after = 700
    before = sum(p.stat().st_size for p in segments(tmp_path))
    assert not thin.within(tmp_path, before // 3, written.keep_after, written._segment)
    assert not thin.within(tmp_path, before // 3, written.keep_after, written._segment)
    written.close()
    contents = read(tmp_path)
    numbers, kept = zip(*contents.rows(), strict=True)
    numbers, kept = np.concatenate(numbers), np.concatenate(kept)
    assert contents.thinned
    assert contents.number == 20 * 54
    assert (kept["qty"][kept["kind"] == rows.PARAM] == np.arange(20)).all()
    assert (numbers[kept["kind"] == rows.PARAM] == np.arange(20) * 54 + 51).all()
    assert set(range(701, 1081)) <= set(numbers.tolist())
    assert (numbers < 600).sum() < 100
    assert sum(f.kind == journal.COMMANDS for f in read(tmp_path)) == 20
    assert thin.within(tmp_path, before, 0, 99)


FULL = """
import resource, signal, sys
import numpy as np
from stackedmm.core.rows import ROW
from stackedmm.engine.journal import Journal
from stackedmm.errors import JournalError
ROOM = 2_000_000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
written = Journal(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (ROOM, resource.RLIM_INFINITY))
done = 0
try:
    while True:
        written.rows(np.zeros(997, ROW))
        written.flush()
        done = written.number
except JournalError as error:
    print(done, error)
if "again" in sys.argv:
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    written.flush()
    written.close()
"""


@pytest.mark.parametrize("again", [False, True])
def test_a_full_disk_is_an_error_that_leaves_whole_frames_and_what_waits_goes_in_later(tmp_path, again):
    command = [sys.executable, "-c", FULL, str(tmp_path), "again" if again else "not"]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    done, _, error = answer.stdout.partition(" ")
    assert "the disk is full" in error
    contents = everything(tmp_path)[1]
    assert contents.torn is None
    assert contents.number == int(done) + 997 * again > 0


KILLED = """
import sys
import numpy as np
from stackedmm.core.rows import ROW
from stackedmm.engine.journal import Journal
written = Journal(sys.argv[1], segment_bytes=200_000)
while True:
    written.rows(np.zeros(100, ROW)); written.flush()
    print(written.number, flush=True)
"""


def test_killed_at_any_moment_every_row_said_to_be_written_is_there(tmp_path):
    told = 0
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(50 + os.getpid() % 40):
            told = int(process.stdout.readline())
        process.kill()
        told = max([told, *map(int, process.stdout.read().split("\n")[:-1])])
        process.wait()
        process.stdout.close()
        assert everything(tmp_path)[1].number >= told
