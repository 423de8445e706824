#!/bin/sh
# Lets ufw forward to the ports of the exposed containers, and from the exposed subnet outwards. ufw is never enabled here:
# the rules count as soon as you enable it. apply.sh and rollback.sh know them by their comment.
set -eu
cd -- "$(dirname -- "$(readlink -f -- "$0")")"
if [ $# -gt 0 ]; then
	export LC_ALL=C.UTF-8 PYTHONPYCACHEPREFIX=/run/kong-ipv6-python
	exec python3 -m kong_ipv6 ufw "$@"
fi

allow() {
	ufw route allow "$@" comment kong-ipv6
}

allow in on 'ens3' out on 'ipv6_exposed' to '2a03:2222:3333:4444:300::8100' port 80 proto tcp
allow in on 'ens3' out on 'ipv6_exposed' to '2a03:2222:3333:4444:300::8100' port 443 proto tcp
allow in on 'ens3' out on 'ipv6_exposed' from '2a03:2222:3333:4444:300::8100' to '2a03:2222:3333:4444:300::8101' port 8005 proto tcp
allow in on 'ens3' out on 'ipv6_exposed' from '2a04:2222:3333:4444:300::8100' to '2a03:2222:3333:4444:300::8101' port 8005 proto tcp
allow in on 'ens3' out on 'ipv6_exposed' from '2a05:2222:3333:4400:300::8100' to '2a03:2222:3333:4444:300::8101' port 8005 proto tcp
allow in on 'ipv6_exposed' out on 'ens3' from '2a03:2222:3333:4444:300::/80'

# Docker 29 with "firewall-backend": "nftables": ufw's drop is final there, whatever Docker accepts.
if docker info --format '{{json .}}' 2>/dev/null | grep -q '"FirewallBackend":{"Driver":"nftables'; then
	for port in 80 443; do
		allow out on 'ipv6_exposed' to 0.0.0.0/0 port "$port" proto tcp
		allow to '10.83.81.0/24' port "$port" proto tcp
	done
	allow in on 'ipv6_exposed' to 0.0.0.0/0
	allow from '10.83.81.0/24'
	allow in on 'ipv6_exposed' out on 'ipv6_exposed'
fi
