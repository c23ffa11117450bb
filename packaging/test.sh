#!/usr/bin/env bash
# Runs `go test` with the arguments given, passes its lines on as they come, and ends with a summary.
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT

status=0
go test "$@" | tee "$log" || status=$?

passed=$(grep -c '^ok ' "$log" || true)
failed=$(awk '$1 == "FAIL" && NF > 1 { print $2 }' "$log" | sort -u)
tests=$(awk '$1 == "---" && $2 == "FAIL:" { print $3 }' "$log" | sort -u)

took="$((SECONDS / 60)) min $((SECONDS % 60)) s"
echo
if [ "$status" = 0 ]; then
	echo "PASSED in $took. Packages: $passed."
	exit
fi
echo "FAILED after $took. Packages that passed: $passed. These did not:"
sed 's/^/  /' <<<"${failed:-none is named: go test itself failed}"
if [ -n "$tests" ]; then
	echo "Tests that failed:"
	sed 's/^/  /' <<<"$tests"
fi
exit "$status"
