#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
source lib/plan.sh
source lib/common.sh
source lib/state.sh
source lib/docker.sh

usage "usage: sudo ./scripts/network.sh [--dry-run] [--remove]

Creates the exposed Docker network, whose containers have public IPv6 addresses.
If it differs from the plan, it is recreated: its containers are disconnected,
then connected again. It also replaces networks of earlier answers.
--remove restores what was there before.
--dry-run prints what would change. Exit status: 4 if something would, else 0." "$@"
need_root
$dry_run || take_lock
if [[ -n ${KONG_IPV6_ENGINE:-} ]]; then
	engine=$KONG_IPV6_ENGINE generation=${KONG_IPV6_ENGINE%%.*}
else
	ask_engine || die "Docker doesn't answer: $engine" "systemctl start docker"
fi

# stale ENGINE: whether the network must be recreated because of the engine that
# created it. Engines up to 26 accept gateway_mode_ipv6 but ignore it. After an
# upgrade to 27 or later such a network drops all traffic to Kong, and docker inspect
# shows no difference. So a label names the engine that created the network.
stale() {
	((generation >= 27)) || return 1
	[[ ! $1 =~ ^([0-9]+)\. ]] || ((BASH_REMATCH[1] < 27))
}

# difference: prints how the network differs from the plan; nothing if it does not.
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
		echo "it is not an IPv6 bridge network"
	elif [[ " $config " != *" $subnet,$subnet_gateway,$subnet_range "* ]]; then
		echo "its subnet isn't $subnet, with dynamic addresses from $subnet_range"
	elif [[ $name != "$bridge" ]]; then
		echo "its bridge isn't $bridge"
	elif [[ $mode != routed ]]; then
		echo "its IPv6 gateway mode isn't routed"
	elif stale "$maker"; then
		echo "it was created by an engine that ignores the routed mode (${maker/-/unknown}); this engine is $engine"
	fi
}

exists() {
	docker network inspect "$1" >/dev/null 2>&1
}

# ours NAME: whether these scripts created it: then it has their label.
ours() {
	[[ -n $(docker network inspect --format '{{index .Labels "kong-ipv6.made-on"}}' "$1" 2>/dev/null) ]]
}

# earlier: prints the networks of earlier answers that still exist.
earlier() {
	local name
	while read -r name; do
		if [[ -n $name && $name != "$network" ]] && ours "$name"; then printf '%s\n' "$name"; fi
	done < <(names network)
}

# planned: prints the arguments that create the network as planned, one per line.
planned() {
	printf '%s\n' --driver=bridge --ipv6 "--subnet=$subnet" "--gateway=$subnet_gateway" "--ip-range=$subnet_range" \
		"--opt=com.docker.network.bridge.name=$bridge" \
		--opt=com.docker.network.bridge.gateway_mode_ipv6=routed \
		"--label=kong-ipv6.made-on=$engine"
}

# current: prints the arguments that create the network as it is now.
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

# before NAME: prints the path of the file with the arguments of the original network.
before() {
	printf '%s' "$state/network.before.$1"
}

# remember: records the network of this name before its first change.
remember() {
	if fact network "$network" >/dev/null; then return 0; fi
	open_state
	if exists "$network"; then
		current >"$(before "$network")"
		sync "$(before "$network")"
		record network "$network" kept
	else
		record network "$network" absent
	fi
}

# connection NAME CONTAINER: prints the arguments that connect it as it is now.
connection() {
	local four six aliases alias
	IFS='|' read -r four six aliases < <(docker inspect --format \
		'{{with index .NetworkSettings.Networks "'"$1"'"}}{{with .IPAMConfig}}{{.IPv4Address}}|{{.IPv6Address}}{{else}}|{{end}}|{{range .Aliases}}{{.}} {{end}}{{end}}' "$2")
	printf '%s' "${four:+--ip=$four }${six:+--ip6=$six }"
	for alias in $aliases; do [[ $2 == "$alias"* ]] || printf '%s ' "--alias=$alias"; done
}

# take_off NAME: disconnects all containers from the network, and removes it. First it
# writes to disk how each was connected: after an interruption the next run connects
# them again.
take_off() {
	local id own
	local -a members=()
	own=$(container kong)
	mapfile -t members < <(docker ps --all --quiet --no-trunc --filter "network=$1")
	for id in "${members[@]}"; do
		[[ $id == "$own" ]] || record member "$id" "$(connection "$1" "$id")"
	done
	for id in "${members[@]}"; do
		if [[ $id != "$own" ]]; then
			quietly docker network disconnect --force "$1" "$id"
			continue
		fi
		# Kong's container was created for this network: apply.sh recreates it.
		quietly docker rm --force "$id"
		[[ ${KONG_IPV6_LOCK:-$$} != "$$" ]] || note network "Kong's container was removed with it. To recreate it: sudo ./scripts/apply.sh"
	done
	quietly docker network rm "$1" || die "Docker can't remove the network $1" "see Docker's message above"
}

# make NAME ARGUMENT…: creates the network.
make() {
	local name=$1
	shift
	quietly docker network create "$@" "$name" || die "Docker can't create the network $name" "see Docker's message above"
}

# connect_elsewhere NAME CONTAINER CALLED ARGUMENT…: connects it with another address,
# because the old one may be outside the new subnet.
connect_elsewhere() {
	local name=$1 id=$2 called=$3 argument why had=''
	local -a aliases=()
	shift 3
	for argument in "$@"; do
		case $argument in
		--ip*=*) had+=${had:+ and }${argument#*=} ;;
		*) aliases+=("$argument") ;;
		esac
	done
	if why=$(docker network connect "${aliases[@]}" "$name" "$id" 2>&1); then
		note network "$called can't keep $had on $name: its address is now $(docker inspect --format \
			'{{with index .NetworkSettings.Networks "'"$name"'"}}{{.GlobalIPv6Address}}{{end}}' "$id"). For a fixed one: docker network disconnect $name $called; docker network connect --ip6 ADDRESS $name $called"
	else
		# Docker can't reconnect a container that was created for a network of another name.
		record stranded "$id" "$*"
		note network "$called can't be connected to $name: recreate the container there (${why#Error response from daemon: })"
	fi
}

# put_back [NAME]: connects the containers that take_off disconnected. Without NAME it
# prints which containers have lost their network.
put_back() {
	local id called
	local -a members=() how=()
	mapfile -t members < <(names member)
	for id in "${members[@]}"; do
		called=$(docker inspect --format '{{.Name}}' "$id" 2>/dev/null) || called=''
		if [[ -n $called && -z ${1:-} ]]; then
			note network "${called#/} is no longer connected: its network was removed"
		elif [[ -n $called && -z $(docker inspect --format '{{with index .NetworkSettings.Networks "'"$1"'"}}on{{end}}' "$id") ]]; then
			read -ra how <<<"$(fact member "$id")"
			if ! docker network connect "${how[@]}" "$1" "$id" >/dev/null 2>&1; then connect_elsewhere "$1" "$id" "${called#/}" "${how[@]}"; fi
		fi
		forget member "$id"
	done
}

# bring_back: restores the original networks, or removes ours if there was none.
bring_back() {
	local name to=''
	local -a recorded=() arguments=() stranded=()
	mapfile -t stranded < <(names stranded)
	for name in "${stranded[@]}"; do
		record member "$name" "$(fact stranded "$name")"
		forget stranded "$name"
	done
	mapfile -t recorded < <(names network)
	for name in "${recorded[@]}"; do
		if exists "$name" && { [[ $(fact network "$name") == absent ]] || ours "$name"; }; then take_off "$name"; fi
	done
	for name in "${recorded[@]}"; do
		[[ $(fact network "$name") == kept ]] || continue
		mapfile -t arguments <"$(before "$name")"
		exists "$name" || make "$name" "${arguments[@]}"
		to=$name
	done
	put_back "$to"
	for name in "${recorded[@]}"; do forget network "$name"; done
}

if $remove; then
	mapfile -t recorded < <(names network)
	((${#recorded[@]} > 0)) || exit 0
	if $dry_run; then
		for name in "${recorded[@]}"; do
			row "$bold" change network "$name will be $([[ $(fact network "$name") == kept ]] && echo restored || echo removed)"
		done
		exit 4
	fi
	bring_back
	exit 0
fi

why=$(difference)
mapfile -t old < <(earlier)
mapfile -t waiting < <(names member)
((${#old[@]} + ${#waiting[@]} > 0)) || [[ -n $why ]] || exit 0
for name in "${old[@]}"; do row "$bold" change network "$name will be removed: the answers now name $network"; done
if [[ -n $why ]]; then
	row "$bold" change network "$network will be set up: $why"
elif ((${#waiting[@]} > 0)); then
	row "$bold" change network "$network: containers that an interrupted run disconnected will be connected again"
fi
! $dry_run || exit 4
remember
for name in "${old[@]}"; do
	take_off "$name"
	# --remove restores an original network. Until then it would overlap with ours.
	[[ $(fact network "$name") == kept ]] || forget network "$name"
done
if [[ -n $why ]]; then
	if exists "$network"; then take_off "$network"; fi
	mapfile -t arguments < <(planned)
	make "$network" "${arguments[@]}"
	# At boot sysctl.d sets these; our file there explains them.
	for key in dad_transmits router_solicitation_delay; do
		echo 0 >"/proc/sys/net/ipv6/conf/$bridge/$key" || :
	done
fi
put_back "$network"
