#!/usr/bin/env bash
# Renews the two lock files from pyproject.toml (needs uv). Versions and hashes only, no registry addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() { uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
  --no-emit-find-links --custom-compile-command "scripts/lock.sh" "$@"; }
lock pyproject.toml --group demo --output-file requirements.lock
lock pyproject.toml --group dev --output-file requirements-dev.lock
