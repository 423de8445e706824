# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# netplan, and the guard that the server stays reachable through it.

# sysctl_path KEY: in a dotted key a slash stands for a dot (sysctl.d(5)).
sysctl_path() {
	local key=${1//./%}
	key=${key//\//.}
	printf '/proc/sys/%s' "${key//%//}"
}

readonly netplan_file=/etc/netplan/60-kong-ipv6.yaml
readonly sysctl_file=/etc/sysctl.d/60-kong-ipv6.conf

# networkd_id: the netplan ID that the uplink's configuration in force came from.
networkd_id() {
	networkctl status "$uplink" --no-pager 2>/dev/null |
		sed -n 's|.*Network File: .*/10-netplan-\(.*\)\.network$|\1|p' || :
}

# networkd_setup: how far networkd is with the uplink: configuring, configured, unmanaged …
networkd_setup() {
	networkctl list --no-legend --no-pager "$uplink" 2>/dev/null | awk '{ print $5 }' || :
}

networkd_done() {
	[[ $(networkd_setup) != configuring ]]
}

# What the server has from router advertisements: words out of address and route.
advertised() {
	if ip -6 route show default dev "$uplink" | grep -q 'proto ra'; then printf 'route '; fi
	if ip -6 -o addr show dev "$uplink" scope global dynamic | grep -qv ' deprecated '; then printf 'address '; fi
	# Once true it stays: an advertisement may just have run out.
	if grep -qs 'accept-ra: true' "$netplan_file"; then printf 'earlier '; fi
	if [[ -e $netplan_file ]] && ! grep -q 'to: ::/0\|to: "::/0"' "$netplan_file" && grep -q 'accept-ra: true' "$netplan_file"; then printf 'route '; fi
}

# fit DIRECTORY: fills it with this server's netplan files and ours, fitted.
# Notes go to DIRECTORY/notes. Exits 3 where netplan doesn't manage the uplink.
fit() {
	local directory=$1 folder
	for folder in etc lib run; do
		mkdir -p "$directory/$folder/netplan"
		[[ ! -d /$folder/netplan ]] || cp --archive "/$folder/netplan/." "$directory/$folder/netplan/"
	done
	rm -f "$directory$netplan_file"
	python3 "$scripts/lib/netplan.py" "$repo/host$netplan_file" "$directory" "$uplink" \
		"$(<"/sys/class/net/$uplink/address")" "$(networkd_id)" "$(advertised)" \
		>"$directory/fitted" 2>"$directory/notes"
}

# generate DIRECTORY: what netplan says to it, without process id and time.
generate() {
	netplan generate --root-dir "$1" 2>&1 | sed -E 's/^\*\* \([^)]*\): ([A-Z]+) \*\*: [0-9:.]+: /\1: /; /^$/d'
}

# validate DIRECTORY: prints what netplan says to our file that it doesn't say without it.
validate() {
	local directory=$1
	install -m 0600 "$directory/fitted" "$directory$netplan_file"
	if ! generate "$directory" >"$directory/after"; then
		cat "$directory/after"
	elif [[ -s $directory/after ]]; then
		rm "$directory$netplan_file"
		generate "$directory" >"$directory/before" || :
		grep -vxFf "$directory/before" "$directory/after" || :
	fi
}

# What the server can be reached by: a line for each address and default route.
snapshot() {
	ip -o addr show scope global | awk '$2 !~ /^(docker|br-|veth)/ && $0 !~ / (temporary|deprecated) / { print "addr", $2, $4 }' |
		grep -v " $bridge " || :
	ip -4 route show default | sed 's/^/route4 /; s/ *$//'
	ip -6 route show default | sed 's/^/route6 /; s/ *expires [0-9]*sec//; s/ *$//'
}

# lost SNAPSHOT: prints its lines that are gone. Of the default routes of one
# family any will do.
lost() {
	local line now
	now=$(snapshot)
	while read -r line; do
		case $line in
		'') ;;
		addr*) grep -qxF -- "$line" <<<"$now" || printf '%s\n' "$line" ;;
		route*) grep -q "^${line%% *} " <<<"$now" || printf '%s\n' "$line" ;;
		esac
	done <<<"$1"
}

# our_addresses FILE: what a netplan file of ours gives the uplink, one a line.
our_addresses() {
	[[ ! -f $1 ]] || sed -nE 's|^ *- "?([0-9a-f:.]+/[0-9]+)"?$|\1|p' "$1"
}

# leaving FILE: what earlier runs gave the uplink, and the file doesn't; what the
# server had before the first run isn't ours to take.
leaving() {
	local ours had
	ours=$(fact ours netplan) || return 0
	had=$(fact snapshot network | base64 -d) || had=''
	comm -23 <(tr ' ' '\n' <<<"$ours" | sort -u) \
		<({ our_addresses "$1" && sed -n 's/^addr [^ ]* //p' <<<"$had"; } | sort -u)
}

# connected ADDRESS: whether a TCP connection of this server's has it.
connected() {
	ss -Htn state established | awk -v address="$1" '
		{
			own = $3; sub(/:[0-9]+$/, "", own); gsub(/[][]|%.*/, "", own)
			# An IPv4 connection of a program that listens on both.
			if (own ~ /\./) sub(/^.*:/, "", own)
			found += own == address
		}
		END { exit !found }'
}

# keep_connected <ADDRESSES: one that leaves while a connection runs through it,
# the one that this is run through say, stays until the next boot.
keep_connected() {
	local address
	while read -r address; do
		if [[ -z $address ]] || ! connected "${address%/*}"; then continue; fi
		ip addr add "$address" dev "$uplink" preferred_lft 0 2>/dev/null || :
		note netplan "$address stays until the next boot: a connection runs through it"
	done
}

nothing_lost() {
	[[ -z $(lost "$1") ]]
}

# give_back SNAPSHOT: what is gone, by hand.
give_back() {
	local kind rest
	while read -r kind rest; do
		# shellcheck disable=SC2086
		case $kind in
		addr) ip addr add "${rest#* }" dev "${rest%% *}" ;;
		route4) ip -4 route add $rest ;;
		route6) ip -6 route add $rest ;;
		esac 2>/dev/null || :
	done < <(lost "$1")
}

# tentative [ADDRESS]: whether the kernel still asks if an address of the uplink is
# free, ADDRESS not counted.
tentative() {
	ip -6 -o addr show dev "$uplink" tentative 2>/dev/null | grep -v dadfailed | grep -qvF " ${1:--}/"
}

duplicate() {
	ip -6 -o addr show dev "$uplink" dadfailed 2>/dev/null | sed -n 's/.* inet6 \([^ /]*\).*/\1/p'
}

# netplan_apply: prints what went wrong; the caller undoes it.
netplan_apply() {
	local output
	if output=$(netplan apply 2>&1 </dev/null 9>&-); then return 0; fi
	printf 'netplan apply failed: %s' "$(tail -n 3 <<<"$output" | tr '\n' ' ')"
	return 1
}

# all_back SNAPSHOT CONDITION…: waits for the condition, and then until all of the
# snapshot is back. Prints what is missing.
all_back() {
	until_true 10 "${@:2}" || :
	if nothing_lost "$1"; then return 0; fi
	# By DHCP or router advertisements, say: networkd isn't done before that.
	until_true 10 networkd_done || :
	if until_true 10 nothing_lost "$1"; then return 0; fi
	printf 'after netplan apply the server lacks %s' "$(lost "$1" | sed 's/^[a-z0-9]* //' | paste -sd ',' | sed 's/,/, /g')"
	return 1
}
