# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# netplan and sysctls, and the checks that the server stays reachable.

# sysctl_path KEY: prints its file. In a dotted key a slash means a dot (sysctl.d(5)).
sysctl_path() {
	local key=${1//./%}
	key=${key//\//.}
	printf '/proc/sys/%s' "${key//%//}"
}

# sysctl_now KEY: prints its value, with blanks instead of tabs as in sysctl.d.
sysctl_now() {
	local value
	value=$(<"$(sysctl_path "$1")")
	printf '%s' "${value//$'\t'/ }"
}

# restore_sysctls KEY…: restores the recorded values. Files that remain in sysctl.d
# then take precedence.
restore_sysctls() {
	local key path value
	(($# > 0)) || return 0
	for key; do
		path=$(sysctl_path "$key")
		[[ ! -e $path ]] || fact sysctl "$key" >"$path"
	done
	quietly /usr/lib/systemd/systemd-sysctl "${@/#/--prefix=}" || :
	for key; do
		path=$(sysctl_path "$key")
		[[ -e $path ]] || continue
		value=$(sysctl_now "$key")
		[[ $value == "$(fact sysctl "$key")" ]] || note sysctl "$key is $value: a file in sysctl.d sets it"
	done
}

readonly netplan_file=/etc/netplan/60-kong-ipv6.yaml
readonly sysctl_file=/etc/sysctl.d/60-kong-ipv6.conf

# networkd_id: prints the netplan ID of the uplink's active configuration.
networkd_id() {
	networkctl status "$uplink" --no-pager 2>/dev/null |
		sed -n 's|.*Network File: .*/10-netplan-\(.*\)\.network$|\1|p' || :
}

# networkd_setup: prints the uplink's state: configuring, configured, unmanaged …
networkd_setup() {
	networkctl list --no-legend --no-pager "$uplink" 2>/dev/null | awk '{ print $5 }' || :
}

networkd_done() {
	[[ $(networkd_setup) != configuring ]]
}

# advertised: prints what the server gets from router advertisements, as words:
# address, route, earlier.
advertised() {
	if ip -6 route show default dev "$uplink" | grep -q 'proto ra'; then printf 'route '; fi
	if ip -6 -o addr show dev "$uplink" scope global dynamic | grep -qv ' deprecated '; then printf 'address '; fi
	# Once accept-ra is true it stays true: an advertisement may just have expired.
	if grep -qs 'accept-ra: true' "$netplan_file"; then printf 'earlier '; fi
	if [[ -e $netplan_file ]] && ! grep -q 'to: ::/0\|to: "::/0"' "$netplan_file" && grep -q 'accept-ra: true' "$netplan_file"; then printf 'route '; fi
}

# fit DIRECTORY: copies this server's netplan files into it, and writes ours,
# adapted to them, to DIRECTORY/fitted and notes to DIRECTORY/notes. Fails with 3
# if netplan does not manage the uplink.
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

# generate DIRECTORY: prints netplan's messages about it, without process ID and time.
generate() {
	netplan generate --root-dir "$1" 2>&1 | sed -E 's/^\*\* \([^)]*\): ([A-Z]+) \*\*: [0-9:.]+: /\1: /; /^$/d'
}

# validate DIRECTORY: prints the messages of netplan that our file causes.
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

# snapshot: prints everything that lets the server be reached and reach others: one
# line for each address, default route, other route (path4, path6) and policy rule.
# It leaves out routes of the kernel, Docker, DHCP, router advertisements and routing
# daemons, which come back by themselves, and routes that expire.
snapshot() {
	ip -o addr show scope global | awk '$2 !~ /^(docker|br-|veth)/ && $0 !~ / (temporary|deprecated) / { print "addr", $2, $4 }' |
		grep -v " $bridge " || :
	awk -v bridge="$bridge" '
		{
			gsub(/[\\ \t]+/, " ")
			passing = / expires /
			gsub(/ (expires|error) -?[0-9]+(sec)?| (dead|linkdown|offload|trap|rt_offload|rt_trap)| \[[a-z]+\]/, "")
			sub(/ +$/, "")
		}
		kind ~ /rule/ { sub(/:[ \t]*/, " "); print kind, "pref", $0; next }
		/^default / && !/ table / {
			print "route" (kind ~ 4 ? 4 : 6), $0
			# One with another metric is a fallback: print it as a path too.
			if (!/ metric / || / metric 1024( |$)/) next
		}
		passing || /^(local|broadcast|multicast|anycast) / || / dev (docker|br-|veth)/ || index($0 " ", " dev " bridge " ") { next }
		/ proto (kernel|ra|dhcp|redirect|babel|bgp|bird|eigrp|isis|openr|ospf|rip|zebra)( |$)/ { next }
		{ print kind, $0 }' \
		kind=path4 <(ip -4 -o route show table all) kind=path6 <(ip -6 -o route show table all) \
		kind=rule4 <(ip -4 rule show) kind=rule6 <(ip -6 rule show)
}

# lost SNAPSHOT: prints its lines that are missing now, whichever program set them.
# Of the default routes of one family any one is enough.
lost() {
	awk '
		{ plain = $0; sub(/ proto [^ ]+/, "", plain) }
		now { has[/^route/ ? $1 : plain]; next }
		NF && !((/^route/ ? $1 : plain) in has)' now=1 <(snapshot) now=0 - <<<"$1"
}

# paths SNAPSHOT: prints its routes and rules, without addresses and default routes.
paths() {
	grep -E '^(path|rule)' <<<"$1" || :
}

# our_addresses FILE: prints the addresses in a netplan file of ours, one per line.
our_addresses() {
	[[ ! -f $1 ]] || sed -nE 's|^ *- "?([0-9a-f:.]+/[0-9]+)"?$|\1|p' "$1"
}

# leaving FILE: prints the addresses that earlier runs gave the uplink and the file
# does not have. Addresses from before the first run are not ours to remove.
leaving() {
	local ours had
	ours=$(fact ours netplan) || return 0
	had=$(fact snapshot network | base64 -d) || had=''
	comm -23 <(tr ' ' '\n' <<<"$ours" | sort -u) \
		<({ our_addresses "$1" && sed -n 's/^addr [^ ]* //p' <<<"$had"; } | sort -u)
}

# not_ours BEFORE <NOW: prints the lines of the snapshot NOW that apply.sh did not
# add. BEFORE is the snapshot from before apply.sh: a default route that was there
# then is printed as it was then.
not_ours() {
	local line ours
	ours=$({
		fact ours netplan | tr ' ' '\n' || :
		our_addresses "$netplan_file"
	} | sed "s/^/addr $uplink /" | grep -vxF -f <(printf '%s' "$1") || :)
	while read -r line; do
		if [[ $line != route* ]]; then
			grep -qxF -- "$line" <<<"$ours" || printf '%s\n' "$line"
		elif ! grep -m 1 "^${line%% *} " <<<"$1"; then
			# Routes that netplan knows come back by themselves.
			[[ $line == *' proto '@(static|ra|dhcp)* ]] || printf '%s\n' "$line"
		fi
	done
}

# connected ADDRESS: whether a TCP connection of this server uses it.
connected() {
	ss -Htn state established | awk -v address="$1" '
		{
			own = $3; sub(/:[0-9]+$/, "", own); gsub(/[][]|%.*/, "", own)
			# An IPv4 connection of a program that listens on both families.
			if (own ~ /\./) sub(/^.*:/, "", own)
			found += own == address
		}
		END { exit !found }'
}

# keep_connected <ADDRESSES: keeps each one that a connection uses until the next
# boot. It may be the ssh connection that this script runs in.
keep_connected() {
	local address
	while read -r address; do
		if [[ -z $address ]] || ! connected "${address%/*}"; then continue; fi
		ip addr add "$address" dev "$uplink" preferred_lft 0 2>/dev/null || :
		note netplan "$address is kept until the next boot: a connection uses it"
	done
}

nothing_lost() {
	[[ -z $(lost "$1") ]]
}

# told <SNAPSHOT: prints its lines in a readable form.
told() {
	sed -E 's/^addr ([^ ]*) (.*)/\2 on \1/; s/^(route|path)[46] //; s/^rule[46] /rule /'
}

# give_back SNAPSHOT: adds what is missing, without netplan. Twice, because one route
# may need another.
give_back() {
	local kind rest
	for _ in 1 2; do
		while read -r kind rest; do
			# shellcheck disable=SC2086
			case $kind in
			addr) ip addr add "${rest#* }" dev "${rest%% *}" ;;
			rule*) ip "-${kind#rule}" rule add $rest ;;
			*) ip "-${kind: -1}" route add $rest ;;
			esac 2>/dev/null || :
		done < <(lost "$1")
	done
}

# unknown_back SNAPSHOT: restores at once what networkd removed because netplan does
# not know it, and prints a note.
unknown_back() {
	local gone line
	gone=$(lost "$1")
	# What netplan does know may still come: addresses, and networkd's own routes.
	networkd_done || gone=$(grep -vE '^addr| proto static' <<<"$gone" || :)
	[[ -n $gone ]] || return 0
	give_back "$gone"
	gone=$(grep -vxF -f <(lost "$gone") <<<"$gone") || return 0
	while read -r line; do note netplan "restored: $line"; done < <(told <<<"$gone")
	note netplan "netplan doesn't know these: the next netplan apply or boot removes them. To keep them, add them to /etc/netplan"
}

# tentative [ADDRESS]: whether duplicate address detection is still running for an
# address of the uplink other than ADDRESS.
tentative() {
	ip -6 -o addr show dev "$uplink" tentative 2>/dev/null | grep -v dadfailed | grep -qvF " ${1:--}/"
}

duplicate() {
	ip -6 -o addr show dev "$uplink" dadfailed 2>/dev/null | sed -n 's/.* inet6 \([^ /]*\).*/\1/p'
}

# proxied: whether the kernel answers Neighbor Solicitations for Kong.
proxied() {
	[[ $(<"/proc/sys/net/ipv6/conf/$uplink/proxy_ndp") == 1 ]] && ip -6 neigh show proxy dev "$uplink" | grep -q "^$kong "
}

# netplan_apply: if it fails, sets why to the reason; the caller restores the network.
netplan_apply() {
	local output
	if output=$(netplan apply 2>&1 </dev/null 9>&-); then return 0; fi
	why="netplan apply failed: $(tail -n 3 <<<"$output" | tr '\n' ' ')"
	return 1
}

# all_back SNAPSHOT UNKNOWN CONDITION…: waits for the condition, then until the whole
# snapshot is back. UNKNOWN, a part of it, is restored at once. If it fails, sets
# why to what is missing.
all_back() {
	until_true 10 "${@:3}" || :
	unknown_back "$2"
	if nothing_lost "$1"; then return 0; fi
	# The rest may come from DHCP or router advertisements: networkd waits for them.
	until_true 10 networkd_done || :
	if until_true 10 nothing_lost "$1"; then return 0; fi
	why="after netplan apply the server is missing $(lost "$1" | told | paste -sd ',' | sed 's/,/, /g')"
	return 1
}
