# Roost through a Kubo node on loopback, for a driver that runs backup tools side by side.
#
# An adapter is sourced by bash with -euo pipefail, each of its functions in a shell of its own:
#   init                    a new backup, and the storage it goes to
#   backup SRC              one pass, over when the storage has it        (timed)
#   restore DEST            the newest version right into DEST, empty     (timed)
#   size                    bytes that the storage takes on disk
#   serve_start             the storage, which runs beside the client; it writes its pid to $STATE/server.pid
#   version
# Given: $STATE, a folder of this run alone; $PASS; the tool's programs in PATH. Roost's has four more:
#   keep_start SRC          Roost runs and watches, and SRC is safe; it writes its pid to $STATE/keeper.pid
#   keep_saved              when the newest change was safe
#   keep_stop
#   recover NAME DEST       the file NAME, on a new device, from the words   (timed)
#
# The storage is set up as the one that Roost runs itself (vault/node/repo.go), quiet, private, and durable, but does not
# end with the client. The key is in a passphrase file: every process pays for one Argon2id.
export IPFS_PATH="$STATE/ipfs" IPFS_TELEMETRY=off
export ROOST_HOME="$STATE/roost" ROOST_KEYSTORE=file ROOST_PASSPHRASE_FILE="$STATE/passphrase"
PORT=18721

init() {
	ipfs init --empty-repo --profile=test,autoconf-off >/dev/null
	sed -i 's/"sync": false/"sync": true/' "$IPFS_PATH/config"
	local setting
	for setting in \
		"Addresses.API \"/ip4/127.0.0.1/tcp/$PORT\"" 'Addresses.Gateway []' 'Addresses.Swarm ["/ip4/127.0.0.1/tcp/0"]' \
		'Bootstrap []' 'Discovery.MDNS.Enabled false' 'Routing.Type "none"' 'Provide.Enabled false' \
		'Gateway.NoFetch true' 'Gateway.DeserializedResponses false' 'Import.BatchMaxSize 16777216' \
		'Swarm.DisableNatPortMap true' 'Swarm.RelayClient.Enabled false' \
		'API.Authorizations {"roost":{"AuthSecret":"bearer:benchmark","AllowedPaths":["/api/v0"]}}'; do
		ipfs config --json "${setting%% *}" "${setting#* }"
	done
	serve_start
	echo benchmark >"$STATE/token"
	printf %s "$PASS" >"$ROOST_PASSPHRASE_FILE"
	chmod 600 "$STATE/token" "$ROOST_PASSPHRASE_FILE"
	roost setup --new --node "http://127.0.0.1:$PORT" --token-file "$STATE/token" --words-out "$STATE/words"
}

backup() {
	[ -f "$STATE/added" ] || roost folder add "$1"
	touch "$STATE/added"
	roost backup
}

restore() { # Roost makes a folder of the version's name
	roost restore latest --to "$STATE/restored"
	rmdir "$1"
	mv "$STATE/restored/"* "$1"
}

keep_start() {
	roost set settle 1s
	roost run >"$STATE/keeper.log" 2>&1 </dev/null &
	echo $! >"$STATE/keeper.pid"
	local tries now
	for tries in $(seq 300); do
		now=$(roost status --json) || true
		case $now in '{"state":"safe"'*'"watched":true'*) return 0 ;; esac
		sleep 0.2
	done
	echo "Roost does not keep $1 after $tries tries: $now" >&2
	return 1
}

keep_saved() { roost activity --limit 1 --json | sed -n 's/^{"activity":\[{"time":"\([^"]*\)","kind":"backup".*/\1/p'; }

keep_stop() {
	kill "$(cat "$STATE/keeper.pid")"
	rm "$STATE/keeper.pid"
}

recover() {
	export ROOST_HOME="$STATE/new device"
	roost setup --recover --node "http://127.0.0.1:$PORT" --token-file "$STATE/token" --words-file "$STATE/words"
	roost restore latest "$1" --to "$STATE/found"
	find "$STATE/found" -type f -exec mv {} "$2" \;
}

size() { du -s -B1 "$IPFS_PATH/blocks" | cut -f1; }

serve_start() {
	[ ! -f "$STATE/server.pid" ] || return 0
	ipfs daemon --unrestricted-api --enable-gc=false >"$STATE/server.log" 2>&1 </dev/null &
	echo $! >"$STATE/server.pid"
	local tries
	for tries in $(seq 200); do
		[ ! -f "$IPFS_PATH/api" ] || return 0
		sleep 0.05
	done
	echo "Kubo does not start after $tries tries: $STATE/server.log" >&2
	return 1
}

version() { roost version && ipfs version; }
