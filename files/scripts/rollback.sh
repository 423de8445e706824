#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
source lib/plan.sh
source lib/common.sh
source lib/state.sh
source lib/docker.sh
source lib/netplan.sh

usage "usage: sudo ./scripts/rollback.sh [--dry-run]

Takes back all that apply.sh did on this server: files with content, mode and
owner, units, packages, sysctls, firewall, network, containers. The data of
Kong and its database is never deleted, nor is a package that you use by now.
--dry-run prints what would be taken back: exit 4 if there is something." "$@"
need_root
$dry_run || take_lock

if [[ ! -f $manifest ]]; then
	say "Nothing to take back: apply.sh has changed nothing here."
	exit 0
fi

step=''
finish() {
	[[ -z $step ]] ||
		printf '%sStopped at: %s%s\n  Run ./scripts/rollback.sh again to go on.\n' "$red" "$step" "$plain" >&2 || :
}
trap finish EXIT

files=$(our_files)
changed=''
while read -r path; do
	if [[ -n $path ]] && differs "$path"; then changed+=$path$'\n'; fi
done <<<"$files"
is_changed() {
	grep -q "^$1" <<<"$changed"
}
daemon_json_changed() {
	local path
	while read -r path; do
		if [[ -n $path ]] && is_changed "$path\$"; then return 0; fi
	done < <(names docker)
	return 1
}

# The names under which compose has made containers.
projects() {
	local path
	{
		names project
		while IFS= read -r path; do fact repository "$path"; done < <(names repository)
	} | sort -u
}

# A run that was about to install it may have failed.
known() {
	[[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) != @(|not-installed) ]]
}
# Before anything is taken back, so that --dry-run says the same.
declare -A stays=()
for package in $(names package); do
	stays[$package]=''
	! known "$package" || stays[$package]=$(why_stays "$package" | paste -sd , | sed 's/,/, /g')
done
note_stays() {
	note package "$1 stays: ${stays[$1]}; to remove it: apt-get $(fact package "$1") $1"
}

if $dry_run; then
	while read -r name; do row "$bold" remove compose "the containers of $name; its data stays"; done < <(projects)
	[[ -z $(names ufw) ]] || row "$bold" remove ufw "the rules with the comment kong-ipv6"
	while read -r name; do row "$bold" restore network "$name: $(fact network "$name")"; done < <(names network)
	for name in $(names unit); do row "$bold" restore unit "$name: $(fact unit "$name")"; done
	while read -r path; do
		[[ -z $path ]] || row "$bold" restore file "$path: $(fact file "$path")"
	done <<<"$changed"
	for name in $(names sysctl); do row "$bold" restore sysctl "$name $(fact sysctl "$name")"; done
	for name in $(names package); do
		if [[ -n ${stays[$name]} ]]; then
			note_stays "$name"
		elif known "$name"; then
			row "$bold" remove package "$name"
		fi
	done
	if daemon_json_changed; then row "$bold" restart docker "for daemon.json"; fi
	exit 4
fi

forget_containers() {
	local path
	local -a recorded=()
	mapfile -t recorded < <(names repository)
	for path in "${recorded[@]}"; do forget repository "$path"; done
	mapfile -t recorded < <(names project)
	for path in "${recorded[@]}"; do forget project "$path"; done
}

# What is being restored has to be put in force, by a later run if not by this one.
record_restored() {
	record todo restored "$(printf '%s' "$changed" | base64 -w 0)"
}

start_docker() {
	local path
	restart docker.service && until_true 20 ask_engine && return 0
	# Perhaps it is what was merged into daemon.json that stops it.
	daemon_json_changed || return 1
	record_restored
	while read -r path; do restore "$path"; done < <(names docker)
	restart docker.service && until_true 20 ask_engine
}

# Docker alone can remove the containers and the network: without it nothing is
# taken back, or only the rest would be, and they forgotten.
docker_runs=true
if ! have docker; then
	docker_runs=false
	note docker "it is not installed: its containers and network stay"
elif ! ask_engine; then
	step="docker: starting it"
	start_docker || die "Docker doesn't run, and without it the containers and the network can't be removed" \
		"systemctl start docker; journalctl -u docker; then run this again"
	row "$green" ok docker "started: it didn't run"
fi

data=$(data_dir)
mapfile -t recorded < <(projects)
for name in "${recorded[@]}"; do
	$docker_runs || break
	step="compose: removing the containers"
	mapfile -t ids < <(docker ps --all --quiet --filter "label=com.docker.compose.project=$name")
	if ((${#ids[@]} > 0)); then
		# Those of another clone have theirs elsewhere.
		mounted=$(docker inspect --format '{{range .Mounts}}{{println .Source}}{{end}}' "${ids[@]}" | sed -n 's#/\(postgres\|logs\)$##p' | head -n 1)
		data=${mounted:-$data}
		quietly docker stop "${ids[@]}" || :
		quietly docker rm --force "${ids[@]}" || die "Docker can't remove the containers" "see its words above"
	fi
	mapfile -t ids < <(docker network ls --quiet --filter "label=com.docker.compose.project=$name")
	((${#ids[@]} == 0)) || quietly docker network rm "${ids[@]}" || note network "kong-net is still in use: it stays"
	row "$green" ok compose "no containers of $name are left; the data stays in $data"
done
# Only now: the containers of all projects are made from it.
if $docker_runs && ((${#recorded[@]} > 0)) && docker image inspect kong-ipv6:local >/dev/null 2>&1; then
	quietly docker image rm kong-ipv6:local || :
fi
if $docker_runs; then forget_containers; fi

# Without the command its files may still have them.
if [[ -n $(names ufw) ]] && { have ufw || grep -qs "$ufw_comment" /etc/ufw/user.rules /etc/ufw/user6.rules; }; then
	step="ufw: deleting the rules"
	remove_ufw_rules || die "ufw can't delete our rules: see its words above" \
		"apt-get install ufw python3, until ufw show added works, then run this again; or, if ufw is gone for good: apt-get purge ufw"
	row "$green" ok ufw "no rules of ours are left"
fi

if $docker_runs && [[ -n $(names network) ]]; then
	step="network: $network"
	"$scripts/network.sh" --remove
	row "$green" ok network "as it was"
fi

step="units: stopping them"
for unit in $(names unit); do
	systemctl --quiet stop "$unit" 2>/dev/null || :
done
if have nft && nft list table inet kong_ipv6 >/dev/null 2>&1; then nft delete table inet kong_ipv6; fi

# What the server has by now must stay, but for what it has by apply.sh only.
before='' unknown=''
if [[ -n $(fact snapshot network || :) ]]; then
	before=$(snapshot | not_ours "$(fact snapshot network | base64 -d)")
	# What has a time limit comes by DHCP or router advertisements.
	unknown=$(grep -v '^route' <<<"$before" | grep -vxF -f <(ip -o addr show dynamic | awk '{ print "addr", $2, $4 }') || :)
fi

trap '' INT TERM
step="files: restoring them"
record_restored
while read -r path; do
	[[ -z $path ]] || restore "$path"
done <<<"$files"
remove_directories
row "$green" ok files "as they were"

# Also what an interrupted rollback had restored, and not put in force.
changed+=$(fact todo restored | base64 -d)
systemctl daemon-reload
for unit in $(names unit); do
	[[ $(fact unit "$unit") == active ]] || continue
	# A newer systemd makes no unit of a SysV script.
	if ! systemctl cat "$unit" >/dev/null 2>&1; then
		note unit "$unit ran before, and is no more on this server"
	else
		restart "$unit" || note unit "$unit doesn't start: journalctl -u $unit"
	fi
done
if is_changed "$netplan_file"; then
	step="netplan: applying it"
	if ! { netplan_apply && all_back "$before" "$unknown" networkd_done; }; then
		give_back "$before"
		note netplan "$why: given back by hand; see netplan apply"
	fi
	row "$green" ok netplan "as it was"
elif is_changed /etc/systemd/network/; then
	{ networkctl reload && networkctl reconfigure "$uplink"; } 2>/dev/null ||
		note ndp "networkd doesn't answer: what it set goes with the next boot"
	sleep 0.2
	until_true 10 networkd_done || :
	unknown_back "$unknown"
	until_true 10 nothing_lost "$before" || give_back "$before"
fi
trap - INT TERM

if $docker_runs && daemon_json_changed; then
	step="docker: restarting it"
	restart docker.service || die "Docker doesn't start" "journalctl -u docker"
	# Docker leaves the bridge's address and route there.
	if [[ $(docker network inspect --format '{{.EnableIPv6}}' bridge 2>/dev/null) == false ]]; then
		ip -6 addr flush dev docker0 scope global 2>/dev/null || :
		while read -r route; do
			[[ $route == fe80::* || $route == ff00::* ]] || ip -6 route del "$route" dev docker0 2>/dev/null || :
		done < <(ip -6 route show dev docker0 2>/dev/null | cut -d ' ' -f 1)
	fi
	row "$green" ok docker "restarted with its own daemon.json"
fi

# Only now: Docker turns forwarding on itself.
if [[ -n $(names sysctl) ]]; then
	step="sysctl: restoring it"
	# Those for all first: they set each interface's.
	mapfile -t keys < <(names sysctl | grep '\.all\.' || :)
	restore_sysctls "${keys[@]}"
	mapfile -t keys < <(names sysctl | grep -v '\.all\.' || :)
	restore_sysctls "${keys[@]}"
	until_true 3 nothing_lost "$before" || give_back "$before"
	row "$green" ok sysctl "as they were"
fi

left='' broken=false
if [[ -n $(names package) ]]; then
	step="packages"
	export DEBIAN_FRONTEND=noninteractive
	# It waits for what a run that was broken off may have left running.
	silently apt_get check || broken=true
fi
for package in $(names package); do
	step="package: $package"
	if [[ -n ${stays[$package]} ]]; then
		note_stays "$package"
	elif known "$package"; then
		how=$(fact package "$package")
		# A purge would delete what was just restored.
		[[ -z $(foreign_conffiles "$package") ]] || how=remove
		if ! remove_package "$package" "$how"; then
			left+=" $package"
			continue
		fi
	fi
	restore "/etc/$package.conf.dpkg-dist"
	forget package "$package"
done
# What was to come with them and was broken off, too.
if $broken && ! silently apt_get install --fix-broken --no-remove --yes && [[ -z $left ]]; then
	note package "apt-get check finds something broken: apt-get install --fix-broken"
fi

# What Docker still has is for a later run, when it is installed again.
rest=''
if [[ -n $left ]]; then
	while read -r path; do forget file "$path"; done <<<"$files"
	rest='package|file'
fi
if ! $docker_runs && [[ -n $(projects)$(names network) ]]; then
	step=''
	[[ -z $left ]] || note package "can't be removed, see dpkg's words above:$left"
	remember_only "$rest|repository|project|network|member|stranded|docker|todo|sysctl"
	die "the containers and the network couldn't be removed: Docker is not installed" \
		"install it and run this again; or, if it is gone for good: rm -r $state"
fi
if [[ -n $left ]]; then
	step=''
	remember_only "$rest"
	die "all else is taken back, but apt-get and dpkg can't remove:$left" \
		"see dpkg's words above; mend it (dpkg --audit), then run this again"
fi
if [[ -d $state/edited ]]; then
	note file "what you had edited of these files is kept: $state/edited"
	find "$state" -mindepth 1 -maxdepth 1 ! -name edited -exec rm -rf {} +
else
	rm -rf "$state"
fi
step=''
say "All taken back.$([[ ! -d $data ]] || echo " The data is kept: $data")"
