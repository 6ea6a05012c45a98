"""`stackedmm config`, by the handlers it registers."""

import argparse
import json
import resource
import signal

import pytest

from stackedmm.cli.config import add
from stackedmm.config import ConfigTemplates, loads


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add(parser.add_subparsers(required=True))
    args = parser.parse_args(["config", *map(str, words)])
    return args.run(args)


@pytest.fixture
def old(tmp_path):
    """A file in older spellings, without a deviation."""
    file = tmp_path / "old.json"
    inventory = {"target_inventory": "1000", "max_inventory_deviation": 0}
    lines = [{"hourly_quantity": 5}]
    document = {"base_coin": "BERA", "exchanges": ["binance"], "inventory_config": inventory, "tob_lines": lines}
    file.write_text(json.dumps({"config": document}))
    return file


def test_a_template_it_prints_is_valid_by_its_own_judgement(tmp_path, capsys):
    assert run("template", "conservative_bera_usdt") == 0
    file = tmp_path / "c.json"
    file.write_text(capsys.readouterr().out)
    assert run("validate", file) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{file}: valid, digest {ConfigTemplates.conservative_bera_usdt().digest()}\n"
    assert printed.err == ""


def test_a_file_that_is_not_valid_is_explained_on_stderr(tmp_path, capsys):
    file = tmp_path / "c.json"
    file.write_text('{"base_coin": "BERA", "exchanges": [], "inventory": {}, "tob_lines": [{"hourly_qty": 1}]}')
    assert run("validate", file) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "tob_lines[0].hourly_qty: unknown; did you mean hourly_quantity?" in printed.err.split("\n")


def test_a_missing_file_is_explained_on_stderr(tmp_path, capsys):
    assert run("validate", tmp_path / "none.json") == 2
    assert "none.json: cannot be read: No such file or directory" in capsys.readouterr().err


def test_what_to_think_about_twice_is_said_on_stderr_and_refuses_nothing(tmp_path, capsys):
    file = tmp_path / "c.json"
    document = json.loads(ConfigTemplates.conservative_bera_usdt().to_json())
    document |= {"taker_check": False, "time_periods": ["5min"]}
    document["tob_lines"][0]["enabled"] = False
    file.write_text(json.dumps(document))
    assert run("validate", file) == 0
    notes = capsys.readouterr().err.split("\n")
    assert [note.partition(":")[0] for note in notes if note] == ["note"] * 3
    assert "lines with both sides off: tob-1" in notes[2]


def test_the_schema_is_json(capsys):
    assert run("schema") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "StackedMarketMakingConfig"


def test_an_unknown_template_is_refused(capsys):
    with pytest.raises(SystemExit) as refusal:
        run("template", "reckless")
    assert refusal.value.code == 2
    assert "conservative_bera_usdt" in capsys.readouterr().err


def test_an_import_asks_for_a_deviation_and_then_prints_todays_spelling(old, capsys):
    assert run("import", old) == 2
    assert "give the value to use in its place" in capsys.readouterr().err
    assert run("import", old, "--deviation", "500") == 0
    printed = capsys.readouterr()
    assert loads(printed.out).inventory.max_inventory_deviation == 500
    assert "warning: inventory_config: read as inventory" in printed.err.split("\n")


def test_an_import_writes_a_file_and_never_over_one(old, tmp_path, capsys):
    out = tmp_path / "new.json"
    assert run("import", old, "-o", out, "--deviation", "500") == 0
    assert loads(out.read_text()).base_coin == "BERA"
    assert capsys.readouterr().out == ""
    before = out.read_bytes()
    assert run("import", old, "-o", out, "--deviation", "900") == 2
    assert "cannot be written: File exists" in capsys.readouterr().err
    assert out.read_bytes() == before


def test_an_import_onto_a_full_disk_leaves_nothing(old, tmp_path, capsys):
    out = tmp_path / "new.json"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        code = run("import", old, "-o", out, "--deviation", "500")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert code == 2
    assert "new.json: cannot be written: File too large" in capsys.readouterr().err
    assert not out.exists()


def test_a_rule_value_in_the_words_of_a_slider_is_told_how_to_nest(tmp_path, capsys):
    file = tmp_path / "c.json"
    document = json.loads(ConfigTemplates.conservative_bera_usdt().to_json())
    document["rules"]["values"] = {"lean.strength": "5"}
    file.write_text(json.dumps(document))
    assert run("validate", file) == 2
    assert 'the rule and the parameter nested: {"lean": {"strength": ...}}' in capsys.readouterr().err
