#!/usr/bin/env bash
# The main job on a GitHub of its own: no account, no key, no root. See `./demo.sh --help`.
set -euo pipefail
export AGENT_OS_DEMO_FROM=$PWD
cd "$(dirname "$0")"
. scripts/venv.sh
ensure_venv requirements.lock requirements-dev.lock
PATH="$PWD/.venv/bin:$PATH" exec .venv/bin/python -m scripts.demo.run "$@"
