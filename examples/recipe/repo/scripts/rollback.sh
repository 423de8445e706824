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

Undoes everything that apply.sh did on this server: files with content, mode and
owner, units, packages, sysctls, firewall, network, containers. It never deletes
the data of Kong and its database, and no package that you now use yourself.
--dry-run prints what would be undone. Exit status: 4 if something would, else 0." "$@"
need_root
$dry_run || take_lock

if [[ ! -f $manifest ]]; then
	say "Nothing to undo: apply.sh has changed nothing on this server."
	exit 0
fi

step=''
finish() {
	[[ -z $step ]] ||
		printf '%sStopped at: %s%s\n  Run ./scripts/rollback.sh again to continue.\n' "$red" "$step" "$plain" >&2 || :
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

# projects: prints the project names under which compose created containers.
projects() {
	local path
	{
		names project
		while IFS= read -r path; do fact repository "$path"; done < <(names repository)
	} | sort -u
}

# known PACKAGE: whether dpkg knows it. apply.sh may have failed before installing it.
known() {
	[[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) != @(|not-installed) ]]
}
# Decided before anything is undone, so that --dry-run prints the same.
declare -A stays=()
for package in $(names package); do
	stays[$package]=''
	! known "$package" || stays[$package]=$(why_stays "$package" | paste -sd , | sed 's/,/, /g')
done
note_stays() {
	note package "$1 is kept: ${stays[$1]}; to remove it: apt-get $(fact package "$1") $1"
}

if $dry_run; then
	while read -r name; do row "$bold" remove compose "the containers of $name; its data is kept"; done < <(projects)
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

# Restored files must also take effect, by a later run if this one stops.
record_restored() {
	record todo restored "$(printf '%s' "$changed" | base64 -w 0)"
}

start_docker() {
	local path
	restart docker.service && until_true 20 ask_engine && return 0
	# What was merged into daemon.json may be what prevents the start.
	daemon_json_changed || return 1
	record_restored
	while read -r path; do restore "$path"; done < <(names docker)
	restart docker.service && until_true 20 ask_engine
}

# Only Docker can remove the containers and the network. If it can't start, stop before
# anything is undone. Otherwise these would stay on the server, but be forgotten.
docker_runs=true
if ! have docker; then
	docker_runs=false
	note docker "Docker is not installed: its containers and network are kept"
elif ! ask_engine; then
	step="docker: starting it"
	start_docker || die "Docker is not running, and without it the containers and the network can't be removed" \
		"systemctl start docker; journalctl -u docker; then run this again"
	row "$green" ok docker "started: it was not running"
fi

data=$(data_dir)
mapfile -t recorded < <(projects)
for name in "${recorded[@]}"; do
	$docker_runs || break
	step="compose: removing the containers"
	mapfile -t ids < <(docker ps --all --quiet --filter "label=com.docker.compose.project=$name")
	if ((${#ids[@]} > 0)); then
		# Containers of another clone have their data elsewhere.
		mounted=$(docker inspect --format '{{range .Mounts}}{{println .Source}}{{end}}' "${ids[@]}" | sed -n 's#/\(postgres\|logs\)$##p' | head -n 1)
		data=${mounted:-$data}
		quietly docker stop "${ids[@]}" || :
		quietly docker rm --force "${ids[@]}" || die "Docker can't remove the containers" "see Docker's message above"
	fi
	mapfile -t ids < <(docker network ls --quiet --filter "label=com.docker.compose.project=$name")
	((${#ids[@]} == 0)) || quietly docker network rm "${ids[@]}" || note network "kong-net is kept: it is still in use"
	row "$green" ok compose "the containers of $name are removed; the data is kept in $data"
done
# Only now, because the containers of all projects use this image.
if $docker_runs && ((${#recorded[@]} > 0)) && docker image inspect kong-ipv6:local >/dev/null 2>&1; then
	quietly docker image rm kong-ipv6:local || :
fi
if $docker_runs; then forget_containers; fi

# Even without the ufw command its files may still contain our rules.
if [[ -n $(names ufw) ]] && { have ufw || grep -qs "$ufw_comment" /etc/ufw/user.rules /etc/ufw/user6.rules; }; then
	step="ufw: deleting the rules"
	remove_ufw_rules || die "ufw can't delete Kong's rules: see its message above" \
		"apt-get install ufw python3, so that ufw show added works, then run this again; or, if you no longer use ufw: apt-get purge ufw"
	row "$green" ok ufw "Kong's rules are deleted"
fi

if $docker_runs && [[ -n $(names network) ]]; then
	step="network: $network"
	"$scripts/network.sh" --remove
	row "$green" ok network "restored"
fi

step="units: stopping them"
for unit in $(names unit); do
	systemctl --quiet stop "$unit" 2>/dev/null || :
done
if have nft && nft list table inet kong_ipv6 >/dev/null 2>&1; then nft delete table inet kong_ipv6; fi

# Everything the server has now must stay, except what only apply.sh added.
before='' unknown=''
if [[ -n $(fact snapshot network || :) ]]; then
	before=$(snapshot | not_ours "$(fact snapshot network | base64 -d)")
	# Addresses with a time limit come from DHCP or router advertisements.
	unknown=$(grep -v '^route' <<<"$before" | grep -vxF -f <(ip -o addr show dynamic | awk '{ print "addr", $2, $4 }') || :)
fi

trap '' INT TERM
step="files: restoring them"
record_restored
while read -r path; do
	[[ -z $path ]] || restore "$path"
done <<<"$files"
remove_directories
row "$green" ok files "restored"

# Also the files that an interrupted rollback restored without putting them in effect.
changed+=$(fact todo restored | base64 -d)
systemctl daemon-reload
for unit in $(names unit); do
	[[ $(fact unit "$unit") == active ]] || continue
	# A newer systemd creates no unit for a SysV script.
	if ! systemctl cat "$unit" >/dev/null 2>&1; then
		note unit "$unit ran before apply.sh, but no longer exists on this server"
	else
		restart "$unit" || note unit "$unit doesn't start: journalctl -u $unit"
	fi
done
if is_changed "$netplan_file"; then
	step="netplan: applying it"
	if ! { netplan_apply && all_back "$before" "$unknown" networkd_done; }; then
		give_back "$before"
		note netplan "$why: restored without netplan; netplan apply shows the details"
	fi
	row "$green" ok netplan "restored"
elif is_changed /etc/systemd/network/; then
	{ networkctl reload && networkctl reconfigure "$uplink"; } 2>/dev/null ||
		note ndp "networkd doesn't answer: its settings disappear at the next boot"
	sleep 0.2
	until_true 10 networkd_done || :
	unknown_back "$unknown"
	until_true 10 nothing_lost "$before" || give_back "$before"
fi
trap - INT TERM

if $docker_runs && daemon_json_changed; then
	step="docker: restarting it"
	restart docker.service || die "Docker doesn't start" "journalctl -u docker"
	# Docker does not remove the bridge's address and route.
	if [[ $(docker network inspect --format '{{.EnableIPv6}}' bridge 2>/dev/null) == false ]]; then
		ip -6 addr flush dev docker0 scope global 2>/dev/null || :
		while read -r route; do
			[[ $route == fe80::* || $route == ff00::* ]] || ip -6 route del "$route" dev docker0 2>/dev/null || :
		done < <(ip -6 route show dev docker0 2>/dev/null | cut -d ' ' -f 1)
	fi
	row "$green" ok docker "restarted with its original daemon.json"
fi

# Only now, because Docker itself turns forwarding on.
if [[ -n $(names sysctl) ]]; then
	step="sysctl: restoring the values"
	# Keys for all interfaces first: they also set each interface.
	mapfile -t keys < <(names sysctl | grep '\.all\.' || :)
	restore_sysctls "${keys[@]}"
	mapfile -t keys < <(names sysctl | grep -v '\.all\.' || :)
	restore_sysctls "${keys[@]}"
	until_true 3 nothing_lost "$before" || give_back "$before"
	row "$green" ok sysctl "restored"
fi

left='' broken=false
if [[ -n $(names package) ]]; then
	step="packages"
	export DEBIAN_FRONTEND=noninteractive
	# apt-get waits for programs that an interrupted run may have left running.
	silently apt_get check || broken=true
fi
for package in $(names package); do
	step="package: $package"
	if [[ -n ${stays[$package]} ]]; then
		note_stays "$package"
	elif known "$package"; then
		how=$(fact package "$package")
		# A purge would delete the files that were just restored.
		[[ -z $(foreign_conffiles "$package") ]] || how=remove
		if ! remove_package "$package" "$how"; then
			left+=" $package"
			continue
		fi
	fi
	restore "/etc/$package.conf.dpkg-dist"
	forget package "$package"
done
# Also repair dependencies whose installation was interrupted.
if $broken && ! silently apt_get install --fix-broken --no-remove --yes && [[ -z $left ]]; then
	note package "apt-get check finds broken packages; to repair them: apt-get install --fix-broken"
fi

# Keep the records of what Docker still has, for a later run with Docker installed.
rest=''
if [[ -n $left ]]; then
	while read -r path; do forget file "$path"; done <<<"$files"
	rest='package|file'
fi
if ! $docker_runs && [[ -n $(projects)$(names network) ]]; then
	step=''
	[[ -z $left ]] || note package "can't be removed, see dpkg's message above:$left"
	remember_only "$rest|repository|project|network|member|stranded|docker|todo|sysctl"
	die "the containers and the network couldn't be removed: Docker is not installed" \
		"install Docker and run this again; or, if you no longer use Docker: rm -r $state"
fi
if [[ -n $left ]]; then
	step=''
	remember_only "$rest"
	die "everything else is undone, but apt-get and dpkg can't remove:$left" \
		"see dpkg's message above; repair it (dpkg --audit shows what is broken), then run this again"
fi
if [[ -d $state/edited ]]; then
	note file "your edits of these files are saved in $state/edited"
	find "$state" -mindepth 1 -maxdepth 1 ! -name edited -exec rm -rf {} +
else
	rm -rf "$state"
fi
step=''
say "Everything is undone.$([[ ! -d $data ]] || echo " The data is kept: $data")"
