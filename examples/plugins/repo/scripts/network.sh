#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname -- "${BASH_SOURCE[0]}")"
source lib/plan.sh
source lib/common.sh
source lib/state.sh
source lib/docker.sh

usage "usage: sudo ./scripts/network.sh [--dry-run] [--remove]

Makes the exposed Docker network, the one whose containers have public IPv6
addresses, or makes it anew where it differs from the plan; its containers are
taken off and put back. --remove brings back what was there before.
--dry-run says what would be done: exit 4 if there is something." "$@"
need_root
$dry_run || take_lock
ask_engine || die "Docker doesn't answer: $engine" "systemctl start docker"

# Engines up to 26 take gateway_mode_ipv6 and ignore it, and what they store
# lacks it: after an upgrade such a network drops all that is sent to Kong
# (moby 27 and later). It looks like any other, so its maker is written on it.
stale() {
	((generation >= 27)) || return 1
	[[ ! $1 =~ ^([0-9]+)\. ]] || ((BASH_REMATCH[1] < 27))
}

# Prints why the network isn't as planned; nothing if it is.
difference() {
	local is driver six name mode maker config
	if ! is=$(docker network inspect --format \
		'{{.Driver}} {{.EnableIPv6}} {{or (index .Options "com.docker.network.bridge.name") "-"}} {{or (index .Options "com.docker.network.bridge.gateway_mode_ipv6") "-"}} {{or (index .Labels "kong-ipv6.made-on") "-"}} {{range .IPAM.Config}}{{.Subnet}},{{.Gateway}},{{.IPRange}} {{end}}' \
		"$network" 2>/dev/null); then
		echo "it doesn't exist"
		return
	fi
	read -r driver six name mode maker config <<<"$is"
	if [[ $driver != bridge || $six != true ]]; then
		echo "it is no IPv6 bridge"
	elif [[ " $config " != *" $subnet,$subnet_gateway,$subnet_range "* ]]; then
		echo "its subnet isn't $subnet with dynamic addresses from $subnet_range"
	elif [[ $name != "$bridge" ]]; then
		echo "its bridge isn't $bridge"
	elif [[ $mode != routed ]]; then
		echo "its IPv6 gateway mode isn't routed"
	elif stale "$maker"; then
		echo "it was made on an engine that ignores the routed mode (${maker/-/unknown}); this one is $engine"
	fi
}

exists() {
	docker network inspect "$network" >/dev/null 2>&1
}

# The arguments that make the network as planned, one a line.
planned() {
	printf '%s\n' --driver=bridge --ipv6 "--subnet=$subnet" "--gateway=$subnet_gateway" "--ip-range=$subnet_range" \
		"--opt=com.docker.network.bridge.name=$bridge" \
		--opt=com.docker.network.bridge.gateway_mode_ipv6=routed \
		"--label=kong-ipv6.made-on=$engine"
}

# The arguments that make the network as it is now.
current() {
	docker network inspect --format '--driver={{.Driver}}
{{if .EnableIPv6}}--ipv6
{{end}}{{if .Internal}}--internal
{{end}}{{if .Attachable}}--attachable
{{end}}{{range .IPAM.Config}}--subnet={{.Subnet}}
{{if .Gateway}}--gateway={{.Gateway}}
{{end}}{{if .IPRange}}--ip-range={{.IPRange}}
{{end}}{{end}}{{range $key, $value := .Options}}--opt={{$key}}={{$value}}
{{end}}{{range $key, $value := .Labels}}--label={{$key}}={{$value}}
{{end}}' "$network" | sed '/^$/d'
}

# replace [ARGUMENT…]: removes the network, makes it anew with the arguments
# (without any: not), and puts its containers back.
replace() {
	local id four six alias connect
	local -a members=() connects=()
	if exists; then
		mapfile -t members < <(docker ps --all --quiet --no-trunc --filter "network=$network")
		for id in "${members[@]}"; do
			# Kong's own is made for this very network: apply.sh makes it anew.
			if [[ $id == "$(container kong)" ]]; then
				quietly docker rm --force "$id"
				[[ ${KONG_IPV6_LOCK:-$$} != "$$" ]] || note network "Kong's container is gone with it: sudo ./scripts/apply.sh"
				continue
			fi
			connect="$id"
			IFS='|' read -r four six alias < <(docker inspect --format \
				'{{with index .NetworkSettings.Networks "'"$network"'"}}{{with .IPAMConfig}}{{.IPv4Address}}|{{.IPv6Address}}{{else}}|{{end}}|{{range .Aliases}}{{.}} {{end}}{{end}}' "$id")
			if [[ -n $four ]]; then connect+=" --ip=$four"; fi
			if [[ -n $six ]]; then connect+=" --ip6=$six"; fi
			for four in $alias; do [[ $id == "$four"* ]] || connect+=" --alias=$four"; done
			connects+=("$connect")
			quietly docker network disconnect --force "$network" "$id"
		done
		quietly docker network rm "$network" || die "Docker can't remove the network $network" "see its words above"
	fi
	[[ $# -gt 0 ]] || return 0
	quietly docker network create "$@" "$network" || die "Docker can't make the network $network" "see its words above"
	for connect in "${connects[@]}"; do
		read -r id connect <<<"$connect"
		# The address that it had may be out of the new subnet: then it gets another.
		# shellcheck disable=SC2086
		docker network connect $connect "$network" "$id" >/dev/null 2>&1 ||
			quietly docker network connect "$network" "$id" ||
			note network "$(docker inspect --format '{{.Name}}' "$id") can't be put back: make it anew"
	done
}

if $remove; then
	was=$(fact network "$network") || exit 0
	if $dry_run; then
		row "$bold" change network "$network: $([[ $was == kept ]] && echo "as it was before" || echo "removed")"
		exit 4
	fi
	before=()
	if [[ $was == kept ]]; then mapfile -t before <"$state/network.before"; fi
	if exists || [[ $was == kept ]]; then replace "${before[@]}"; fi
	forget network "$network"
	exit 0
fi

why=$(difference)
[[ -n $why ]] || exit 0
row "$bold" change network "$network is made: $why"
! $dry_run || exit 4
if ! fact network "$network" >/dev/null; then
	open_state
	if exists; then
		current >"$state/network.before"
		sync "$state/network.before"
		record network "$network" kept
	else
		record network "$network" absent
	fi
fi
mapfile -t arguments < <(planned)
replace "${arguments[@]}"
