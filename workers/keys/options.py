"""The command line of scripts/keys: its commands, and the help that teaches them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import NoReturn, TypeVar

from app.domain.access import Role, Scope
from app.domain.people import MIN_PASSWORD_LENGTH, read_email

T = TypeVar("T")

DESCRIPTION = """\
Keys, users and organisations, straight on the farm's database: no farm has to run, and no key is needed.

Whoever may read the database (DATABASE_URL, or SQLite in SCENEWORKS_HOME) may do all of it."""

EPILOG = f"""\
examples:
  scripts/keys make-org "Atlas Films"
  scripts/keys make shop --org "Atlas Films" --scopes jobs:read,jobs:write
  scripts/keys list --org "Atlas Films"
  scripts/keys rotate shop --org "Atlas Films"          the old key is good for another 24 hours
  scripts/keys rotate shop --org "Atlas Films" --old-ends-in 0
  scripts/keys revoke 0m3v9k2q8x7y --org "Atlas Films"  by its id, or by its name
  scripts/keys make-user mara@example.com --org "Atlas Films" --role admin
  scripts/keys set-password mara@example.com            asks for it; or from standard input
  scripts/keys disable-user mara@example.com            signed out everywhere, and shut out

The organisation is the farm's own, local, unless --org names another: who has a key with the scope admin in it
runs the farm.

scopes: {", ".join(Scope)}
roles:  {", ".join(Role)}

exit codes: 0 done, 1 it cannot be done, 2 wrong options or settings."""


class WrongOptions(Exception):
    """What was asked for cannot be meant; the message is a sentence."""


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose faults are WrongOptions, so that --json can tell of them too."""

    def error(self, message: str) -> NoReturn:
        raise WrongOptions(f"{message[:1].upper()}{message[1:]}. See scripts/keys --help.")


def parse_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Raises WrongOptions; exits after --help. `command` says what is to be done."""
    parser = Parser(
        prog="scripts/keys",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    common = Parser(add_help=False, allow_abbrev=False)
    common.add_argument("--json", action="store_true", help="print one JSON object")
    in_org = Parser(add_help=False, allow_abbrev=False, parents=[common])
    in_org.add_argument("--org", metavar="NAME", default="local", help="whose (default: %(default)s)")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    def command(name: str, help: str, *, with_org: bool = True) -> argparse.ArgumentParser:
        parents = [in_org if with_org else common]
        return commands.add_parser(name, help=help, description=help, parents=parents, allow_abbrev=False)

    made = command("make", "make a key; it is shown this once")
    made.add_argument("name", help="what it is for")
    made.add_argument("--scopes", type=_read(_scopes), default=frozenset(Scope), help="with commas (default: all)")
    made.add_argument("--user", type=_read(read_email), metavar="EMAIL", help="whose it is, if it is a person's")
    command("list", "list the keys, those that have ended too")
    rotated = command("rotate", "make a key that takes another's place; it is shown this once")
    rotated.add_argument("key", help="the id or the name of the old one")
    rotated.add_argument(
        "--old-ends-in", type=_read(_hours), default=24.0, metavar="HOURS", help="0 is now (default: %(default)g)"
    )
    command("revoke", "end a key now").add_argument("key", help="its id or its name")
    command("make-org", "make an organisation", with_org=False).add_argument("name")
    command("orgs", "list the organisations", with_org=False)
    user = command("make-user", "add a user; set-password lets them sign in")
    user.add_argument("email", type=_read(read_email))
    user.add_argument("--role", type=_read(Role), default=Role.MEMBER, help="(default: %(default)s)")
    user.add_argument("--name", help="(default: what stands before the @)")
    command("users", "list the users")
    for name, help in (
        ("disable-user", "sign a user out everywhere and let them in no more"),
        ("enable-user", "let a disabled user in again"),
        ("set-password", f"a new password, {MIN_PASSWORD_LENGTH} characters at least; ends the user's sessions"),
    ):
        command(name, help, with_org=False).add_argument("email", type=_read(read_email))
    return parser.parse_args(arguments)


def _read(parse: Callable[[str], T]) -> Callable[[str], T]:
    """`parse`, with its own words for what is wrong, which argparse keeps only of its own error."""

    def read(raw: str) -> T:
        try:
            return parse(raw)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read


def _scopes(raw: str) -> frozenset[Scope]:
    return frozenset(Scope(part.strip()) for part in raw.split(","))


def _hours(raw: str) -> float:
    hours = float(raw)
    if not 0 <= hours <= 24 * 366:
        raise ValueError("must be from 0 to a year of hours")
    return hours
