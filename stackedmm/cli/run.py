"""`stackedmm run`: another name of `stackedmm paper`, for as long as paper is all that can be run."""

from typing import TYPE_CHECKING

from stackedmm.cli import paper

if TYPE_CHECKING:
    import argparse

    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add(subparsers: "Subparsers") -> None:
    """Register `run`."""
    paper.add(subparsers, "run")
