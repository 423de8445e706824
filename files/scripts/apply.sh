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
source lib/refuse.sh
source lib/survey.sh
source lib/steps.sh

usage "usage: sudo ./scripts/apply.sh [--dry-run]

Brings this server to the state that the repository describes, and checks it.
Run again, it changes nothing. scripts/rollback.sh takes everything back.
--dry-run prints what would change: exit 4 if there is something, else 0." "$@"
need_root
$dry_run || take_lock

stage=$(mktemp -d /run/kong-ipv6.XXXXXX)
step=''
finish() {
	rm -rf "$stage"
	# Not by the status: after Ctrl-C it is that of the last command.
	if [[ -n $step ]]; then
		printf '%sStopped at: %s%s\n  Run ./scripts/apply.sh again to go on, or ./scripts/rollback.sh to take all back.\n' \
			"$red" "$step" "$plain" >&2 || :
	fi
}
trap finish EXIT

refuse_or_survey

if ((${#plan[@]} == 0)); then
	say "Nothing to change."
else
	say "${bold}What changes:${plain}"
	for line in "${plan[@]}"; do say "$line"; done
fi
if $dry_run; then exit "$((${#plan[@]} > 0 ? 4 : 0))"; fi

if ((${#plan[@]} > 0)); then
	say "${bold}Doing it:${plain}"
	carry_out
	step=''
fi
# What exec replaces doesn't come to its trap.
rm -rf "$stage"
exec "$scripts/verify.sh"
