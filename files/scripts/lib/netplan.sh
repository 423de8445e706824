# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# netplan, and the guard that the server stays reachable through it.

# sysctl_path KEY: in a dotted key a slash stands for a dot (sysctl.d(5)).
sysctl_path() {
	local key=${1//./%}
	key=${key//\//.}
	printf '/proc/sys/%s' "${key//%//}"
}

# sysctl_now KEY: its value, with blanks as sysctl.d writes them.
sysctl_now() {
	local value
	value=$(<"$(sysctl_path "$1")")
	printf '%s' "${value//$'\t'/ }"
}

# restore_sysctls KEY…: as recorded, or as a file that is left on the server says
# by now.
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
		[[ $value == "$(fact sysctl "$key")" ]] || note sysctl "$key is $value, as a file of sysctl.d says"
	done
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

# What the server can be reached by, and reaches others by: a line for each address,
# default route, other route (path4, path6) and policy rule. No routes of the
# kernel's, Docker's, of DHCP, of router advertisements: they come by themselves, as
# those of routing daemons do; what expires goes by itself.
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
			# One beside that of netplan, to be used without it.
			if (!/ metric / || / metric 1024( |$)/) next
		}
		passing || /^(local|broadcast|multicast|anycast) / || / dev (docker|br-|veth)/ || index($0 " ", " dev " bridge " ") { next }
		/ proto (kernel|ra|dhcp|redirect|babel|bgp|bird|eigrp|isis|openr|ospf|rip|zebra)( |$)/ { next }
		{ print kind, $0 }' \
		kind=path4 <(ip -4 -o route show table all) kind=path6 <(ip -6 -o route show table all) \
		kind=rule4 <(ip -4 rule show) kind=rule6 <(ip -6 rule show)
}

# lost SNAPSHOT: prints its lines that are gone, whoever they are from. Of the
# default routes of one family any will do.
lost() {
	awk '
		{ plain = $0; sub(/ proto [^ ]+/, "", plain) }
		now { has[/^route/ ? $1 : plain]; next }
		NF && !((/^route/ ? $1 : plain) in has)' now=1 <(snapshot) now=0 - <<<"$1"
}

# paths SNAPSHOT: of it, what is no address and no default route.
paths() {
	grep -E '^(path|rule)' <<<"$1" || :
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

# not_ours SNAPSHOT <SNAPSHOT: of the second, from now, what isn't there by apply.sh;
# the first is from before it. Of a default route of then, the line of then.
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
			# What netplan knows comes back by itself.
			[[ $line == *' proto '@(static|ra|dhcp)* ]] || printf '%s\n' "$line"
		fi
	done
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

# told <SNAPSHOT: its lines as a person reads them.
told() {
	sed -E 's/^addr ([^ ]*) (.*)/\2 on \1/; s/^(route|path)[46] //; s/^rule[46] /rule /'
}

# give_back SNAPSHOT: what is gone, by hand. Twice: a route may need another one.
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

# unknown_back SNAPSHOT: what of it networkd took away as netplan doesn't know it
# is given back at once, and told.
unknown_back() {
	local gone line
	gone=$(lost "$1")
	# What it does know may be yet to come: addresses, and what it made itself.
	networkd_done || gone=$(grep -vE '^addr| proto static' <<<"$gone" || :)
	[[ -n $gone ]] || return 0
	give_back "$gone"
	gone=$(grep -vxF -f <(lost "$gone") <<<"$gone") || return 0
	while read -r line; do note netplan "given back: $line"; done < <(told <<<"$gone")
	note netplan "netplan doesn't know them, the next netplan apply or boot takes them away: to keep them, write them to /etc/netplan"
}

# tentative [ADDRESS]: whether the kernel still asks if an address of the uplink is
# free, ADDRESS not counted.
tentative() {
	ip -6 -o addr show dev "$uplink" tentative 2>/dev/null | grep -v dadfailed | grep -qvF " ${1:--}/"
}

duplicate() {
	ip -6 -o addr show dev "$uplink" dadfailed 2>/dev/null | sed -n 's/.* inet6 \([^ /]*\).*/\1/p'
}

# Whether the kernel answers for Kong.
proxied() {
	[[ $(<"/proc/sys/net/ipv6/conf/$uplink/proxy_ndp") == 1 ]] && ip -6 neigh show proxy dev "$uplink" | grep -q "^$kong "
}

# netplan_apply: sets why to what went wrong; the caller undoes it.
netplan_apply() {
	local output
	if output=$(netplan apply 2>&1 </dev/null 9>&-); then return 0; fi
	why="netplan apply failed: $(tail -n 3 <<<"$output" | tr '\n' ' ')"
	return 1
}

# all_back SNAPSHOT UNKNOWN CONDITION…: waits for the condition, and then until all
# of the snapshot is back; UNKNOWN, a part of it, is given back at once. Sets why
# to what is missing.
all_back() {
	until_true 10 "${@:3}" || :
	unknown_back "$2"
	if nothing_lost "$1"; then return 0; fi
	# By DHCP or router advertisements, say: networkd isn't done before that.
	until_true 10 networkd_done || :
	if until_true 10 nothing_lost "$1"; then return 0; fi
	why="after netplan apply the server lacks $(lost "$1" | told | paste -sd ',' | sed 's/,/, /g')"
	return 1
}
