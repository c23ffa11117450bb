# restic through its rest-server on loopback, with the defaults of both.
#
# roost.sh says what an adapter is.
PORT=18731
export RESTIC_REPOSITORY="rest:http://127.0.0.1:$PORT/" RESTIC_PASSWORD="$PASS" RESTIC_CACHE_DIR="$STATE/cache"

init() { # the server makes the folder of a new repository
	serve_start
	restic -q init
}

backup() {
	cd "$1"
	restic -q backup .
}

restore() { restic -q restore latest --target "$1"; }

size() { du -s -B1 "$STATE/repository" | cut -f1; }

serve_start() {
	[ ! -f "$STATE/server.pid" ] || return 0
	mkdir -p "$STATE/repository"
	rest-server --no-auth --listen "127.0.0.1:$PORT" --path "$STATE/repository" >"$STATE/server.log" 2>&1 </dev/null &
	echo $! >"$STATE/server.pid"
	local tries
	for tries in $(seq 200); do
		! (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null || return 0
		sleep 0.05
	done
	echo "rest-server does not listen after $tries tries: $STATE/server.log" >&2
	return 1
}

version() { restic version && rest-server --version; }
