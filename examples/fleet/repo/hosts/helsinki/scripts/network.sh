#!/bin/sh
# The exposed Docker network: its containers have public IPv6 addresses. apply.sh runs this where the
# network is missing. By hand: docker network rm ipv6_exposed, then run it.
set -eu
cd -- "$(dirname -- "$(readlink -f -- "$0")")"
if [ $# -gt 0 ]; then
	export LC_ALL=C.UTF-8 PYTHONPYCACHEPREFIX=/run/kong-ipv6-python
	exec python3 -m kong_ipv6 network "$@"
fi

# routed: Docker 27 and newer would hide Kong's address by NAT. Engines up to 26 take the mode and ignore
# it; the label says which engine made the network, for the day that you upgrade.
engine=$(docker version --format '{{.Server.Version}}')
docker network create \
	--driver=bridge \
	--ipv6 \
	--subnet='2a04:2222:3333:4444:300::/80' \
	--gateway='2a04:2222:3333:4444:300::1' \
	--ip-range='2a04:2222:3333:4444:300:0:8000:0/97' \
	--opt=com.docker.network.bridge.name='ipv6_exposed' \
	--opt=com.docker.network.bridge.gateway_mode_ipv6=routed \
	--label=kong-ipv6.made-on="$engine" \
	'ipv6_exposed'
