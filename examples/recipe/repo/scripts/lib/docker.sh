# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The docker and docker compose commands, in all supported versions.

# Variables of the owner's shell must not override .env.
unset "${!COMPOSE_@}" "${!KONG_DATA@}" "${!KONG_BIND@}" "${!KONG_PG@}" "${!KONG_PUBLISH@}" DOCKER_HOST DOCKER_CONTEXT

# Sets engine (20.10.24) and generation (20). If it fails, engine is the error message.
ask_engine() {
	engine=$(docker version --format '{{.Server.Version}}' 2>&1) || return 1
	generation=${engine%%.*}
	[[ $generation =~ ^[0-9]+$ ]] || return 1
	# So that network.sh need not ask again.
	export KONG_IPV6_ENGINE=$engine
}

# daemon_has KEY VALUE: whether daemon.json has this key with this value.
daemon_has() {
	grep -qsE "\"$1\"[[:space:]]*:[[:space:]]*$2" /etc/docker/daemon.json
}

# live_containers: whether running containers survive a restart of Docker. As long
# as one of them runs, Docker does not change docker0.
live_containers() {
	daemon_has live-restore true && [[ -n $(docker ps --quiet) ]]
}

# opens_all: whether Docker itself filters no IPv6, which is the default up to 26.
opens_all() {
	((${generation:-0} < 27)) || daemon_has ip6tables false
}

# Sets compose_command and compose_version; fails if there is neither compose 2 nor 1.29.
ask_compose() {
	if compose_version=$(docker compose version --short 2>/dev/null) && [[ ${compose_version#v} =~ ^([2-9]|[1-9][0-9])\. ]]; then
		compose_command=(docker compose)
	elif compose_version=$(docker-compose version --short 2>/dev/null) && [[ ${compose_version#v} =~ ^(1\.29|[2-9]|[1-9][0-9])(\.|$) ]]; then
		compose_command=(docker-compose)
	else
		return 1
	fi
}

# compose ARGUMENT…: runs at most half an hour. compose_for SECONDS ARGUMENT…: runs
# at most SECONDS.
compose() {
	compose_for 1800 "$@"
}

compose_for() {
	local seconds=$1
	shift
	(cd "$repo" && exec timeout --foreground "$seconds" "${compose_command[@]}" "$@")
}

# images: prints SERVICE, pull or build, and IMAGE for each service, as compose
# reads docker-compose.yml. Compose 1.29 has no config --images.
images() {
	local -a with=()
	local joined=-
	[[ $compose_version != 1.* ]] || joined=_
	# .env may not exist yet: apply.sh creates it from .env.example.
	[[ -f $repo/.env ]] || with=(--env-file .env.example)
	compose "${with[@]}" config 2>/dev/null | tr -d "\"'" | awk -v built="$(project)$joined" '
		function told() { if (service != "") print service, how, image == "" ? built service : image }
		/^[^ ]/ { told(); service = ""; inside = $0 == "services:" }
		inside && /^  [^ ].*:$/ { told(); service = substr($1, 1, length($1) - 1); how = "pull"; image = "" }
		inside && /^    build:/ { how = "build" }
		inside && /^    image: / { image = $2 }
		END { told() }'
}

# container SERVICE: prints the ID of its container; empty if there is none.
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

# admin_status: prints the first line of the admin API's answer on kong-net.
admin_status() {
	local line=''
	{
		exec 3<>"/dev/tcp/$backend_kong/8001" &&
			printf 'GET /status HTTP/1.0\r\n\r\n' >&3 && read -r -t 5 line <&3
		exec 3>&-
	} 2>/dev/null || :
	printf '%s ' "${line%$'\r'}"
}
