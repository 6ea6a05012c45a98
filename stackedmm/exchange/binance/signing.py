"""Who asks, and whether it was really them, now: API keys, HMAC-SHA256 signatures and the receive window."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

from stackedmm.exchange.binance.told import Told, illegal, missing
from stackedmm.exchange.ledger import Account

USUAL_WINDOW_MS: Final = 5000
LARGEST_WINDOW_MS: Final = 60_000
AHEAD_MS: Final = 1000


def signed(secret: str, payload: str) -> str:
    """The signature of a payload, hex."""
    return hmac.new(secret.encode(), payload.encode(), hashlib.sha256).hexdigest()


def signed_part(raw: str) -> str:
    """A raw query or form without its signature, which may stand anywhere in it."""
    return "&".join(pair for pair in raw.split("&") if pair and not pair.startswith("signature="))


def sorted_part(params: Mapping[str, str]) -> str:
    """The payload of a websocket request: all parameters but the signature, by name."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature")


def owner(accounts: Mapping[str, Account], key: str) -> Account:
    """The account of an API key."""
    if not key:
        raise Told(401, -2014, "API-key format invalid.")
    if key not in accounts:
        raise Told(401, -2015, "Invalid API-key, IP, or permissions for action.")
    return accounts[key]


def check(account: Account, params: Mapping[str, str], payload: str, now_ms: int) -> None:
    """Raise what Binance says of a request that is not signed well, or not in time."""
    for name in ("timestamp", "signature"):
        if not params.get(name):
            raise missing(name)
    if not hmac.compare_digest(signed(account.secret, payload), params["signature"]):
        raise Told(400, -1022, "Signature for this request is not valid.")
    window = _whole(params, "recvWindow", USUAL_WINDOW_MS)
    if window > LARGEST_WINDOW_MS:
        raise Told(400, -1131, f"Parameter 'recvWindow' must be at most {LARGEST_WINDOW_MS}.")
    stamp = _whole(params, "timestamp", 0)
    if stamp >= now_ms + AHEAD_MS:
        raise Told(400, -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    if now_ms - stamp > window:
        raise Told(400, -1021, "Timestamp for this request is outside of the recvWindow.")


def _whole(params: Mapping[str, str], name: str, default: int) -> int:
    found = params.get(name, "")
    if not found:
        return default
    if not found.split(".")[0].isdecimal():
        raise illegal(name, "^[0-9]{1,20}$")
    return int(found.split(".")[0])
