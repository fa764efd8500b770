#!/bin/bash
# One task's raw steps: clone, the agent's second, commit, checks, bundle, push, CI.
# raw.sh FOLDER MIRROR REMOTE CI-FOLDER AGENT-SECONDS REPOSITORY/NUMBER
set -euo pipefail
number=${6##*/} repository=${6%/*}
mirror=$2/$repository.git work=$1/$repository-$number
git clone --quiet --shared --template= "$mirror" "$work"
cd "$work"
sleep "$5"
date +%s.%N > "made-$number.txt"
git add --all
git commit --quiet --message "made"
sha=$(git rev-parse HEAD)
for commit in HEAD~1 HEAD; do
  git clone --quiet --shared --template= --no-checkout . ".git/check-$commit"
  (cd ".git/check-$commit" && git checkout --quiet --detach "$(git -C "$work" rev-parse $commit)" && true)
done
git bundle create --quiet "$work.bundle" HEAD
git push --quiet "$3/acme/$repository.git" "HEAD:refs/heads/raw-$number"
until [ -s "$4/$sha" ]; do sleep 0.05; done
