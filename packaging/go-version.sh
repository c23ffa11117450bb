#!/usr/bin/env bash
# Checks that `go` is at least the version go.mod asks for; otherwise says which one and where from.
set -euo pipefail
cd "$(dirname "$0")/.."

need=$(awk '$1 == "go" { print $2; exit }' go.mod)
from="get it from https://go.dev/dl/"

if ! command -v go >/dev/null; then
	echo "Roost needs Go $need or newer, and there is no go in PATH: $from" >&2
	exit 1
fi

# Asked in this directory, a go that may fetch toolchains answers with the one it fetched. One that
# may not, or cannot, is asked again for its own version.
have=$(go version 2>/dev/null || GOTOOLCHAIN=local go version)
have=$(awk '{ sub(/^go/, "", $3); print $3 }' <<<"$have")

# "1.26.5", "1.27rc1" and "1.27-devel_c4b1" all compare by their leading numbers.
if ! awk -v have="$have" -v need="$need" 'BEGIN {
	split(have, h, /[^0-9]+/); split(need, n, /[^0-9]+/)
	for (i = 1; i <= 3; i++) if (h[i] + 0 != n[i] + 0) exit h[i] + 0 < n[i] + 0
}'; then
	echo "Roost needs Go $need or newer, and $(command -v go) is $have: $from" >&2
	exit 1
fi
