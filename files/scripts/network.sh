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

Makes the exposed Docker network, the one whose containers have public IPv6
addresses, or makes it anew where it differs from the plan, in place of one that
earlier answers named otherwise; its containers are taken off and put back.
--remove brings back what was there before.
--dry-run says what would be done: exit 4 if there is something." "$@"
need_root
$dry_run || take_lock
if [[ -n ${KONG_IPV6_ENGINE:-} ]]; then
	engine=$KONG_IPV6_ENGINE generation=${KONG_IPV6_ENGINE%%.*}
else
	ask_engine || die "Docker doesn't answer: $engine" "systemctl start docker"
fi

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
	docker network inspect "$1" >/dev/null 2>&1
}

# ours NAME: whether it was made by these scripts: then it carries their label.
ours() {
	[[ -n $(docker network inspect --format '{{index .Labels "kong-ipv6.made-on"}}' "$1" 2>/dev/null) ]]
}

# The networks that earlier answers named, and that are still there.
earlier() {
	local name
	while read -r name; do
		if [[ -n $name && $name != "$network" ]] && ours "$name"; then printf '%s\n' "$name"; fi
	done < <(names network)
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

# before NAME: where the arguments are kept that make it as it was.
before() {
	printf '%s' "$state/network.before.$1"
}

# remember: what is there under the network's name before the first change of it.
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

# connection NAME CONTAINER: the arguments that connect it as it is now.
connection() {
	local four six aliases alias
	IFS='|' read -r four six aliases < <(docker inspect --format \
		'{{with index .NetworkSettings.Networks "'"$1"'"}}{{with .IPAMConfig}}{{.IPv4Address}}|{{.IPv6Address}}{{else}}|{{end}}|{{range .Aliases}}{{.}} {{end}}{{end}}' "$2")
	printf '%s' "${four:+--ip=$four }${six:+--ip6=$six }"
	for alias in $aliases; do [[ $2 == "$alias"* ]] || printf '%s ' "--alias=$alias"; done
}

# take_off NAME: takes the containers off a network, and removes it. How each was
# connected is on disk before the first one is off: an interrupted run's go back
# with the next.
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
		# Kong's own is made for this very network: apply.sh makes it anew.
		quietly docker rm --force "$id"
		[[ ${KONG_IPV6_LOCK:-$$} != "$$" ]] || note network "Kong's container is gone with it: sudo ./scripts/apply.sh"
	done
	quietly docker network rm "$1" || die "Docker can't remove the network $1" "see its words above"
}

# make NAME ARGUMENT…
make() {
	local name=$1
	shift
	quietly docker network create "$@" "$name" || die "Docker can't make the network $name" "see its words above"
}

# connect_elsewhere NAME CONTAINER CALLED ARGUMENT…: the address that it had may be
# out of the new subnet: then it gets another.
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
		note network "$called can't keep $had on $name: it has $(docker inspect --format \
			'{{with index .NetworkSettings.Networks "'"$name"'"}}{{.GlobalIPv6Address}}{{end}}' "$id") now. For a fixed one: docker network disconnect $name $called; docker network connect --ip6 ADDRESS $name $called"
	else
		# Docker moves none that was made for a network of another name.
		record stranded "$id" "$*"
		note network "$called can't be put on $name: make it anew there (${why#Error response from daemon: })"
	fi
}

# put_back [NAME]: the containers that were taken off; without a network it says
# which have lost theirs.
put_back() {
	local id called
	local -a members=() how=()
	mapfile -t members < <(names member)
	for id in "${members[@]}"; do
		called=$(docker inspect --format '{{.Name}}' "$id" 2>/dev/null) || called=''
		if [[ -n $called && -z ${1:-} ]]; then
			note network "${called#/} was on it, and is on it no more"
		elif [[ -n $called && -z $(docker inspect --format '{{with index .NetworkSettings.Networks "'"$1"'"}}on{{end}}' "$id") ]]; then
			read -ra how <<<"$(fact member "$id")"
			if ! docker network connect "${how[@]}" "$1" "$id" >/dev/null 2>&1; then connect_elsewhere "$1" "$id" "${called#/}" "${how[@]}"; fi
		fi
		forget member "$id"
	done
}

# What there was before: nothing, or the network in another shape.
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
			row "$bold" change network "$name: $([[ $(fact network "$name") == kept ]] && echo "as it was before" || echo "removed")"
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
for name in "${old[@]}"; do row "$bold" change network "$name is removed: the answers have $network in its place"; done
if [[ -n $why ]]; then
	row "$bold" change network "$network is made: $why"
elif ((${#waiting[@]} > 0)); then
	row "$bold" change network "$network: containers that an interrupted run took off are put back"
fi
! $dry_run || exit 4
remember
for name in "${old[@]}"; do
	take_off "$name"
	# One that was there before us comes back with --remove: until then it would overlap.
	[[ $(fact network "$name") == kept ]] || forget network "$name"
done
if [[ -n $why ]]; then
	if exists "$network"; then take_off "$network"; fi
	mapfile -t arguments < <(planned)
	make "$network" "${arguments[@]}"
	# At a boot they come from sysctl.d, which says why.
	for key in dad_transmits router_solicitation_delay; do
		echo 0 >"/proc/sys/net/ipv6/conf/$bridge/$key" || :
	done
fi
put_back "$network"
