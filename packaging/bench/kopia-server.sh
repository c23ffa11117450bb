# kopia through its repository server on loopback, over TLS, which is all it offers. zstd-fastest in place of no
# compression, its default; all else as it comes.
#
# roost.sh says what an adapter is.
PORT=18732
export KOPIA_PASSWORD="$PASS" KOPIA_CONFIG_PATH="$STATE/client.config" KOPIA_CACHE_DIRECTORY="$STATE/cache" \
	KOPIA_LOG_DIR="$STATE/logs" KOPIA_CHECK_FOR_UPDATES=false

quiet_kopia() { kopia --no-progress --no-persist-credentials "$@"; }

on_server() { quiet_kopia --config-file="$STATE/server.config" "$@"; }

init() {
	mkdir -p "$STATE/repository"
	on_server repository create filesystem --path "$STATE/repository" --cache-directory "$STATE/server-cache"
	on_server policy set --global --compression=zstd-fastest
	on_server server user add bench@computer --user-password="$PASS"
}

backup() {
	quiet_kopia snapshot create "$1"
	echo "$1" >"$STATE/source"
}

restore() { quiet_kopia restore "$(cat "$STATE/source")" "$1"; } # the newest version of a path

size() { du -s -B1 "$STATE/repository" | cut -f1; }

serve_start() {
	[ ! -f "$STATE/server.pid" ] || return 0
	kopia --no-progress --no-persist-credentials --config-file="$STATE/server.config" server start --address="127.0.0.1:$PORT" \
		--tls-generate-cert --tls-cert-file="$STATE/cert.pem" --tls-key-file="$STATE/key.pem" \
		--server-username=admin --server-password="$PASS" --no-ui >"$STATE/server.log" 2>&1 </dev/null &
	echo $! >"$STATE/server.pid"
	local fingerprint="" tries
	for tries in $(seq 600); do # it makes its key first
		fingerprint=$(sed -n 's/.*SERVER CERT SHA256: *//p' "$STATE/server.log")
		if [ -n "$fingerprint" ] && (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; then
			quiet_kopia repository connect server --url="https://127.0.0.1:$PORT" --server-cert-fingerprint="$fingerprint" \
				--override-username=bench --override-hostname=computer
			return
		fi
		sleep 0.05
	done
	echo "kopia's server does not listen after $tries tries: $STATE/server.log" >&2
	return 1
}

version() { kopia --version; }
