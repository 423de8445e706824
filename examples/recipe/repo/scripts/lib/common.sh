# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# Shared by all scripts: paths, output, errors, arguments, IPv6 addresses.

# A lost ssh connection must not stop a run half-way. So ignore its signals, and
# errors when writing to a terminal that is gone.
trap '' HUP PIPE

# Programs started by a run must write files that others can read: with umask 077
# networkd could not read netplan's files. Secrets get their modes explicitly.
umask 022

set -o errtrace
trap 'printf "%s: %s:%s failed: %s\n" "${0##*/}" "${BASH_SOURCE[0]##*/}" "$LINENO" "$BASH_COMMAND" >&2 || :' ERR

scripts=$(cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly scripts repo=${scripts%/*}
readonly state=/var/lib/kong-ipv6
# The owner's daemon.json may be a symbolic link: keep the link, write its target.
daemon_json=$(readlink -m /etc/docker/daemon.json)
readonly daemon_json
export LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

bold='' red='' green='' yellow='' plain=''
if [[ -t 1 && -z ${NO_COLOR:-} && ${TERM:-dumb} != dumb ]]; then
	bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' yellow=$'\e[33m' plain=$'\e[0m'
fi

say() {
	printf '%s\n' "$*" 2>/dev/null || :
}

# row COLOUR WORD WHAT TEXT: prints one line of a report.
row() {
	printf '  %s%-7s%s %-11s %s\n' "$1" "$2" "$plain" "$3" "$4" 2>/dev/null || :
}

note() {
	row "$yellow" note "$1" "$2"
}

# die CAUSE [REMEDY]
die() {
	printf '%s%s: %s%s\n' "$red" "${0##*/}" "$1" "$plain" >&2 || :
	[[ -z ${2:-} ]] || printf '  Remedy: %s\n' "$2" >&2 || :
	exit 1
}

# usage TEXT ARGUMENT…: prints TEXT for -h; sets dry_run, remove and json.
usage() {
	local text=$1 argument
	shift
	dry_run=false remove=false json=false
	for argument; do
		case $argument in
		-h | --help) say "$text" && exit 0 ;;
		--dry-run | --remove | --json)
			if [[ $text != *"[$argument]"* ]]; then
				die "unknown argument: $argument" "${0##*/} --help"
			fi
			case $argument in
			--dry-run) dry_run=true ;;
			--remove) remove=true ;;
			--json) json=true ;;
			esac
			;;
		*) die "unknown argument: $argument" "${0##*/} --help" ;;
		esac
	done
	readonly dry_run remove json
}

need_root() {
	((EUID == 0)) || die "this script must run as root" "sudo ./scripts/${0##*/}"
}

# Only one run at a time. Scripts that a run starts share its lock.
take_lock() {
	[[ -z ${KONG_IPV6_LOCK:-} ]] || return 0
	exec 9>/run/kong-ipv6.lock
	# Programs that a killed run started may hold the lock a moment longer.
	flock --wait 5 9 || die "another run is in progress" "wait until it ends"
	export KONG_IPV6_LOCK=$$
}

# quietly COMMAND…: shows the command's output only if it fails.
quietly() {
	local output
	if output=$("$@" 2>&1 </dev/null 9>&-); then return 0; fi
	printf '%s\n' "$output" | tail -n 15 | sed 's/^/    | /' >&2 || :
	return 1
}

# silently PROGRAM…: discards the program's output. Do not redirect a whole
# function instead: that also hides the script's own message if it stops meanwhile.
silently() {
	"$@" >/dev/null 2>&1 </dev/null 9>&-
}

# restart UNIT: tries twice, because systemd may still be cleaning up after a stop.
restart() {
	# After several interrupted runs systemd may refuse another start (start limit).
	systemctl reset-failed "$1" 2>/dev/null || :
	systemctl restart "$1" 2>/dev/null </dev/null 9>&- && return 0
	sleep 1
	systemctl reset-failed "$1" 2>/dev/null || :
	quietly systemctl restart "$1"
}

have() {
	command -v "$1" >/dev/null
}

# until_true SECONDS COMMAND…: repeats the command until it succeeds or time is up.
until_true() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		((${EPOCHREALTIME/./} < end)) || return 1
		sleep 0.1
	done
}

# expand6 ADDRESS: prints 32 hexadecimal digits; fails if it is not an IPv6 address.
expand6() {
	local text=${1,,} right='' groups=() rest=() group digits='' four
	[[ $text =~ ^[0-9a-f:]+$ && $text == *:*:* && $text != *:::* && $text != *::*::* ]] || return 1
	if [[ $text == *::* ]]; then
		right=${text#*::} text=${text%%::*}
	elif [[ $text != +([0-9a-f]):+([0-9a-f:]) ]]; then
		return 1
	fi
	IFS=: read -ra groups <<<"$text"
	IFS=: read -ra rest <<<"$right"
	local missing=$((8 - ${#groups[@]} - ${#rest[@]}))
	if [[ $1 == *::* ]]; then ((missing > 0)) || return 1; else ((missing == 0)) || return 1; fi
	while ((missing-- > 0)); do groups+=(0); done
	for group in "${groups[@]}" "${rest[@]}"; do
		[[ $group =~ ^[0-9a-f]{1,4}$ ]] || return 1
		printf -v four '%04x' "0x$group"
		digits+=$four
	done
	printf '%s' "$digits"
}

# inside6 ADDRESS SUBNET: whether the subnet contains the address.
inside6() {
	local address base length=${2#*/} nibbles bits
	address=$(expand6 "$1") && base=$(expand6 "${2%/*}") || return 1
	nibbles=$((length / 4)) bits=$((length % 4))
	[[ ${address:0:nibbles} == "${base:0:nibbles}" ]] || return 1
	((bits == 0)) ||
		((0x${address:nibbles:1} >> (4 - bits) == 0x${base:nibbles:1} >> (4 - bits)))
}

# same6 ADDRESS ADDRESS: whether both are the same address, however it is spelled.
same6() {
	[[ $(expand6 "$1") == "$(expand6 "$2")" ]]
}

# setting KEY: prints its value in .env as compose reads it; empty if it is missing.
setting() {
	local file=$repo/.env value
	[[ -f $file ]] || file=$repo/.env.example
	value=$(sed -nE "s/^[[:blank:]]*(export[[:blank:]]+)?$1[[:blank:]]*=[[:blank:]]*//p" "$file")
	value=${value##*$'\n'} value=${value%$'\r'}
	if [[ $value =~ ^\"([^\"]*)\"[[:blank:]]*(#.*)?$ || $value =~ ^\'([^\']*)\'[[:blank:]]*(#.*)?$ ]]; then
		value=${BASH_REMATCH[1]}
	else
		# A # starts a comment only after a blank.
		value=${value%%[[:blank:]]#*}
		value=${value%"${value##*[![:blank:]]}"}
	fi
	printf '%s' "$value"
}

# data_dir: prints the data directory as an absolute path, as compose resolves it.
data_dir() {
	local directory
	directory=$(setting KONG_DATA_DIR)
	case $directory in
	/*) printf '%s' "$directory" ;;
	*) printf '%s/%s' "$repo" "${directory#./}" ;;
	esac
}

# All global IPv6 addresses of the uplink, without the prefix length.
uplink_addresses() {
	ip -6 -o addr show dev "$uplink" scope global 2>/dev/null | sed -n 's/.* inet6 \([^ /]*\).*/\1/p'
}

on_uplink() {
	local address
	while read -r address; do
		if same6 "$address" "$1"; then return 0; fi
	done < <(uplink_addresses)
	return 1
}

ufw_active() {
	have ufw || return 1
	# With IPV6=no ufw has no rules for IPv6: apply.sh refuses that.
	ufw_ipv6 && ufw_enabled && ip6tables -w -n -L ufw6-user-forward >/dev/null 2>&1
}

ufw_ipv6() {
	grep -qsiE '^IPV6="?yes' /etc/default/ufw
}

# The same test as in `ufw status`, but ten times faster.
ufw_enabled() {
	grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf && iptables -w -n -L ufw-user-input >/dev/null 2>&1
}

# filter: prints what filters forwarded traffic: ufw, table or none.
filter() {
	case $firewall in
	none) echo none ;;
	ufw) if ufw_active; then echo ufw; else echo table; fi ;;
	*) echo table ;;
	esac
}

# table_filters: whether our table is loaded and has its rules. A flush leaves
# empty chains, which accept everything.
table_filters() {
	local loaded empty=$'chain [^ ]+ \\{\n(\t\ttype [^\n]*\n)?\t\\}'
	loaded=$(nft list table inet kong_ipv6 2>/dev/null) && [[ ! $loaded =~ $empty ]]
}

# Our rules: the part between "allow" and "comment" in `ufw show added`.
ufw_rules() {
	ufw show added | sed -n "s/^ufw route allow \(.*\) comment 'kong-ipv6'\$/\1/p"
}

# ufw_delete RULE: deletes one rule.
ufw_delete() {
	# shellcheck disable=SC2086
	quietly ufw route delete allow $1
}
