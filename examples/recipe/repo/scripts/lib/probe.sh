# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The checks of verify.sh. Each prints one or more results.

check_daemon() {
	local six subnets wanted
	wanted=$(sed -nE 's/.*"fixed-cidr-v6"[[:space:]]*:[[:space:]]*"([^"]*)".*/\1/p' "$repo/host/etc/docker/daemon.json")
	read -r six subnets < <(docker network inspect --format '{{.EnableIPv6}} {{range .IPAM.Config}}{{.Subnet}} {{end}}' bridge 2>/dev/null) || :
	if [[ $six == true && " $subnets " == *" $wanted "* ]]; then
		result ok daemon "daemon.json is in effect: docker0 has $wanted"
	elif live_containers; then
		result fail daemon "daemon.json is not in effect: docker0 does not have $wanted. With live-restore Docker does not change docker0 while containers run" \
			"stopped=\$(docker ps -q); docker stop \$stopped; systemctl restart docker; docker start \$stopped"
	else
		result fail daemon "daemon.json is not in effect: docker0 does not have $wanted" "systemctl restart docker (a reload is not enough), or run apply.sh"
	fi
}

check_network() {
	local why
	if why=$("$scripts/network.sh" --dry-run 2>&1); then
		result ok network "$network: bridge $bridge, $subnet$( ((generation < 27)) || echo ", routed")"
	else
		result fail network "${why##*: }" "sudo ./scripts/network.sh"
	fi
}

check_kong() {
	local id other how address pid route listening line
	id=$(container kong)
	if [[ -z $id ]]; then
		result fail kong "Kong has no container" "sudo ./scripts/apply.sh"
		return
	fi
	how=$(health "$id")
	case $how in
	running/healthy) result ok kong "healthy" ;;
	running/starting) result ok kong "running; Docker has not completed its first health check yet" ;;
	*) result fail kong "the container is $how" "docker compose logs --tail 20 kong" && return ;;
	esac
	if [[ $database == postgres ]]; then
		other=$(container kong-database)
		how=$(health "$other") || how=missing
		case $how in
		running/healthy) result ok database "healthy" ;;
		running/starting) result ok database "running; Docker has not completed its first health check yet" ;;
		*) result fail database "the container is $how" "docker compose logs --tail 20 kong-database" ;;
		esac
		line=$(docker port "$other" 2>/dev/null | paste -sd ' ') || line=''
		[[ -z $line ]] || result fail database "the database's port is published on the server: $line" "remove ports: from kong-database in docker-compose.yml, then sudo ./scripts/apply.sh"
	fi
	read -r pid address < <(docker inspect --format '{{.State.Pid}} {{with index .NetworkSettings.Networks "'"$network"'"}}{{.GlobalIPv6Address}}{{end}}' "$id")
	if [[ -n $address ]] && same6 "$address" "$kong"; then
		result ok address "Kong has $kong"
	else
		result fail address "Kong has ${address:-no address} on $network, not $kong" "sudo ./scripts/apply.sh"
	fi
	route=$(nsenter --target "$pid" --net ip -6 route show default)
	if [[ $route == "default via $subnet_gateway "* ]]; then
		result ok gateway "Kong sends IPv6 traffic through $network"
	else
		result fail gateway "Kong's IPv6 default route is ${route:-missing}" "disconnect Kong from other IPv6 networks; docker compose up -d --force-recreate kong"
	fi
	listening=$(nsenter --target "$pid" --net ss -Hltn | awk '{ print $4 }' | sort -u)
	for line in "[::]:80" "[::]:443"; do
		grep -qxF -- "$line" <<<"$listening" || result fail listeners "Kong doesn't listen on $line" "check KONG_PROXY_LISTEN in docker-compose.yml; docker compose logs kong"
	done
	line=$(grep -E ':(8001|8002|8007|8444|8445)$' <<<"$listening" | grep -vxF -e "127.0.0.1:8001" -e "127.0.0.1:8007" -e "$backend_kong:8001" | paste -sd ' ' || :)
	if [[ -n $line ]]; then
		result fail admin "Kong's admin ports listen on $line" "in docker-compose.yml let KONG_ADMIN_LISTEN and similar settings use only 127.0.0.1 and $backend_kong"
	elif docker port "$id" | grep -qE '^(8[0-9]{3})/'; then
		result fail admin "an admin port is published on the server" "remove it from ports: in docker-compose.yml"
	else
		result ok admin "reachable only from this server: http://$backend_kong:8001"
	fi
	line=$(answer "$kong" 80)
	if [[ $line == HTTP/* ]]; then
		result ok listeners "Kong listens on 80 and 443; [$kong]:80 answers ${line#* }"
	else
		result fail listeners "[$kong]:80 doesn't answer this server" "docker compose logs kong"
	fi
	line=$(ss -Hltnp '( sport = :80 or sport = :443 )' | awk '/docker-proxy/ && ($4 ~ /^\[::\]:/ || $4 ~ /^\*:/) { print $4 }' | paste -sd ' ')
	if [[ -n $line ]]; then
		result fail own "docker-proxy exposes Kong on the server's own IPv6 address: $line" 'publish the ports as "[::1]:80:80" in docker-compose.yml'
	else
		result ok own "docker-proxy does not expose Kong on the server's own IPv6 address"
	fi
}

# answer ADDRESS PORT: prints the first line of the HTTP response.
answer() {
	# shellcheck disable=SC2016
	timeout 5 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "GET / HTTP/1.0\r\n\r\n" >&3 && read -r line <&3 && printf %s "${line%$'"'\\r'"'}"' "$1" "$2" 2>/dev/null || :
}

check_uplink() {
	if [[ ! -d /sys/class/net/$uplink ]]; then
		result fail uplink "there is no interface $uplink" "create-kong-ipv6 regenerate --interface NAME"
	elif ! on_uplink "$host"; then
		result fail uplink "$uplink does not have the address $host" "sudo ./scripts/apply.sh; netplan get"
	elif [[ -n $(ip -6 -o addr show dev "$uplink" dadfailed) ]]; then
		result fail uplink "another machine uses the same address as $uplink" "ip -6 addr show dev $uplink dadfailed"
	elif [[ -z $(ip -6 route show default) ]]; then
		result fail uplink "there is no IPv6 default route" "ip -6 route; netplan get"
	else
		result ok uplink "$uplink has $host and a default route"
	fi
}

check_forwarding() {
	local name
	for name in all "$uplink" "$bridge"; do
		if [[ $(cat "/proc/sys/net/ipv6/conf/$name/forwarding" 2>/dev/null) != 1 ]]; then
			result fail forwarding "net.ipv6.conf.$name.forwarding is not 1" "sysctl --system; look for a file in /etc/sysctl.d that sets it to 0"
			return
		fi
	done
	result ok forwarding "on, between $uplink and $bridge"
}

# end_probe NAME SOLICITOR: deletes the namespace, and with it the veth.
end_probe() {
	ip netns del "$1" 2>/dev/null || :
	ip -6 neigh del "$2" dev "$uplink" 2>/dev/null || :
}

# Sends a Neighbor Solicitation as the provider's router would. A temporary
# network namespace sends it, and a filter on the veth redirects it to the
# uplink's ingress, as if it had arrived from outside. The uplink itself is not
# changed. A macvlan would not work: it can't reach its parent interface. Sending
# from the uplink would not work: the kernel's proxy answers only what arrives.
check_proxy() {
	local name=kong-ipv6-$$ inside=kp$$ solicitor=fe80::26b:6f6e:6736 verdict remedy
	if [[ $ndp == none ]]; then
		if [[ $delivery == routed ]]; then
			result ok ndp "no NDP proxy is needed: the prefix is routed to this server"
		else
			result warn ndp "nothing answers Neighbor Solicitations for Kong (--ndp none)" "create-kong-ipv6 regenerate --ndp ndppd"
		fi
		return
	fi
	case $ndp in
	ndppd) remedy="systemctl status ndppd; sudo ./scripts/apply.sh" ;;
	*) remedy="ip -6 neigh show proxy; sudo ./scripts/apply.sh" ;;
	esac
	# Clean up on Ctrl-C too.
	# shellcheck disable=SC2064
	trap "end_probe $name $solicitor; trap - RETURN EXIT" RETURN EXIT
	if ! have python3 || ! {
		ip netns add "$name" &&
			ip link add "$inside" address "$(cat "/sys/class/net/$uplink/address")" type veth peer name peer netns "$name" address 02:6b:6f:6e:67:36 &&
			echo 1 >"/proc/sys/net/ipv6/conf/$inside/disable_ipv6" &&
			ip -n "$name" link set peer addrgenmode none up && ip link set "$inside" up &&
			tc qdisc add dev "$inside" clsact &&
			tc filter add dev "$inside" ingress protocol all u32 match u32 0 0 action mirred ingress redirect dev "$uplink"
	} >/dev/null 2>&1; then
		result warn ndp "not tested: the test needs python3, tc and the kernel module act_mirred" "test from another machine"
		return
	fi
	verdict=$(python3 "$scripts/lib/ndp.py" proxy "$uplink" "$name" "$kong" 2>&1) || :
	case $verdict in
	yes) result ok ndp "$ndp answers a Neighbor Solicitation for $kong" ;;
	no) result fail ndp "$ndp doesn't answer a Neighbor Solicitation for $kong" "$remedy" ;;
	*) result warn ndp "the test failed: $(tail -n 1 <<<"$verdict")" "$remedy" ;;
	esac
}

check_filter() {
	local filter own=false
	filter=$(filter)
	if have nft && nft list table inet kong_ipv6 >/dev/null 2>&1; then own=true; fi
	if [[ $filter == table ]]; then
		if $own && table_filters; then
			result ok firewall "table inet kong_ipv6"
		elif $own; then
			result fail firewall "the table inet kong_ipv6 has lost its rules: nothing is filtered" "sudo ./scripts/apply.sh. Possible cause: nft flush table"
		else
			result fail firewall "the table inet kong_ipv6 is not loaded" "sudo ./scripts/apply.sh. Possible causes: ufw was disabled, the unit was stopped, or nft flush ruleset"
		fi
	elif [[ $filter == none ]] && ! ufw_active; then
		if opens_all; then
			result warn firewall "none: every port of every container with an IPv6 address is open to the world" "filter this traffic elsewhere, or create-kong-ipv6 regenerate --firewall nftables"
		else
			result warn firewall "these scripts set up no firewall (--firewall none)"
		fi
	fi
	if ufw_active; then check_ufw; fi
	if [[ $filter == ufw ]] && $own; then
		result warn firewall "ufw is active now, but the table inet kong_ipv6 also still filters" "sudo ./scripts/apply.sh removes the table"
	fi
}

check_ufw() {
	local missing
	if ! missing=$("$scripts/ufw.sh" --dry-run 2>&1); then
		if [[ $filter == none ]]; then
			result warn firewall "ufw is active and has no rules for Kong: with Docker 26 and older it blocks Kong" "sudo ./scripts/ufw.sh"
		else
			result fail firewall "ufw is missing the rule ${missing##*route allow }" "sudo ./scripts/ufw.sh"
		fi
	elif [[ $filter != ufw ]] || ufw status verbose | grep -q 'deny (routed)\|reject (routed)\|disabled (routed)'; then
		result ok firewall "ufw has Kong's rules"
	else
		result fail firewall "ufw forwards all traffic by default" "ufw default deny routed"
	fi
}
