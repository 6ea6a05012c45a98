"""A certificate authority made at the start, known to nobody but the clients it is given to."""

import ssl
from collections.abc import Sequence
from pathlib import Path

import trustme


class Authority:
    """Signs certificates for the venue's host names; `file` is what a client trusts."""

    def __init__(self, folder: Path) -> None:
        self._made = trustme.CA(organization_name="stackedmm local exchange")
        self.file = folder / "authority.pem"
        self._made.cert_pem.write_to_path(str(self.file))

    def server(self, hosts: Sequence[str]) -> ssl.SSLContext:
        """How a server shows itself as these hosts."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._made.issue_cert(*hosts).configure_cert(context)
        return context
