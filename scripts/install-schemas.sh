#!/usr/bin/env bash
# Installs GitHub's published schemas (npm packages, data only) that tests/contract/test_schemas.py and
# test_graphql_schema.py check against, into DIR or the user's cache. Needs npm, with whatever registry
# it is set up for.
#   scripts/install-schemas.sh [DIR]
set -euo pipefail
dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/agent-os/schemas}
command -v npm >/dev/null || { echo "npm is needed to install the schemas." >&2; exit 1; }
mkdir -p "$dir"
npm install --prefix "$dir" --no-save --no-package-lock --no-audit --no-fund --ignore-scripts \
  --loglevel=error "@octokit/openapi@23" "@octokit/openapi-webhooks@12" \
  "@octokit/graphql-schema@15"
# The packages hold every edition and version of GitHub; only one is read, the rest is 400 MB.
find "$dir/node_modules/@octokit" -path '*/generated/*.json' ! -name api.github.com.json -delete
find "$dir/node_modules/@octokit/graphql-schema" -mindepth 1 ! -name schema.graphql ! -name package.json -delete
rm -rf "$dir"/node_modules/{graphql,graphql-tag,tslib}  # code that comes along
echo "GitHub's schemas are in $dir."
