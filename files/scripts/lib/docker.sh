# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# Docker's two command lines, whatever generation they are.

# The owner's shell must not override what .env says.
unset "${!COMPOSE_@}" "${!KONG_DATA@}" "${!KONG_BIND@}" "${!KONG_PG@}" "${!KONG_PUBLISH@}" DOCKER_HOST DOCKER_CONTEXT

# Sets engine (20.10.24), generation (20) and fails with the daemon's own words.
ask_engine() {
	engine=$(docker version --format '{{.Server.Version}}' 2>&1) || return 1
	generation=${engine%%.*}
	[[ $generation =~ ^[0-9]+$ ]] || return 1
	# network.sh needn't ask again.
	export KONG_IPV6_ENGINE=$engine
}

# daemon_has KEY VALUE
daemon_has() {
	grep -qsE "\"$1\"[[:space:]]*:[[:space:]]*$2" /etc/docker/daemon.json
}

# live_containers: whether containers outlive a restart of Docker; as long as one
# runs, it leaves docker0 as it is.
live_containers() {
	daemon_has live-restore true && [[ -n $(docker ps --quiet) ]]
}

# Whether Docker leaves IPv6 to others to filter: by default up to 26.
opens_all() {
	((${generation:-0} < 27)) || daemon_has ip6tables false
}

# Sets compose_command and compose_version; fails where there is neither compose 2 nor 1.29.
ask_compose() {
	if compose_version=$(docker compose version --short 2>/dev/null) && [[ ${compose_version#v} =~ ^([2-9]|[1-9][0-9])\. ]]; then
		compose_command=(docker compose)
	elif compose_version=$(docker-compose version --short 2>/dev/null) && [[ ${compose_version#v} =~ ^(1\.29|[2-9]|[1-9][0-9])(\.|$) ]]; then
		compose_command=(docker-compose)
	else
		return 1
	fi
}

# compose ARGUMENT…, for half an hour at most; compose_for SECONDS ARGUMENT…
compose() {
	compose_for 1800 "$@"
}

compose_for() {
	local seconds=$1
	shift
	(cd "$repo" && exec timeout --foreground "$seconds" "${compose_command[@]}" "$@")
}

# images: SERVICE, pull or build, IMAGE of each service, as compose reads
# docker-compose.yml. config --images came with compose 2 only.
images() {
	local -a with=()
	local joined=-
	[[ $compose_version != 1.* ]] || joined=_
	# Before .env is made from it.
	[[ -f $repo/.env ]] || with=(--env-file .env.example)
	compose "${with[@]}" config 2>/dev/null | tr -d "\"'" | awk -v built="$(project)$joined" '
		function told() { if (service != "") print service, how, image == "" ? built service : image }
		/^[^ ]/ { told(); service = ""; inside = $0 == "services:" }
		inside && /^  [^ ].*:$/ { told(); service = substr($1, 1, length($1) - 1); how = "pull"; image = "" }
		inside && /^    build:/ { how = "build" }
		inside && /^    image: / { image = $2 }
		END { told() }'
}

# container SERVICE: its id; empty where there is none.
container() {
	docker ps --all --quiet --no-trunc \
		--filter "label=com.docker.compose.project=$(project)" \
		--filter "label=com.docker.compose.service=$1" \
		--filter label=com.docker.compose.oneoff=False
}

project() {
	local name
	name=$(setting COMPOSE_PROJECT_NAME)
	printf '%s' "${name:-kong-ipv6}"
}

backend_network() {
	printf '%s_kong-net' "$(project)"
}

# health CONTAINER: running/healthy, restarting/unhealthy, exited/1 …
health() {
	docker inspect --format '{{.State.Status}}/{{if eq .State.Status "exited"}}{{.State.ExitCode}}{{else if .State.Health}}{{.State.Health.Status}}{{end}}' "$1" 2>/dev/null
}

# The first line of what the admin API answers on kong-net.
admin_status() {
	local line=''
	{
		exec 3<>"/dev/tcp/$backend_kong/8001" &&
			printf 'GET /status HTTP/1.0\r\n\r\n' >&3 && read -r -t 5 line <&3
		exec 3>&-
	} 2>/dev/null || :
	printf '%s ' "${line%$'\r'}"
}
