#!/bin/sh
# What the container of docker-compose.yml runs: Kubo, and Caddy before it. When one of them ends, so does the container,
# which is then started again.
set -eu
umask 077
case $(uname -m) in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*)
	echo "start.sh: there is no Kubo for this processor ($(uname -m))" >&2
	exit 1
	;;
esac
lib=${ROOST_LIB:-/usr/local/lib/roost-node}
mkdir -p "$lib"
cp "/kit/ipfs-$arch" "$lib/ipfs"
cp "/kit/roost-node-$arch" "$lib/roost-node"
chmod 755 "$lib/ipfs" "$lib/roost-node"
(cd "$lib" && printf '%s\n' "@SUMS@" | while read -r sum name; do
	case $name in *-"$arch") printf '%s  %s\n' "$sum" "${name%-"$arch"}" | sha256sum -c - >/dev/null || exit 1 ;; esac
done) || {
	echo "start.sh: the kit is damaged; copy it again" >&2
	exit 1
}
ln -sf "$lib/roost-node" /usr/local/bin/roost-node
export ROOST_NODE_RUN="${ROOST_NODE_RUN:-/run/roost-node}"
mkdir -p "$ROOST_NODE_RUN"

set -- --platform nas --address "$ROOST_ADDRESS" --port "$ROOST_PORT" --name "$ROOST_NAME"
[ -z "${ROOST_LIMIT:-}" ] || set -- "$@" --limit "$ROOST_LIMIT"
roost-node configure "$@"

set -a
. "${ROOST_NODE_ETC:-/etc/roost-node}/kubo.env"
set +a
data=$(sed -n 's/^  "data": "\(.*\)",*$/\1/p' "${ROOST_NODE_ETC:-/etc/roost-node}/node.json")
export XDG_DATA_HOME="$data/caddy" XDG_CONFIG_HOME="$data/caddy"
IPFS_PATH="$data/repo" IPFS_TELEMETRY=off "$lib/ipfs" daemon --migrate=true --enable-gc=false --unrestricted-api &
kubo=$!
caddy run --config "${ROOST_NODE_ETC:-/etc/roost-node}/Caddyfile" --adapter caddyfile &
proxy=$!
trap 'kill -INT $kubo; kill $proxy' TERM INT
while kill -0 $kubo 2>/dev/null && kill -0 $proxy 2>/dev/null; do sleep 1; done
kill -INT $kubo 2>/dev/null || true
kill $proxy 2>/dev/null || true
wait
