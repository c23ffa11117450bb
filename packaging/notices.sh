#!/usr/bin/env bash
# Writes assets/notices.txt.gz: the licences of all that the program is built from, on every system. Run it when a module comes,
# goes or changes its version; a test says so.
set -euo pipefail
cd "$(dirname "$0")/.."

modules() {
	local system
	for system in linux windows darwin; do
		CGO_ENABLED=1 GOOS=$system go list -deps -tags accessibility \
			-f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./app
	done | LC_ALL=C sort -u
}

licences() { # a folder: its files of that kind, those of other people's code inside it included
	find -L "$1" -maxdepth "$2" -type f \( -iname 'LICEN[CS]E*' -o -iname 'COPYING*' -o -iname 'NOTICE*' \) ! -iname '*.go' | LC_ALL=C sort
}

section() { # name, files…
	printf '%s\n' '' '================================================================================' "$1" \
		'================================================================================'
	local file
	for file in "${@:2}"; do
		printf '\n'
		tr -d '\r' <"$file"
	done
}

{
	echo "Roost is built from the work of many others. These are their licences."
	section "Go" "$(go env GOROOT)/LICENSE"
	section "Inter (the typeface)" assets/fonts/OFL.txt
	modules | while read -r path version dir; do
		mapfile -t files < <(licences "$dir" 1)
		[ ${#files[@]} -gt 0 ] || { echo "no licence in $path $version" >&2; exit 1; }
		section "$path $version" "${files[@]}"
	done
} >assets/notices.txt
gzip -9 -n -f assets/notices.txt
