#!/bin/sh
# Makes this machine a storage for Roost: Debian, Raspberry Pi OS or a relative of theirs, amd64 or arm64.
#
#   sudo sh install.sh                 install, or bring an installed one up to date; running it again is safe
#   sudo sh install.sh --uninstall     stop it and remove the programs; what is stored, and the keys, stay
#   sudo sh install.sh --uninstall --purge     … and delete everything that is stored
#
# Options, all of them with a sensible value of their own:
#   --name NAME            what the storage is called
#   --limit 500GB          how much the devices may fill; Roost keeps to it
#   --data DIR             where it is kept, such as a drive: /mnt/drive/roost
#   --address HOST,…       names or addresses that work from elsewhere, beside those of this machine
#   --port N               where it answers (5443)
#   --listen IP            answer at this address of the machine only, such as that of a private network
#   --private              make a private network, which other storages can join and nobody else can enter
#   --join FILE            join the one of another storage with its code in FILE; - asks for it. Not the code itself: what
#                          is typed as an option can be read by everybody on this machine
#   --announce on|off      whether Roost finds it by itself in the local network: its name and its certificate's fingerprint are
#                          told there (on for a small computer at home, off for a rented server)
#   --public-host HOST     a tunnel shows a public certificate of this name for us
#
# It takes Kubo from beside this script, after comparing it with the sums below, and Caddy from this system's packages.
# Nothing else is fetched, and nothing is sent anywhere.
set -eu
umask 022

platform=@PLATFORM@
sums="@SUMS@"

lib=/usr/local/lib/roost-node
etc=/etc/roost-node
units=/etc/systemd/system
user=roost-node
kit=$(cd "$(dirname "$0")" && pwd)

say() { printf '%s\n' "$*"; }
stop() {
	printf 'install.sh: %s\n' "$*" >&2
	exit 1
}
# data_dir is where everything is kept, as roost-node configure wrote it down; that stays when the programs are removed.
data_dir() { sed -n 's/^  "data": "\(.*\)",*$/\1/p' "$etc/node.json"; }
# has_systemd: it may be missing in a container; then the commands have to be run by something else.
has_systemd() { [ -d /run/systemd/system ]; }

[ "$(id -u)" = 0 ] || stop "this has to be run by root: sudo sh $0"

uninstall() {
	if has_systemd; then
		systemctl disable --now roost-announce.service roost-proxy.service roost-node.service 2>/dev/null || true
	fi
	data=$(data_dir 2>/dev/null || true)
	rm -f "$units/roost-node.service" "$units/roost-proxy.service" "$units/roost-announce.service" /usr/local/bin/roost-node
	if has_systemd; then systemctl daemon-reload; fi
	if [ "$1" = purge ]; then
		if [ -n "$data" ]; then rm -rf "$data/repo" "$data/caddy"; fi
		if [ "$data" = /var/lib/roost-node ]; then rmdir "$data" 2>/dev/null || true; fi
		rm -rf "$etc" "$lib"
		if id "$user" >/dev/null 2>&1; then userdel "$user"; fi
		if [ -n "$data" ]; then
			say "Roost's storage and everything in it is gone from this machine. Caddy stays installed."
		else
			say "No storage of Roost is set up here: $etc/node.json was missing. Nothing that may be stored was deleted."
		fi
	else
		rm -rf "$lib"
		say "Roost's storage does not run here any longer. What is stored stays in ${data:-its folder}, its keys in $etc;"
		say "sudo sh install.sh takes it up again. To delete both as well: --uninstall --purge"
	fi
}

remove=no
keep="" # what is left for roost-node configure
while [ $# -gt 0 ]; do
	case $1 in
	--uninstall) remove=yes ;;
	--purge) [ "$remove" = yes ] || stop "--purge goes after --uninstall"
		remove=purge ;;
	--private) keep="$keep $1" ;;
	--name | --limit | --data | --address | --port | --listen | --public-host | --announce | --join)
		[ $# -ge 2 ] || stop "$1 needs a value"
		case $1$2 in --join[Rr][Oo][Oo][Ss][Tt]1-*)
			stop "the code is a key, which everybody on this machine can read on a command line: --join - asks for it" ;;
		esac
		quoted=$(printf '%s' "$2" | sed "s/'/'\\\\''/g")
		keep="$keep $1 '$quoted'"
		shift ;;
	-h | --help)
		sed -n '2,/^set -eu/{/^set/d;s/^# \{0,1\}//;p;}' "$0"
		exit 0 ;;
	*) stop "$1 is not understood; see --help" ;;
	esac
	shift
done
if [ "$remove" != no ]; then
	uninstall "$remove"
	exit 0
fi

# What is this machine?
[ -e /etc/debian_version ] || stop "this is not Debian or a relative of it; docker-compose.yml of a kit for a network drive may work"
case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) stop "there is no Kubo for this processor ($(uname -m)); a Raspberry Pi needs the 64-bit system" ;;
esac
# A Pi with a 64-bit kernel below a 32-bit system could not run it.
if command -v dpkg >/dev/null && [ "$(dpkg --print-architecture)" != "$arch" ]; then
	stop "this system is $(dpkg --print-architecture); it has to be the 64-bit one ($arch)"
fi

say "1/5 Checking the kit"
printf '%s\n' "$sums" | while read -r sum name; do
	case $name in *-"$arch")
		printf '%s  %s\n' "$sum" "$kit/$name" | sha256sum --check --status 2>/dev/null ||
			stop "$name is missing or damaged; copy the whole kit again" ;;
	esac
done

say "2/5 Caddy, which encrypts the way to this storage"
if ! command -v caddy >/dev/null; then
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update || true # it also fails for a foreign source that is not needed
	# Its own service shows a sample page, which nobody asked for: it does not start.
	if has_systemd; then systemctl mask --quiet --runtime caddy.service; fi
	installed=yes
	apt-get -q install -y --no-install-recommends caddy </dev/null || installed=no
	if has_systemd; then
		systemctl unmask --quiet --runtime caddy.service
		systemctl disable --quiet caddy.service || true
	fi
	[ "$installed" = yes ] || stop "Caddy could not be installed"
fi

say "3/5 Programs and user"
if ! id "$user" >/dev/null 2>&1; then
	useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$user"
fi
install -d -m 0755 "$lib" "$units"
install -m 0755 "$kit/ipfs-$arch" "$lib/ipfs"
install -m 0755 "$kit/roost-node-$arch" "$lib/roost-node"
ln -sf "$lib/roost-node" /usr/local/bin/roost-node

say "4/5 Settings"
eval "set -- $keep"
if [ ! -e "$etc/node.json" ]; then
	set -- --user "$user" --platform "$platform" @DEFAULTS@ "$@" # as the kit was made, unless something else was said
fi
"$lib/roost-node" configure "$@"
data=$(data_dir)
for unit in roost-node roost-proxy roost-announce; do
	sed -e "s|@DATA@|$data|g" -e "s|@CADDY@|$(command -v caddy)|g" "$kit/$unit.service" >"$units/$unit.service.new"
	chmod 0644 "$units/$unit.service.new"
	mv "$units/$unit.service.new" "$units/$unit.service"
done

say "5/5 Starting"
if has_systemd; then
	systemctl daemon-reload
	systemctl enable roost-node.service roost-proxy.service roost-announce.service
	systemctl restart roost-node.service roost-proxy.service roost-announce.service
	"$lib/roost-node" check
else
	say "systemd does not run here. The commands are in ExecStart of $units/roost-node.service, roost-proxy.service and,"
	say "where the local network is to be told of it, roost-announce.service."
fi
"$lib/roost-node" access show owner || say "The code of another key: roost-node access list, then roost-node access show NAME"
