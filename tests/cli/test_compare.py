"""`stackedmm compare` and `stackedmm lookahead`: what the library says, on a screen and in files."""

import json

import pytest

import stackedmm as mm
from stackedmm.lab.running import Running

NAMES = ["stacked", "market making", "passive quoting", "volume-weighted top of book"]


@pytest.fixture
def compare(stackedmm, config_file, recording_file):
    """Compare the template with simpler strategies on a short file."""
    return lambda *words: stackedmm("compare", "--config", config_file, "--data", recording_file, *words)


@pytest.fixture
def lookahead(stackedmm, config_file, recording_file):
    """Check the template on a short file."""
    return lambda *words: stackedmm("lookahead", "--config", config_file, "--data", recording_file, *words)


def test_the_table_has_every_strategy_and_the_json_the_library_s_summary(compare, recording_file):
    code, out, err = compare("--fees", "1,5", "--seed", 3)
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 110
    for word in ("stacked", "market", "passive", "mark-out 10 s, bps", "quoted, both sides"):
        assert word in out
    code, out, _ = compare("--fees", "1,5", "--seed", 3, "--json", "--threads", 1)
    expected = mm.compare(mm.ConfigTemplates.conservative_bera_usdt(), recording_file, fees=(1, 5), seed=3).summary
    assert code == 0
    assert json.loads(out) == expected
    assert list(expected["strategies"]) == NAMES


def test_others_are_named_by_their_files_and_baselines_may_stay_away(compare, tmp_path):
    other = tmp_path / "fast.json"
    other.write_text(mm.ConfigTemplates.high_frequency_single_venue().to_json())
    code, out, _ = compare("--no-baselines", "--also", other, "--json", "--rules", "rules")
    assert code == 0
    assert list(json.loads(out)["strategies"]) == ["stacked", "stacked, no rules", "fast"]
    twice = tmp_path / "deep" / "fast.json"
    twice.parent.mkdir()
    twice.write_text(other.read_text())
    code, _, err = compare("--also", other, twice)
    assert (code, "have the same name" in err) == (2, True)


def test_table_results_and_picture_are_written(compare, tmp_path):
    words = ("--out", tmp_path / "out", "--picture", tmp_path / "c.svg", "--report", tmp_path / "c.html")
    code, _, _ = compare("--no-baselines", *words)
    assert code == 0
    assert {each.name for each in (tmp_path / "out").iterdir()} == {"comparison.csv", "comparison.json", "stacked"}
    assert {each.name for each in tmp_path.iterdir()} == {"out", "c.svg", "c.html"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--also", "nowhere.json"), "nowhere.json"),
        (("--threads", "0"), "threads: 0"),
        (("--picture", "c.bmp"), "expected a name that ends in"),
        (("--report", "c.pdf"), "expected a name that ends in .html"),
        (("--fees", "1"), "expected two numbers"),
        (("--start", "2030-01-01"), "no row lies"),
    ],
)
def test_bad_words_are_refused_before_anything_is_written(words, said, compare, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = compare("--out", "out", *words)
    assert (code, out) == (2, "")
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_no_lookahead_is_said_with_what_was_compared(lookahead):
    code, out, err = lookahead("--cuts", 4)
    assert (code, err) == (0, "")
    assert "no lookahead:" in out
    assert out.count("the same") >= 4
    code, out, _ = lookahead("--cuts", 4, "--json")
    assert (code, json.loads(out)["lookahead"], len(json.loads(out)["cuts"])) == (0, False, 4)


def test_a_planted_lookahead_ends_with_1_and_names_the_first_difference(lookahead, monkeypatch):
    honest = Running.advance

    def peeking(self, until):
        self.state["lines"]["bps"][:2] = 5 + self.recording.local["px"][-2] % 50
        honest(self, until)

    monkeypatch.setattr(Running, "advance", peeking)
    code, out, err = lookahead("--cuts", 4)
    assert code == 1
    assert err.startswith("stackedmm: lookahead: at 2025-03-03T10:00:")
    assert " order " in err
    assert "lookahead:" in out


def test_a_number_of_cuts_that_is_none_is_refused(lookahead):
    code, out, err = lookahead("--cuts", 0)
    assert (code, out) == (2, "")
    assert "cuts: found 0" in err
