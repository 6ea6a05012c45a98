"""What a refused rule file is told: where, what was found, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple


class Refusal(NamedTuple):
    """One reason why a file does not become active; prints as `file.py:LINE: what; what to do`."""

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}; {self.remedy}"


def ordered(refusals: Iterable[Refusal]) -> list[Refusal]:
    """By file and line, each said once."""
    return sorted(set(refusals))


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean X?` for a misspelt name, else the known names."""
    names = sorted(known)
    close = get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]}?"
    return f"known are {', '.join(names)}" if names else "none is known here"
