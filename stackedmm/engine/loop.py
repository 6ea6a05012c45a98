"""The compiled loop of backtest and paper: the simulated venue's rows go into the engine, commands go back."""

from stackedmm.core import rows
from stackedmm.core.machine import entry
from stackedmm.core.step import step
from stackedmm.sim import pump


@entry
def run(S, A, links, X, XA, local, exchange, row, out, tape, heard, until):
    """Run until row time `until` or the end; commands are copied to `tape`, answers about our orders to `heard`.

    `row` is scratch of one ROW, `out` scratch of COMMANDs; an empty `tape` or `heard` keeps nothing. Returns (rows
    stepped, commands in `tape`, rows in `heard`); where one of them is full (`full`) the run stops early, and goes on
    with the next call.
    """
    s = S[0]
    x = X[0]
    x.until = until
    stepped = 0
    written = 0
    listened = 0
    stop = False
    r = row[0]
    while not stop and pump.next_row(x, XA, local, exchange, r):
        step(S, A, links, r, out)
        stepped += 1
        if rows.ACK <= r.kind <= rows.UNANSWERED and heard.shape[0] > 0:
            heard[listened] = r
            listened += 1
            stop = listened == heard.shape[0]
        if s.out_n > 0:
            for i in range(s.out_n):
                pump.send(x, XA, out[i])
                if tape.shape[0] > 0:
                    tape[written] = out[i]
                    written += 1
            s.out_n = 0
            stop = stop or (tape.shape[0] > 0 and written + out.shape[0] > tape.shape[0])
    return stepped, written, listened


def full(written: int, listened: int, out: int, tape: int, heard: int) -> bool:
    """Whether a call of `run` with arrays of these lengths may have stopped for want of room."""
    return (tape > 0 and written + out > tape) or (heard > 0 and listened == heard)
