"""`stackedmm config`: check, describe, start and import configurations."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from stackedmm.config import TEMPLATES, cautions, import_legacy, load, schema
from stackedmm.config.read import read_text
from stackedmm.errors import ConfigError

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add(subparsers: "Subparsers") -> None:
    """Register `config` and its four commands; each leaves its handler in `args.run`."""
    commands = subparsers.add_parser("config", help=__doc__, description=__doc__).add_subparsers(
        required=True, metavar="COMMAND"
    )
    validate = commands.add_parser("validate", help="report everything that is wrong with a file")
    validate.add_argument("file", metavar="FILE")
    validate.set_defaults(run=run_validate)
    commands.add_parser("schema", help="print the JSON schema").set_defaults(run=run_schema)
    template = commands.add_parser("template", help="print a complete configuration to start from")
    template.add_argument("name", metavar="NAME", choices=tuple(TEMPLATES), help=", ".join(TEMPLATES))
    template.set_defaults(run=run_template)
    legacy = commands.add_parser("import", help="read a file in older spellings and print it in today's")
    legacy.add_argument("file", metavar="FILE")
    legacy.add_argument("-o", "--output", metavar="OUT", help="write there instead; a file that exists is refused")
    legacy.add_argument("--deviation", metavar="N", help="in place of a max_inventory_deviation of 0")
    legacy.set_defaults(run=run_import)


def run_validate(args: argparse.Namespace) -> int:
    """Print the digest of a valid file, with what to think about twice on stderr; the problems of another."""
    try:
        config = load(args.file)
    except ConfigError as error:
        return _refused(error)
    for line in cautions(config):
        print(f"note: {line}", file=sys.stderr)
    print(f"{args.file}: valid, digest {config.digest()}")
    return 0


def run_schema(args: argparse.Namespace) -> int:
    """Print the JSON schema."""
    print(json.dumps(schema(), indent=2))
    return 0


def run_template(args: argparse.Namespace) -> int:
    """Print a template."""
    print(TEMPLATES[args.name]().to_json(2))
    return 0


def run_import(args: argparse.Namespace) -> int:
    """Print or write the configuration that an older file meant, with the warnings on stderr."""
    try:
        config, warnings = import_legacy(read_text(args.file), args.deviation, args.file)
    except ConfigError as error:
        return _refused(error)
    for line in warnings:
        print(f"warning: {line}", file=sys.stderr)
    text = config.to_json(2)
    if args.output is None:
        print(text)
        return 0
    return _write(Path(args.output), text + "\n")


def _write(path: Path, text: str) -> int:
    """A new file, whole or not at all; one that exists is left alone."""
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        return _refused(f"{path}: cannot be written: File exists; give a name that is free, or remove it first")
    except OSError as error:
        return _refused(f"{path}: cannot be written: {error.strerror}")
    try:
        with file:
            file.write(text)
    except OSError as error:
        path.unlink(missing_ok=True)
        return _refused(f"{path}: cannot be written: {error.strerror}")
    return 0


def _refused(error: ConfigError | str) -> int:
    print(error, file=sys.stderr)
    return 2
