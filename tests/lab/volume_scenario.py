"""Seeded trades through the averages; prints all they end in. Run with and without the compiler."""

import numpy as np
import pandas as pd

from stackedmm.core import volume
from stackedmm.core.machine import view
from stackedmm.core.state import state_hash
from stackedmm.lab.averages import MovingAverageCalculator


def trades(seed: int, count: int) -> pd.DataFrame:
    """Some trades a bucket, with quiet stretches, as venues write them: two and three decimals."""
    rng = np.random.default_rng(seed)
    steps = rng.exponential(4.0, count) + np.where(rng.random(count) < 0.01, rng.exponential(200.0, count), 0.0)
    ts = 1_700_000_000_000_000_000 + np.cumsum((steps * 1e9).astype(np.int64))
    price = np.round(80 + np.cumsum(rng.normal(0, 0.02, count)), 2)
    size = np.round(rng.lognormal(0, 1.5, count), 3) + 0.001
    side = np.array(["buy", "sell"])[rng.integers(0, 2, count)]
    return pd.DataFrame({"ts": ts, "price": price, "size": size.round(3), "side": side})


def calculator_of_many() -> MovingAverageCalculator:
    """Averages of every type."""
    return MovingAverageCalculator(("30s", "1min", "4min"), ("both", "ratio", "imbalance"), min_fill=0.5)


def run() -> str:
    """Every coefficient, crossover and byte of the windows."""
    calculator = calculator_of_many()
    frame = trades(5, 900)
    calculator.add_frame(frame[:600])
    calculator.gap()
    calculator.add_frame(frame[600:])
    windows = calculator._windows
    coefficients = " ".join(value.hex() for value in windows.log.records["coefficient"])
    averages = " ".join(float(value).hex() for value in calculator.averages()["average"])
    crossed = calculator.get_status()["total_crossovers_detected"]
    return f"{state_hash(windows.state, windows.arena)} {crossed} {averages} {coefficients}"


def jump() -> str:
    """Crossovers and averages where only trades close buckets, many at a time; interpreted only."""
    calculator, frame = calculator_of_many(), trades(5, 900)
    s, A = view(calculator._windows.state)[0], calculator._windows.arena
    m = s.markets[0]
    for i, (ts, price, size, side) in enumerate(frame.itertuples(index=False)):
        if i == 600:
            volume.forget(s, A, m)
        s.now = ts
        volume.trade(s, A, m, int(side == "sell"), round(price * 100), round(size * 1000))
    m.tick_size, m.lot_base = 0.01, 0.001
    averages = " ".join(float(value).hex() for value in calculator.averages()["average"])
    return f"{m.crossovers} {averages}"


if __name__ == "__main__":
    print(run())
    print(jump())
