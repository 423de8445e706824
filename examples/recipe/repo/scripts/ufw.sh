#!/usr/bin/env bash
# shellcheck source-path=SCRIPTDIR
set -euo pipefail
shopt -s inherit_errexit
cd "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"
source lib/plan.sh
source lib/common.sh
source lib/state.sh

usage "usage: sudo ./scripts/ufw.sh [--dry-run] [--remove]

Adds ufw rules that forward traffic to Kong's ports 80 and 443, and from the
exposed subnet to the outside. Deletes its own rules for earlier addresses: all
its rules have the comment kong-ipv6. It never enables ufw: the rules take
effect when you enable ufw.
--remove deletes all rules with the comment kong-ipv6.
--dry-run prints what would change. Exit status: 4 if something would, else 0." "$@"
need_root
$dry_run || take_lock
if ! have ufw; then
	$remove || die "ufw is not installed" "apt-get install ufw; or create-kong-ipv6 regenerate --firewall nftables"
	exit 0
fi

$remove || ufw_ipv6 || die "ufw has IPV6=no" "set IPV6=yes in /etc/default/ufw, then: ufw reload"

# The wanted rules, as `ufw show added` prints them.
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
	quietly ufw route allow $rule comment kong-ipv6 || die "ufw rejected the rule" "see ufw's message above"
done < <(wanted)
while read -r rule; do
	if [[ -z $rule ]] || grep -qxF -- "$rule" < <(wanted); then continue; fi
	row "$bold" change ufw "delete route allow $rule"
	changed=true
	$dry_run && continue
	ufw_delete "$rule" || die "ufw can't delete the rule" "see ufw's message above"
done <<<"$have_rules"
if $remove && ! $dry_run; then remove_ufw_rules; fi
if $dry_run && $changed; then exit 4; fi
