"""`scripts/keys`: keys, users and organisations, straight on the database.

    python -m workers.keys_cli COMMAND [options]

On the database and not over the API, because the key may be what was lost.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from workers.keys.options import WrongOptions, parse_options

DONE, IMPOSSIBLE, WRONG = 0, 1, 2


def main(arguments: Sequence[str]) -> int:
    """The command's exit code."""
    as_json = "--json" in arguments
    try:
        options = parse_options(arguments)
    except WrongOptions as error:
        return fail(WRONG, "USAGE", str(error), as_json=as_json)
    # Imported only now: --help and a mistyped option are answered at once.
    from sqlalchemy.exc import SQLAlchemyError

    from app.domain.errors import InvalidInput, SceneworksError
    from app.models.database import Database, first_line
    from app.models.migrate import migrate
    from config.settings import SettingsError, load_settings
    from workers.keys.commands import run

    try:
        settings = load_settings()
        # A farm that has never run can be given its keys before its first start.
        migrate(settings.database_url)
        database = Database(settings.database_url)
        try:
            told = run(database, settings.admin_users, options)
        finally:
            database.close()
    except SettingsError as error:
        return fail(WRONG, "SETTINGS", str(error), as_json=as_json)
    except InvalidInput as error:
        return fail(WRONG, error.code, error.message, as_json=as_json)
    except SceneworksError as error:
        return fail(IMPOSSIBLE, error.code, error.message, as_json=as_json)
    except (SQLAlchemyError, OSError) as error:
        return fail(IMPOSSIBLE, "DATABASE", f"The database cannot be used: {first_line(error)}", as_json=as_json)
    print(json.dumps(told.value) if as_json else "\n".join(told.lines))
    return DONE


def fail(exit_code: int, code: str, message: str, *, as_json: bool) -> int:
    """Say it on stderr, and to programs on stdout."""
    print(message, file=sys.stderr)
    if as_json:
        print(json.dumps({"error": {"code": code, "message": message}}))
    return exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
