#!/usr/bin/env bash
# All checks: format, lint, types, layers, tests. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh
ensure_venv requirements-dev.lock
export PATH="$PWD/.venv/bin:$PATH"
ruff format --check --quiet . || { echo "ruff format: run 'ruff format .'" >&2; exit 1; }
ruff check --quiet .
lint-imports --no-logo >.venv/imports.log 2>&1 || { cat .venv/imports.log >&2; exit 1; }
pyright --pythonpath .venv/bin/python >.venv/pyright.log || { cat .venv/pyright.log >&2; exit 1; }
exec python -m pytest -q -n "${AGENT_OS_TEST_PROCESSES:-3}" "$@"
