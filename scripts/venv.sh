# Sourced by demo.sh and scripts/test.sh: a virtual environment in .venv from a lock file with hashes.

find_python() {
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  echo "Python 3.11 or newer is needed; name one with PYTHON=/path/to/python3." >&2
  return 1
}

# ensure_venv LOCK...: an environment made from any of these lock files will do; else the first's.
ensure_venv() {
  local lock python
  command -v git >/dev/null || { echo "git is needed." >&2; return 1; }
  for lock in "$@"; do
    if cmp -s "$lock" ".venv/$lock"; then return; fi
  done
  lock=$1
  python=$(find_python)
  echo "Making the environment in .venv from $lock (once) …" >&2
  rm -rf .venv agent_os.egg-info  # an old one would hide what is installed
  "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps \
    --no-build-isolation --editable .
  cp "$lock" ".venv/$lock"
}
