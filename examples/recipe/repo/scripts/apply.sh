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

Brings this server to the state that the repository describes, then checks it.
A second run changes nothing. scripts/rollback.sh undoes everything.
--dry-run prints what would change. Exit status: 4 if something would, else 0." "$@"
need_root
$dry_run || take_lock

stage=$(mktemp -d /run/kong-ipv6.XXXXXX)
step=''
finish() {
	rm -rf "$stage"
	# The exit status can't tell: after Ctrl-C it is that of the last command.
	if [[ -n $step ]]; then
		printf '%sStopped at: %s%s\n  Run ./scripts/apply.sh again to continue, or ./scripts/rollback.sh to undo everything.\n' \
			"$red" "$step" "$plain" >&2 || :
	fi
}
trap finish EXIT

refuse_or_survey

if ((${#plan[@]} == 0)); then
	say "Nothing to change."
else
	say "${bold}Planned changes:${plain}"
	for line in "${plan[@]}"; do say "$line"; done
fi
if $dry_run; then exit "$((${#plan[@]} > 0 ? 4 : 0))"; fi

if ((${#plan[@]} > 0)); then
	say "${bold}Applying the changes:${plain}"
	carry_out
	step=''
fi
# exec replaces this shell, so the EXIT trap does not run.
rm -rf "$stage"
exec "$scripts/verify.sh"
