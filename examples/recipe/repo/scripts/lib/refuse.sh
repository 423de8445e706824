# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The checks of apply.sh before it changes anything. All refusals of a run are
# printed together.
refusals=0

# refuse CAUSE REMEDY
refuse() {
	printf '%sRefused: %s%s\n  Remedy: %s\n' "$red" "$1" "$plain" "$2" >&2 || :
	refusals=$((refusals + 1))
}

check_docker() {
	if ! have docker; then
		if [[ -x /snap/bin/docker ]]; then
			refuse "Docker is installed as a snap, which doesn't read /etc/docker/daemon.json" "snap remove docker; apt-get install docker.io"
		else
			refuse "Docker is not installed" "apt-get install docker.io docker-compose, or install Docker's own packages"
		fi
		return
	fi
	if ! ask_engine; then
		refuse "Docker doesn't answer: $(tail -n 1 <<<"$engine")" "systemctl start docker; if that fails: journalctl -u docker"
	elif [[ $(printf '%s\n' 20.10 "$engine" | sort -V | head -n 1) != 20.10 ]]; then
		refuse "Docker $engine is too old: this gateway needs 20.10 or newer" "upgrade Docker"
	fi
	if ! ask_compose; then
		refuse "neither docker compose 2 nor docker-compose 1.29 is installed" "apt-get install docker-compose (or docker-compose-plugin)"
	fi
}

check_daemon_json() {
	local why
	[[ -s /etc/docker/daemon.json ]] || return 0
	if ! have python3; then
		cmp -s /etc/docker/daemon.json "$repo/host/etc/docker/daemon.json" ||
			refuse "/etc/docker/daemon.json exists, and python3 is not installed to merge it" "apt-get install python3"
	elif ! why=$(python3 "$scripts/lib/daemon-json.py" /etc/docker/daemon.json "$repo/host/etc/docker/daemon.json" 2>&1 >/dev/null); then
		refuse "/etc/docker/daemon.json is not valid: $why" "correct the file; it was not changed"
	fi
	if daemon_has iptables false; then
		refuse "/etc/docker/daemon.json has \"iptables\": false: then Kong doesn't see the clients' IPv4 addresses, and containers can't connect to the outside" "remove that key; systemctl restart docker"
	fi
	if daemon_has bridge '"none"'; then
		refuse "/etc/docker/daemon.json has \"bridge\": \"none\": without Docker's default bridge Kong's image can't be built" "remove that key; systemctl restart docker"
	fi
}

# The owner must resolve conflicts first: a server must not run files with markers.
check_conflicts() {
	local file
	while read -r file; do
		refuse "${file#"$repo/"} still has conflict markers" "resolve the conflicts; create-kong-ipv6 check lists everything that is unresolved"
	done < <(grep -rlsE '^(<<<<<<<|>>>>>>>) ' "$repo/host" "$repo/kong-build" "$repo/docker-compose.yml" "$repo/kong.yml" "$repo/.env" || :)
}

check_settings() {
	local address bind directory
	address=$(setting KONG_BIND_IPV6)
	if ! inside6 "$address" "$subnet"; then
		refuse "KONG_BIND_IPV6=$address in .env is not inside the exposed subnet $subnet" "set KONG_BIND_IPV6=$kong"
	elif ! same6 "$address" "$kong"; then
		refuse "KONG_BIND_IPV6=$address in .env is not the planned address, $kong" \
			"set KONG_BIND_IPV6=$kong; or create-kong-ipv6 regenerate --kong $address"
	fi
	if [[ $database == postgres && -f $repo/.env ]]; then
		case $(setting KONG_PG_PASSWORD) in
		'' | replace-me | '<secret>')
			refuse "KONG_PG_PASSWORD in .env is not set" "set it to the output of: openssl rand -hex 32"
			;;
		esac
	fi
	directory=$(setting KONG_DATA_DIR)
	[[ -n $directory ]] || refuse "KONG_DATA_DIR in .env is not set" "set KONG_DATA_DIR=./data"
	[[ $ipv4 == published ]] || return 0
	bind=$(setting KONG_BIND_IP)
	if [[ -z $bind ]]; then
		refuse "KONG_BIND_IP in .env is not set" "set it to the server's IPv4 address, or to 0.0.0.0 for all addresses"
	elif [[ $bind != 0.0.0.0 && $bind != "${ipv4_netplan%/*}" && -z $(ip -4 -o addr show to "$bind/32") ]]; then
		refuse "KONG_BIND_IP=$bind in .env is not an address of this server" \
			"set KONG_BIND_IP=0.0.0.0, or one of: $(ip -4 -o addr show dev "$uplink" | sed -n 's/.* inet \([^ /]*\).*/\1/p' | paste -sd ' ')"
	fi
}

# ufw with IPV6=no drops all incoming, outgoing and forwarded IPv6 traffic.
check_ufw_ipv6() {
	have ufw && ! ufw_ipv6 && ufw_enabled || return 0
	refuse "ufw is active with IPV6=no: it drops all IPv6 traffic of this server" "set IPV6=yes in /etc/default/ufw, then: ufw reload"
}

# Sets services: the name and hash of each, as compose reads docker-compose.yml.
check_compose() {
	local -a with=()
	services=''
	[[ -n ${compose_version:-} ]] || return 0
	# .env may not exist yet: apply.sh creates it from .env.example.
	[[ -f $repo/.env ]] || with=(--env-file .env.example)
	if ! services=$(compose "${with[@]}" config --hash '*' 2>"$stage/compose"); then
		refuse "docker-compose.yml or .env has an error: $(grep -v '^time=.*level=warning' "$stage/compose" | tail -n 5 | paste -sd ' ')" \
			"correct it; docker compose config shows the details"
	fi
}

check_uplink() {
	if [[ ! -d /sys/class/net/$uplink ]]; then
		refuse "there is no interface $uplink" \
			"create-kong-ipv6 regenerate --interface NAME; NAME is one of: $(find /sys/class/net -mindepth 1 -printf '%f\n' | grep -Ev '^(lo|docker.*|br-.*|veth.*)$' | sort | paste -sd ' ')"
		return 1
	fi
	if [[ ! -e /proc/net/if_inet6 || $(<"/proc/sys/net/ipv6/conf/$uplink/disable_ipv6") == 1 ]]; then
		refuse "IPv6 is disabled on $uplink" "remove net.ipv6.conf.*.disable_ipv6=1 from /etc/sysctl.d, and ipv6.disable=1 from the kernel's command line"
		return 1
	fi
	local other name address
	other=$(ip -6 -o addr show scope global | awk -v uplink="$uplink" -v own=" $bridge $(earlier_bridges) " '$2 != uplink && !index(own, " " $2 " ") && $2 !~ /^(docker|br-|veth)/ { print $2, $4 }')
	while read -r name address; do
		[[ -n $address ]] || continue
		if inside6 "${address%/*}" "$subnet"; then
			refuse "$name has $address, which is inside the exposed subnet $subnet" "create-kong-ipv6 regenerate --exposed SUBNET"
		elif inside6 "$host" "$address" || inside6 "$kong" "$address"; then
			refuse "the prefix $prefix is on $name ($address), not on $uplink" "create-kong-ipv6 regenerate --interface $name, or regenerate with another --prefix"
		fi
	done <<<"$other"
}

# The bridges of networks from earlier answers: network.sh removes them.
earlier_bridges() {
	local -a recorded=()
	mapfile -t recorded < <(names network)
	((${#recorded[@]} == 0)) ||
		docker network inspect --format '{{index .Options "com.docker.network.bridge.name"}}' "${recorded[@]}" 2>/dev/null | paste -sd ' ' || :
}

# Probes the link. Only before the first deployment: later the results mean nothing,
# because this server already answers for these addresses.
check_link() {
	local taken verdict flags
	flags=$(<"/sys/class/net/$uplink/flags")
	# This link has no Neighbor Discovery (IFF_NOARP): nothing to probe.
	if ! have python3 || ((flags & 0x80)); then return 0; fi
	if ! grep -q " $uplink\$" /proc/net/if_inet6; then return 0; fi
	if docker network inspect "$network" >/dev/null 2>&1 || [[ -n $(names network) ]]; then return 0; fi
	local -a ask=("$kong")
	on_uplink "$host" || ask+=("$host")
	if taken=$(python3 "$scripts/lib/ndp.py" used "$uplink" "${ask[@]}" 2>/dev/null) && [[ -n $taken ]]; then
		refuse "another machine on $uplink answers for ${taken//$'\n'/ and }" "choose another address: create-kong-ipv6 regenerate --host ADDRESS or --kong ADDRESS"
		return 0
	fi
	verdict=$(python3 "$scripts/lib/ndp.py" delivery "$uplink" "$gateway" "$kong" 2>/dev/null) || return 0
	case $verdict-$delivery in
	no-gateway-*) refuse "the gateway $gateway doesn't answer on $uplink" "create-kong-ipv6 regenerate --gateway ADDRESS; ip -6 route shows the gateway in use" ;;
	elsewhere-*) refuse "the router $gateway doesn't deliver $prefix on $uplink: it answers this server's link-local address, but not an address of this prefix" "compare the prefix with the provider's control panel; then create-kong-ipv6 regenerate --prefix PREFIX" ;;
	on-link-routed) refuse "the answers say that $prefix is routed to this server, but the router solicits its addresses on the link" "create-kong-ipv6 regenerate --delivery on-link --ndp ndppd" ;;
	esac
}

# Under another project name compose would create everything a second time, and
# find the ports and addresses in use. Under the same name it would treat another
# repository's containers as its own, and give them this repository's data.
check_project() {
	local name other
	while read -r other; do
		if [[ $other -ef $repo || ! -f $other/docker-compose.yml ]]; then continue; fi
		refuse "the gateway on this server belongs to $other, which still exists" \
			"run apply.sh there; or remove that gateway first: sudo $other/scripts/rollback.sh; or, if this directory with its .env and data replaces it: mv $other $other.old"
		return 1
	done < <(docker ps --all --filter "label=com.docker.compose.project=$(project)" \
		--format '{{.Label "com.docker.compose.project.working_dir"}}' | sort -u)
	while read -r name; do
		if [[ -z $name || $name == "$(project)" || $(fact project "$name") != "$repo" ]] ||
			[[ -z $(docker ps --all --quiet --filter "label=com.docker.compose.project=$name") ]]; then continue; fi
		refuse "COMPOSE_PROJECT_NAME=$(project) in .env is not the project name of the existing containers: $name" \
			"set COMPOSE_PROJECT_NAME=$name; or remove the containers first (the data is kept): ${compose_command[*]} --project-name $name down"
		return 1
	done < <(names project)
}

check_ports() {
	local bind taken ids id
	bind=$(setting KONG_BIND_IP)
	taken=$(ss -Hltnp '( sport = :80 or sport = :443 )' | awk '!/"docker-proxy"/ { print $4, $6 }' | in_the_way "$bind" |
		sed 's/users:(("\([^"]*\)".*/(\1)/' | paste -sd ',' | sed 's/,/, /g')
	[[ -z $taken ]] || refuse "ports that Kong needs are in use on this server: $taken" "stop that program, or let it listen on other addresses"
	ids=$(docker ps --quiet --filter publish=80 --filter publish=443 2>/dev/null) || return 0
	for id in $ids; do
		taken=$(docker inspect --format '{{range $port, $at := .NetworkSettings.Ports}}{{range $at}}{{$port}} {{.HostIp}}:{{.HostPort}}
{{end}}{{end}}' "$id" | sed -nE '/\/tcp .*:(80|443)$/{s/^[^ ]* //;s/^(.*:.*):/[\1]:/;p}' | in_the_way "$bind")
		id=$(docker inspect --format '{{index .Config.Labels "com.docker.compose.project"}} {{.Name}}' "$id")
		[[ -z $taken || $id == "$(project) "* ]] ||
			refuse "the container ${id#* /} publishes port 80 or 443: $(paste -sd ' ' <<<"$taken")" "stop it, or publish it on another address"
	done
}

# in_the_way BIND <ADDRESS:PORT…: prints the lines that occupy a port of Kong.
in_the_way() {
	awk -v bind="$1" '
		{ address = $1; sub(/:[0-9]+$/, "", address); sub(/%.*/, "", address) }
		bind == "0.0.0.0" && address !~ /:/ || bind != "" && address == "0.0.0.0" || address == bind ||
			address == "" || address == "*" || address == "[::]" || address == "[::1]"'
}

# check_space PATH MEGABYTES: refuses if less space is free there.
check_space() {
	local path=$1 free
	while [[ -n $path && ! -d $path ]]; do path=${path%/*}; done
	path=${path:-/}
	free=$(df --output=avail -m "$path" | tail -n 1)
	((free >= $2)) || refuse "only $((free)) MB are free below $path: $2 MB are needed" "free some space there"
}

# networkd sets the kernel's proxy entries. Another program that manages the uplink
# would remove them.
check_ndp() {
	[[ $ndp == kernel ]] || return 0
	case $(networkd_setup) in
	configured | configuring) ;;
	*) refuse "systemd-networkd doesn't manage $uplink: --ndp kernel needs it to set the proxy entry" "create-kong-ipv6 regenerate --ndp ndppd" ;;
	esac
}

check_netplan() {
	local status=0 errors
	netplan_fits=false
	if ! have netplan; then
		status=3
	elif ! have python3; then
		refuse "python3 is not installed: it is needed to read the files in /etc/netplan" "apt-get install python3"
		return
	else
		fit "$stage/netplan" || status=$?
	fi
	if ((status == 3)); then
		# Another program manages the uplink: fine if it has done what netplan would do.
		if ! on_uplink "$host"; then
			refuse "netplan doesn't manage $uplink, and $uplink does not have the address $host" \
				"configure $host and the default route via $gateway where the server's network is configured (/etc/network/interfaces?), then run this again"
		elif [[ -z $(ip -6 route show default) ]]; then
			refuse "netplan doesn't manage $uplink, and there is no IPv6 default route" "configure the route via $gateway where the server's network is configured"
		else
			note netplan "netplan doesn't manage $uplink; its address and route exist, so nothing is changed"
		fi
		return
	fi
	if ((status != 0)); then
		refuse "the files in /etc/netplan can't be read: $(tail -n 1 "$stage/netplan/notes")" "correct them; netplan generate shows the details"
		return
	fi
	# netplan will not be applied: errors in the owner's files do not matter here.
	if cmp -s "$stage/netplan/fitted" "$netplan_file" && ! begun netplan; then
		netplan_fits=true
		return
	fi
	errors=$(validate "$stage/netplan")
	if [[ -n $errors ]]; then
		refuse "netplan refuses the configuration: $(paste -sd ' ' <<<"$errors")" "correct the files in /etc/netplan, or host$netplan_file"
		return
	fi
	netplan_fits=true
}
