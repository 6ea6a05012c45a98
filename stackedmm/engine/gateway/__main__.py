"""`python -m stackedmm.engine.gateway ENGINE CONTROL`: the gateway's process; the arguments are inherited sockets."""

import socket
import sys

from stackedmm.engine.gateway.process import serve

if __name__ == "__main__":
    engine, control = (socket.socket(fileno=int(fd)) for fd in sys.argv[1:3])
    sys.exit(serve(engine, control))
