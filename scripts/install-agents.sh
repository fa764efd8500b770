#!/usr/bin/env bash
# Installs the agent programs (from npm and the Python index, whatever registries those are set up for) into
# DIR or the user's cache; the programs are linked in DIR/bin. Needs npm.
# These are the versions that the drivers were tested with; newer ones of your own will do as a rule.
#   scripts/install-agents.sh [DIR] [PROGRAM...]     programs: claude codex gemini opencode qwen
set -euo pipefail
dir=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/agent-os/agents}
shift || true
wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=(claude codex gemini opencode qwen)
declare -A packages=(
  [claude]="@anthropic-ai/claude-code@2.1.328" [codex]="@openai/codex@0.169.0"
  [gemini]="@google/gemini-cli@0.61.0" [opencode]="opencode-ai@1.18.33" [qwen]="@qwen-code/qwen-code@0.24.4"
)
command -v npm >/dev/null || { echo "npm is needed to install the agent programs." >&2; exit 1; }
mkdir -p "$dir/bin"
dir=$(cd "$dir" && pwd)
export npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
npm_install() { npm install --prefix "$dir/$1" --no-save --no-package-lock --loglevel=error "$2" >/dev/null; }

# Some need Node 22; under an older one npm silently takes an older version of the program.
if [ "$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')" -lt 22 ] 2>/dev/null; then
  npm_install node "node@22"
  ln -sf "$dir/node/node_modules/node/bin/node" "$dir/bin/node"
fi
export PATH="$dir/bin:$PATH"
for program in "${wanted[@]}"; do
  [ -n "${packages[$program]:-}" ] || { echo "No program '$program'; known: ${!packages[*]}." >&2; exit 2; }
  npm_install "$program" "${packages[$program]}"
  ln -sf "$dir/$program/node_modules/.bin/$program" "$dir/bin/$program"
  echo "$program $("$dir/bin/$program" --version 2>/dev/null | tail -1)"
done
echo "The programs are in $dir/bin; put that folder on PATH."
