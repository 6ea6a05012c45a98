"""From text to a syntax tree that is shallow and small enough to walk."""

import ast
import io
import tokenize
import warnings
from typing import Final

from stackedmm.rules.reading import Source
from stackedmm.rules.refusal import Refusal

DEPTH_MAX: Final = 50
NODES_MAX: Final = 20_000


def parse(source: Source, *, known: bool = False) -> tuple[ast.Module | None, list[Refusal]]:
    """The file's tree, or why there is none. A text `known` to have been parsed before warns of nothing.

    To catch warnings changes what other threads do with theirs, so it is left out where it can be.
    """

    def refuse(line: int | None, what: str, remedy: str) -> tuple[None, list[Refusal]]:
        return None, [Refusal(source.file, line or 1, what, remedy)]

    try:
        tree = ast.parse(source.text, source.file) if known else _parsed(source)
    except SyntaxError as error:
        line = min(error.lineno or 1, source.text.count("\n") + 1)
        return refuse(line, f"not Python: {error.msg}", "correct the line")
    except (RecursionError, MemoryError):
        return refuse(1, "an expression or block is nested too deeply to be read", "split it into steps with names")
    except (ValueError, Warning) as error:
        return refuse(1, f"not Python: {error}", "correct the file")
    if found := _outgrown(tree):
        return refuse(*found)
    foreign = [] if source.text.isascii() else _foreign(source)
    return (None, foreign) if foreign else (tree, [])


def _parsed(source: Source) -> ast.Module:
    with warnings.catch_warnings():
        # A warning would say that the text may mean something else than it looks: refused as well.
        warnings.simplefilter("error")
        return ast.parse(source.text, source.file)


def _outgrown(tree: ast.Module) -> tuple[int, str, str] | None:
    """Whether the tree is too deep or too large; walked without recursion, since it may be either."""
    waiting: list[tuple[ast.AST, int, int]] = [(tree, 0, 1)]
    count = 0
    while waiting:
        node, depth, line = waiting.pop()
        line = getattr(node, "lineno", line)
        count += 1
        if depth > DEPTH_MAX:
            return line, f"nested deeper than {DEPTH_MAX} levels", "split it into steps with names"
        if count > NODES_MAX:
            return line, f"more than {NODES_MAX} parts of syntax in one file", "split the file"
        # In reverse, so that the first line comes off the end first and is the one named.
        waiting += [(child, depth + 1, line) for child in reversed(list(ast.iter_child_nodes(node)))]
    return None


def _foreign(source: Source) -> list[Refusal]:
    """Code in other letters than ASCII: Python would take `ｑ` for `q`, and a reader Cyrillic `а` for Latin `a`."""
    refusals = []
    for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
        if token.type not in (tokenize.COMMENT, tokenize.STRING) and not token.string.isascii():
            what = f"{token.string!r} is not written in ASCII"
            refusals.append(Refusal(source.file, token.start[0], what, "use a to z, 0 to 9 and _ outside of comments"))
    return refusals
