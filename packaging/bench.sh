#!/usr/bin/env bash
# Runs Roost beside the tools that are found in PATH, or in $BENCH_DIR/bin, on the same data: bench.sh [FLAG…], see
# packaging/bench. What make builds is what is measured.
set -euo pipefail
cd "$(dirname "$0")/.."

programs=$(mktemp -d)
trap 'rm -rf "$programs"' EXIT
ln -s "$PWD/bin/roost-headless" "$programs/roost"
ln -s "$PWD/bin/ipfs" "$programs/ipfs"
PATH="$programs:${BENCH_DIR:+$BENCH_DIR/bin:}$PATH" go run ./packaging/bench "$@"
