"""Texts and files that are not a configuration: each gets one clear refusal, with its place."""

import os
from pathlib import Path

import pytest

from stackedmm.config import ConfigTemplates, load, loads
from stackedmm.config import read as read_module
from stackedmm.errors import ConfigError

VALID = ConfigTemplates.conservative_bera_usdt().to_json(2)

REFUSED_TEXTS = {
    "empty": ("", "c.json:1:1: found nothing"),
    "blank": (" \n ", "found nothing"),
    "null": ("null", "the document: found null, expected an object"),
    "list": ("[]", "the document: found a list of 0, expected an object"),
    "a number": ("12", "the document: found 12, expected an object"),
    "byte order mark": ("\ufeff{}", "c.json:1:1: found a byte order mark"),
    "comma after the last member": ('{"base_coin": "BERA",\n}', "c.json:2:1: found a comma before }"),
    "comma after the last entry": ('{"exchanges": ["binance",]}', "c.json:1:26: found a comma before ]"),
    "line comment": ("{\n  // why\n}", "c.json:2:3: found a comment"),
    "block comment": ("/* why */ {}", "c.json:1:1: found a comment"),
    "hash comment": ("{} # why", "c.json:1:4: found a comment"),
    "single quotes": ("{'base_coin': 1}", "c.json:1:2: not JSON"),
    "string without end": ('{"base_coin": "BE', "c.json:1:15: not JSON"),
    "many escaped quotes without end": ('"' + '\\"' * 400_000, "c.json:1:1: not JSON"),
    "two documents": ("{} {}", "c.json:1:4: not JSON"),
    "deep lists": ("[" * 10_000 + "]" * 10_000, "c.json:1:33: found nesting deeper than 32"),
    "deep objects": ('{"a":' * 10_000, "found nesting deeper than 32"),
    "duplicate key": ('{"base_coin": "A",\n "base_coin": "B"}', 'c.json:2:2: found the key "base_coin" again'),
    "duplicate key, escaped": ('{"a": 1, "\\u0061": 2}', 'c.json:1:10: found the key "a" again'),
    "duplicate key inside": ('{"inventory": {"x": 1, "x": 2}}', 'c.json:1:24: found the key "x" again'),
    "NaN": ('{"leverage": NaN}', "c.json:1:14: found NaN, expected a finite number"),
    "Infinity": ('{"leverage": Infinity}', "c.json:1:14: found Infinity"),
    "negative infinity": ('{"leverage": -Infinity}', "c.json:1:14: found -Infinity"),
    "400 digits": ('{"leverage": ' + "1" * 400 + "}", "c.json:1:14: found a number of too many digits"),
    "5000 digits": ('{"leverage": ' + "1" * 5000 + "}", "c.json:1:14: found a number of too many digits"),
    "huge exponent": ('{"leverage": 1e999999}', "c.json:1:14: found a number of too many digits"),
    "absurd exponent": ('{"leverage": 1e-99999999999999999999}', "c.json:1:14: found a number of too many digits"),
    "more than a megabyte": ('{"a": "' + "x" * 1_000_000 + '"}', "c.json: more than 1000000 characters"),
    "control character": ('{"a": "\x01"}', "c.json:1:8: not JSON"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED_TEXTS.values(), ids=REFUSED_TEXTS)
def test_a_text_that_is_no_configuration_is_refused_with_its_place(text, said):
    with pytest.raises(ConfigError) as refusal:
        loads(text, "c.json")
    assert said in str(refusal.value)


def test_equal_keys_of_different_objects_are_no_duplicates():
    assert loads(VALID).tob_lines[0].timeout_seconds == 30
    assert VALID.count('"timeout_seconds"') == 2


def test_a_number_with_a_point_is_read_from_its_digits_and_never_through_a_float():
    text = VALID.replace('"spread_bps": "30"', '"spread_bps": 30.10000000000000000000000001')
    assert str(loads(text).tob_lines[0].spread_bps) == "30.10000000000000000000000001"


def test_a_file_reads_as_its_text(tmp_path: Path):
    file = tmp_path / "good.json"
    file.write_text(VALID)
    assert load(file) == load(str(file)) == loads(VALID)


def test_a_problem_in_a_file_is_named_with_line_and_column(tmp_path: Path):
    file = tmp_path / "bad.json"
    file.write_text('{\n  "base_coin": BERA\n}')
    with pytest.raises(ConfigError, match=r"bad\.json:2:16: not JSON"):
        load(file)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"\xef\xbb\xbf{}", ":1:1: found a byte order mark"),
        ("{}".encode("utf-16"), ":1:1: found UTF-16"),
        ("{}".encode("utf-16-be"), "not JSON"),
        (b"\xfe\xff\x00{\x00}", ":1:1: found UTF-16"),
        (b'{"base_coin":\n "\xff"}', ":2:3: found the byte 0xff, expected UTF-8"),
        (b"\x1f\x8b\x08\x00", ":1:2: found the byte 0x8b"),
    ],
)
def test_bytes_that_are_no_utf8_are_refused(tmp_path: Path, data, said):
    file = tmp_path / "bytes.json"
    file.write_bytes(data)
    with pytest.raises(ConfigError) as refusal:
        load(file)
    assert said in str(refusal.value)


def test_a_file_of_100_megabytes_is_refused_without_being_read(tmp_path: Path):
    file = tmp_path / "huge.json"
    with file.open("wb") as handle:
        handle.truncate(100_000_000)
    with pytest.raises(ConfigError, match="more than 1000000 bytes"):
        load(file)


def test_a_pipe_is_refused_at_once(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(ConfigError, match="not a regular file"):
        load(pipe)


def test_a_folder_is_refused(tmp_path: Path):
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["missing.json", "file/inside.json", "loop", "nul\0byte", "x" * 5000])
def test_what_cannot_be_opened_is_refused(tmp_path: Path, name):
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(f"{tmp_path}/{name}")


@pytest.mark.skipif(os.geteuid() == 0, reason="a superuser may read every file")
def test_a_file_without_permission_is_refused(tmp_path: Path):
    file = tmp_path / "closed.json"
    file.write_text(VALID)
    file.chmod(0)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied"):
        load(file)


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, monkeypatch):
    file = tmp_path / "moving.json"
    file.write_text(VALID)
    real, calls = os.fstat, []

    def fstat_then_write(descriptor):
        found = real(descriptor)
        calls.append(found)
        if len(calls) == 1:
            file.write_text(VALID + " ")
        return found

    monkeypatch.setattr(read_module.os, "fstat", fstat_then_write)
    with pytest.raises(ConfigError, match="changed while it was read"):
        load(file)


def test_a_file_replaced_by_renaming_gives_one_whole_version(tmp_path: Path):
    file, other = tmp_path / "c.json", tmp_path / "new.json"
    file.write_text(VALID)
    other.write_text(ConfigTemplates.aggressive_multi_currency().to_json())
    other.replace(file)
    assert load(file) == ConfigTemplates.aggressive_multi_currency()
