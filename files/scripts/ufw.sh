#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
source lib/plan.sh
source lib/common.sh
source lib/state.sh

usage "usage: sudo ./scripts/ufw.sh [--dry-run] [--remove]

Lets ufw forward to Kong's 80 and 443, and from the exposed subnet outwards.
Rules of an earlier address go (they are known by the comment kong-ipv6). ufw
is never enabled here: the rules count as soon as you enable it.
--dry-run says what would be done: exit 4 if there is something." "$@"
need_root
$dry_run || take_lock
if ! have ufw; then
	$remove || die "ufw is not installed" "apt-get install ufw, or --firewall nftables"
	exit 0
fi

$remove || ufw_ipv6 || die "ufw has IPV6=no" "IPV6=yes in /etc/default/ufw, then ufw reload"

# As `ufw show added` prints them.
wanted() {
	! $remove || return 0
	printf '%s\n' \
		"in on $uplink out on $bridge to $kong port 80 proto tcp" \
		"in on $uplink out on $bridge to $kong port 443 proto tcp" \
		"in on $bridge out on $uplink from $subnet"
}

have_rules=$(ufw_rules)
changed=false
while read -r rule; do
	if [[ -z $rule ]] || grep -qxF -- "$rule" <<<"$have_rules"; then continue; fi
	row "$bold" change ufw "route allow $rule"
	changed=true
	$dry_run && continue
	record ufw rules "$(ufw_logging)"
	keep /etc/ufw/user.rules
	keep /etc/ufw/user6.rules
	# shellcheck disable=SC2086
	quietly ufw route allow $rule comment kong-ipv6 || die "ufw refuses the rule" "see its words above"
	sync_ufw
done < <(wanted)
while read -r rule; do
	if [[ -z $rule ]] || grep -qxF -- "$rule" < <(wanted); then continue; fi
	row "$bold" change ufw "delete route allow $rule"
	changed=true
	$dry_run && continue
	ufw_delete "$rule" || die "ufw can't delete the rule" "see its words above"
done <<<"$have_rules"
if $remove && ! $dry_run; then remove_ufw_rules; fi
if $dry_run && $changed; then exit 4; fi
