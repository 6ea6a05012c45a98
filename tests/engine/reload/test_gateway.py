"""The life of an edit where the engine is fed by a gateway process: the same, row by row in its journal."""

from pathlib import Path

import pytest

from stackedmm.engine.preview.bounds import NONE
from stackedmm.engine.reload import Reload
from stackedmm.rules import edit as stages
from tests.engine.gateway import lives

pytestmark = pytest.mark.slow


def test_an_edit_comes_into_force_beside_a_gateway_and_goes_back(tmp_path: Path) -> None:
    host = lives.host(tmp_path, seconds=600, warm_up_s=60, speed=1.0)
    first = host.rules
    assert first is not None
    folder = tmp_path / "rules"
    folder.mkdir()
    for name, data in first.files.items():
        (folder / name).write_bytes(data)
    host.start()
    try:
        lives.live(host)
        reload = Reload(host, folder, bounds=NONE)
        reload.start()
        try:
            reload.life.wait_for(1)
            reload.life.settle()
            name, data = next(iter(first.files.items()))
            (folder / name).write_bytes(data + b"# edited\n")
            reload.life.wait_for(2)
            reload.life.settle()
            edit = reload.latest
            assert edit is not None
            assert edit.stage == stages.IN_FORCE, edit
            assert edit.trial is not None
            assert "no decision differs" in edit.said
            rules = host.rules
            assert rules is not None
            lives.until(host, lambda look: int(look.state["rules_digest"]) == rules.digest)
            assert reload.rollback(who="quant") == first.hex
            lives.until(host, lambda look: int(look.state["rules_digest"]) == first.digest)
        finally:
            reload.stop()
    finally:
        host.stop()
