# Sourced by the launchers beside this folder; they set `root`, the checkout.
# POSIX sh, and the bash 3.2 of macOS. Gives `python`, an interpreter with the project installed.

# The data folder is the checkout's, from whatever folder a script is called.
SCENEWORKS_HOME=${SCENEWORKS_HOME:-$root/var}
export SCENEWORKS_HOME

python=$root/.venv/bin/python

fail() {
    printf '%s\n' "$*" >&2
    exit 2
}

# Prints the first interpreter that is 3.11 or newer: $PYTHON if it is set, else one on PATH.
find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.14 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# ensure_installed [EXTRA]: after it, $python has what setup.cfg asks for, and EXTRA's packages.
# The stamp says what was installed, and where: comparing it costs a few milliseconds.
ensure_installed() {
    wanted="$(cksum <"$root/setup.cfg") $root"
    stamp=$root/.venv/installed${1:+-$1}
    if [ -x "$python" ] && [ -f "$stamp" ] && IFS= read -r found <"$stamp" && [ "$found" = "$wanted" ]; then
        return 0
    fi
    builder=$(find_python) || fail "Sceneworks needs Python 3.11 or newer, and there is none on PATH.
Install one (python.org, your package manager, or uv), or set PYTHON to its path."
    "$builder" "$root/scripts/lib/install.py" "$root" "$wanted" "${1:-}" || exit $?
}
