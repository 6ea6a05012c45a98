"""What was proved, by content: an edit of one file proves that file's rules, and another process proves none again."""

from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import Final

from stackedmm.rules.ruleset import LoadedRule

KEPT: Final = 4096


class Proofs:
    """Names of rules and files that have passed. The oldest are forgotten, which costs a proof more."""

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = dict.fromkeys(keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def add(self, key: str) -> None:
        """Something passed."""
        self._keys[key] = None
        while len(self._keys) > KEPT:
            del self._keys[next(iter(self._keys))]


def proof_key(rule: LoadedRule, code: str) -> str:
    """Everything that a rule's proof depends on: its machine code by name, its bounds, and the seed of its probes."""
    machine = "machine" if rule.address else "python"
    return _digest("rule", rule.name, code, machine, repr(rule.params), rule.file_digest)


def file_key(digest: str, rules: Iterable[str]) -> str:
    """Everything that a file's examples depend on: its bytes, and its rules with what these call elsewhere."""
    return _digest("file", digest, *sorted(rules))


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()
