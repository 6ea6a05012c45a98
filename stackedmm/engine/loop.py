"""The compiled loop of backtest and paper: the simulated venue's rows go into the engine, commands go back."""

from stackedmm.core.machine import entry
from stackedmm.core.step import step
from stackedmm.sim import pump


@entry
def run(S, A, links, X, XA, local, exchange, row, out, tape, until):
    """Run until row time `until` or the end; commands are copied to `tape` while there is room.

    `row` is scratch of one ROW, `out` scratch of COMMANDs. Returns (rows stepped, commands written to `tape`); where
    `tape` is full the run stops and can be continued with an empty one.
    """
    s = S[0]
    x = X[0]
    x.until = until
    stepped = 0
    written = 0
    r = row[0]
    while pump.next_row(x, XA, local, exchange, r):
        step(S, A, links, r, out)
        stepped += 1
        if s.out_n > 0:
            for i in range(s.out_n):
                pump.send(x, XA, out[i])
                if tape.shape[0] > 0:
                    tape[written] = out[i]
                    written += 1
            s.out_n = 0
            if tape.shape[0] > 0 and written + out.shape[0] > tape.shape[0]:
                break
    return stepped, written
