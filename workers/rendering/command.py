"""The course of one call: inputs, farm, job, results; and what is said when it ends."""

from __future__ import annotations

import sys

from app.client import Client
from config.settings import Settings
from workers.rendering.display import Display, open_display, restore_terminal
from workers.rendering.failures import Exit, RenderFailed, tell_failure, write
from workers.rendering.farm_use import GONE_WITHIN_S, farm_in_use, read_settings, wait_until_gone
from workers.rendering.inputs import read_inputs
from workers.rendering.interrupts import install_interrupts
from workers.rendering.job import explained, run_job
from workers.rendering.options import Options
from workers.rendering.results import Rendered, describe, result_json


def run(options: Options, begun_s: float) -> int:
    """Do what the options ask for; the exit code. `begun_s` is when the command began, of the monotonic clock."""
    display = open_display(sys.stderr, quiet=options.quiet)
    install_interrupts(at_once=lambda: restore_terminal(display))
    settings: Settings | None = None
    try:
        inputs = None if options.list_voices else read_inputs(options)
        settings = read_settings()
        with farm_in_use(settings, display) as farm:
            if inputs is None:
                with Client(farm.url, farm.api_key) as client, explained():
                    print_voices(client)
                return Exit.DONE
            result = run_job(farm, options, inputs, display, begun_s)
    except RenderFailed as failure:
        display.close()
        return tell_failure(failure, begun_s, as_json=options.json)
    except KeyboardInterrupt:
        display.close()
        return tell_failure(see_off(settings), begun_s, as_json=options.json)
    tell_result(result, options, display)
    return Exit.DONE


def see_off(settings: Settings | None) -> RenderFailed:
    """After a Ctrl-C: wait until a farm that ran for us alone has ended, and say how that went."""
    message = "Canceled."
    if settings is not None and not wait_until_gone(settings):
        message = f"Canceled. The farm has not ended within {GONE_WITHIN_S:.0f} s; it will, when its last step has."
    return RenderFailed(Exit.CANCELED, "CANCELED", message, retryable=True)


def tell_result(result: Rendered, options: Options, display: Display) -> None:
    """The notes, then the lines that a person reads last, then the one that a program reads."""
    for note in result.facts.notes:
        display.say(f"Note: {note}")
    if options.json:
        write(sys.stdout, result_json(result) + "\n")
    elif not options.quiet:
        write(sys.stdout, "\n".join(describe(result)) + "\n")


def print_voices(client: Client) -> None:
    found = client.voices()
    lines = [f"{language.tag:<12} {language.name}" for language in found.languages]
    write(sys.stdout, "\n".join(["languages:", *lines, "", "voices:", ", ".join(found.voices)]) + "\n")
