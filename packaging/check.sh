#!/usr/bin/env bash
# Checks that every source file is formatted, vetted and builds for the other systems. Runs every
# check, also after one has failed, and ends with the list of those.
set -euo pipefail
cd "$(dirname "$0")/.."

# No window: what remains of the program, and all of ui, compiles without cgo for any system.
portable=headless,ci,no_glfw
failed=()

check() { # title, command…
	echo "== $1"
	"${@:2}" || failed+=("$1")
}

tool() { go tool -modfile=packaging/tools/go.mod "$@"; }

formatted() {
	local files
	files=$(tool gofumpt -l .) || return 1
	[ -n "$files" ] || return 0
	printf '%s\n' "not formatted (run: make fmt):" "$files"
	return 1
}

# headless_links fails when the headless binary needs a display's libraries.
headless_links() {
	[ "$(uname)" = Linux ] || return 0
	local libraries
	libraries=$(ldd bin/roost-headless) || return 1
	! grep -E 'lib(GL|EGL|GLES|OpenGL|X[a-z0-9]+|xcb|xkbcommon|wayland)[-.a-zA-Z0-9]*\.so' <<<"$libraries"
}

windows_build() {
	CGO_ENABLED=1 GOOS=windows GOARCH=amd64 CC=x86_64-w64-mingw32-gcc \
		go build -trimpath -tags accessibility -ldflags "-s -w -H=windowsgui" -o dist/windows/roost.exe ./app
}

# vulnerabilities counts as not run when its database cannot be fetched.
vulnerabilities() {
	local report status=0
	report=$(tool govulncheck ./... 2>&1) || status=$?
	if grep -q 'fetching vulnerabilities' <<<"$report"; then
		echo "govulncheck was not run: its database could not be reached."
		return 0
	fi
	printf '%s\n' "$report"
	return "$status"
}

check "gofumpt" formatted
check "go vet" go vet -tags accessibility ./...
check "go vet, headless" go vet -tags headless ./...
check "go vet, Windows, no cgo" env GOOS=windows GOARCH=amd64 CGO_ENABLED=0 go vet -tags $portable ./...
check "go vet, macOS, no cgo" env GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 go vet -tags $portable ./...
check "staticcheck" tool staticcheck -tags accessibility ./...
check "staticcheck, headless" tool staticcheck -tags headless ./...
check "headless binary without GL and X11" headless_links
check "Windows build" windows_build
check "govulncheck" vulnerabilities

echo
if [ ${#failed[@]} = 0 ]; then
	echo "CHECKED: all clean."
	exit 0
fi
echo "NOT CLEAN:"
printf '  %s\n' "${failed[@]}"
exit 1
