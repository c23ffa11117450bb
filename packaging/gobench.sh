#!/usr/bin/env bash
# Runs the Go benchmarks of every package that has some, one package after the other.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=$(grep -rl --include='*_test.go' '^func Benchmark' . | sed 's|/[^/]*$||' | sort -u) || true
if [ -z "$packages" ]; then
	echo "No package has benchmarks."
	exit 0
fi
# shellcheck disable=SC2086 # one word per package
go test -p 1 -run '^$' -bench . -benchmem -timeout 0 "$@" $packages
