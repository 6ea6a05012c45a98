"""How long a person's word takes until the engine has stepped it, while the kernel is idle and while it is busy.

Run: .venv/bin/python tests/bench/words.py. The engine follows the wall clock on a thread of this process.
"""

import threading
import time
from pathlib import Path

import numpy as np

import stackedmm as mm
from stackedmm.engine.arm import prepare

RULES = Path(__file__).resolve().parent.parent.parent / "rules"
TIMES = 300


def spin(stop: threading.Event) -> None:
    """A cell that computes in plain Python."""
    number = 0
    while not stop.is_set():
        number += sum(range(1000))


def measure(name: str, act) -> None:
    """The time of one act and the wait for it, in milliseconds."""
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        act()
        took.append((time.perf_counter() - begun) * 1e3)
        time.sleep(0.003)
    p50, p99 = np.percentile(took, (50, 99))
    print(f"{name:34} p50 {p50:7.2f} ms   p99 {p99:7.2f} ms   most {max(took):7.2f} ms")


def main() -> None:
    """Both, idle and busy."""
    rules = mm.load_rules(RULES)
    with mm.paper(mm.ConfigTemplates.conservative_bera_usdt(), rules, warm_up_s=300, name="bench") as session:
        host = session.host

        def word() -> None:
            session.tune("lean", strength=9)
            host.wait(session._said)

        def swap() -> None:
            host.wait(host.swap(prepare(host.filled, rules), rules=rules, who="bench"))

        def fork() -> None:
            host.fork(180)

        for name, act in (("a word", word), ("a swap of 14 rules", swap), ("a fork of 3 minutes", fork)):
            measure(f"{name}, kernel idle", act)
        stop = threading.Event()
        busy = threading.Thread(target=spin, args=(stop,), daemon=True)
        busy.start()
        for name, act in (("a word", word), ("a swap of 14 rules", swap)):
            measure(f"{name}, kernel busy", act)
        stop.set()
        busy.join()
        look = host.look()
        print(f"rows a second {look.rows_per_s:,.0f}, behind the clock {look.lag_s * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
