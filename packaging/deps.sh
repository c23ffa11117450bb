#!/usr/bin/env bash
# Installs the system packages that one make target needs: deps.sh headless|build|test|check.
# On Debian and its relatives through apt, with sudo when not root; elsewhere it names the libraries.
set -euo pipefail

c_compiler="gcc libc6-dev" # cgo, for SQLite and the race detector
window="pkg-config libgl1-mesa-dev libxcursor-dev libxrandr-dev libxinerama-dev libxi-dev
	libxxf86vm-dev libwayland-dev libxkbcommon-dev" # what Fyne links
secret_service="dbus gnome-keyring" # the keyring tests run a real one on a bus of their own
screen="xvfb libgl1-mesa-dri" # a screen for the test that runs the window itself
units="systemd" # its systemd-analyze checks the unit that roost service install writes
machine="caddy iproute2" # the node kit's other machine: a proxy, and a cable to it
windows_compiler="gcc-mingw-w64-x86-64"

case ${1-} in
headless) packages="$c_compiler" ;;
build) packages="$c_compiler $window" ;;
test) packages="$c_compiler $window $screen $secret_service $units $machine" ;;
check) packages="$c_compiler $window $windows_compiler" ;;
*)
	echo "usage: deps.sh headless|build|test|check" >&2
	exit 2
	;;
esac

# elsewhere says what a system without dpkg lacks, if we can tell, and lets the build go on.
elsewhere() {
	local libraries=(gl x11 xcursor xrandr xinerama xi xxf86vm wayland-client wayland-egl xkbcommon)
	command -v "${CC:-cc}" >/dev/null || echo "Roost needs a C compiler (macOS: xcode-select --install; Windows: MSYS2 mingw-w64)."
	[ "$(uname)" = Linux ] || return 0
	case " $packages " in
	*libgl1-mesa-dev*)
		pkg-config --exists "${libraries[@]}" 2>/dev/null ||
			echo "Roost's window needs pkg-config and the development files of: ${libraries[*]}."
		;;
	esac
	case " $packages " in
	*gnome-keyring*)
		command -v gnome-keyring-daemon >/dev/null && command -v dbus-daemon >/dev/null ||
			echo "Roost's tests need dbus-daemon and gnome-keyring-daemon."
		;;
	esac
	case " $packages " in
	*xvfb*)
		command -v Xvfb >/dev/null || echo "Roost's tests open its window on Xvfb."
		;;
	esac
	case " $packages " in
	*systemd*)
		command -v systemd-analyze >/dev/null || echo "Roost's tests check its systemd unit with systemd-analyze."
		;;
	esac
	case " $packages " in
	*caddy*)
		command -v caddy >/dev/null || echo "Roost's tests set up another machine with caddy, as root."
		;;
	esac
	case " $packages " in
	*mingw*)
		command -v x86_64-w64-mingw32-gcc >/dev/null ||
			echo "Checking the Windows build needs x86_64-w64-mingw32-gcc."
		;;
	esac
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	elsewhere >&2
	exit 0
fi

missing=()
for package in $packages; do
	state=$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null || true)
	[[ $state == ?i* ]] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then as_root=(sudo); fi

# may_install reports whether we are root or can become it; sudo asks only where somebody can answer.
may_install() {
	[ "$(id -u)" = 0 ] && return
	command -v sudo >/dev/null || return
	sudo -n true 2>/dev/null && return
	[ -t 0 ] && echo "Roost needs system packages: ${missing[*]}" && sudo -v
}

apt() {
	"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@" </dev/null
}

install() {
	echo "Installing system packages: ${missing[*]}"
	apt update || true # it also fails for a foreign source that we do not need
	apt install -y --no-install-recommends "${missing[@]}" || return
	# Debian starts a sample page with it, which nobody asked for.
	if [[ " ${missing[*]} " == *" caddy "* ]] && [ -d /run/systemd/system ]; then
		"${as_root[@]}" systemctl disable --now caddy.service || true
	fi
}

if ! may_install || ! install; then
	echo "Roost needs system packages that could not be installed. Please run: sudo apt-get install ${missing[*]}" >&2
	exit 1
fi
