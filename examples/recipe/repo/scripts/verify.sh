#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
source lib/plan.sh
source lib/common.sh
source lib/docker.sh
source lib/probe.sh

usage "usage: sudo ./scripts/verify.sh [--json]

Checks everything that can be checked on this server, and explains what does not
work. Only a test from another machine proves that Kong is reachable from
outside: the command for it is printed at the end.
--json prints the results as JSON. Exit status: 0 if no check failed, else 1." "$@"
need_root

checks=() failed=0
# result ok|warn|fail CHECK DETAIL [REMEDY]: prints or collects one result.
result() {
	local colour=$green
	case $1 in
	warn) colour=$yellow ;;
	fail) colour=$red failed=1 ;;
	esac
	if $json; then
		checks+=("{\"check\":$(quoted "$2"),\"result\":\"$1\",\"detail\":$(quoted "$3"),\"remedy\":$(quoted "${4:-}")}")
	else
		row "$colour" "$1" "$2" "$3"
		[[ -z ${4:-} ]] || row '' '' '' "Remedy: $4"
	fi
}

# quoted TEXT: prints it as a JSON string.
quoted() {
	local text=${1//\\/\\\\}
	text=${text//\"/\\\"} text=${text//$'\n'/ } text=${text//$'\t'/ }
	printf '"%s"' "${text//[[:cntrl:]]/}"
}

$json || say "${bold}Checks on this server:${plain}"

if ! ask_engine; then
	result fail engine "Docker doesn't answer: $(tail -n 1 <<<"$engine")" "systemctl start docker; journalctl -u docker"
else
	result ok engine "Docker $engine"
	check_daemon
	check_network
	check_kong
fi
check_uplink
check_forwarding
check_proxy
check_filter

outside="curl -g -s -o /dev/null -w '%{http_code}\n' http://[$kong]/"
if $json; then
	printf '{"ok":%s,"checks":[%s],"outside":%s}\n' "$( ((failed)) && echo false || echo true)" \
		"$(
			IFS=,
			printf '%s' "${checks[*]}"
		)" "$(quoted "$outside")"
else
	say "None of this proves that Kong is reachable from outside. Test it from another machine with IPv6 (Kong without routes answers 404):"
	say "  $outside"
fi
exit "$failed"
