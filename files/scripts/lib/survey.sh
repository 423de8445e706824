# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# What differs between this server and the repository. Nothing is changed here:
# --dry-run and a real run print the same plan.
plan=()
declare -A changed=()

# planned WHAT TEXT
planned() {
	local line
	printf -v line '  %-11s %s' "$1" "$2"
	plan+=("$line")
}

# is WHAT: whether the survey found that it differs.
is() {
	[[ -n ${changed[$1]:-} ]]
}

# A step that was begun and not ended is done again, whatever the files say.
begun() {
	fact todo "$1" >/dev/null
}

refuse_or_survey() {
	local ok=true
	check_uplink || ok=false
	check_docker
	check_daemon_json
	check_conflicts
	check_settings
	check_ufw_ipv6
	check_compose
	check_space /etc 16
	check_space "$state" 16
	check_space "$(data_dir)" 64
	if ((refusals == 0)); then
		check_space "$(docker info --format '{{.DockerRootDir}}')" 256
		! check_project || check_ports
	fi
	if $ok; then
		check_netplan
		check_ndp
	fi
	if ((refusals == 0)); then check_link; fi
	if ((refusals == 0)); then
		survey
		check_packages
	fi
	((refusals == 0)) || exit 1
}

# staged PATH [MODE] <content
staged() {
	mkdir -p "$stage/root${1%/*}"
	cat >"$stage/root$1"
	chmod "${2:-0644}" "$stage/root$1"
}

# Every file below host/, as it belongs on this server.
stage_files() {
	local file path
	while read -r file; do
		path=${file#"$repo/host"}
		case $path in
		"$netplan_file")
			if $netplan_fits; then staged "$path" 0600 <"$stage/netplan/fitted"; fi
			;;
		/etc/docker/daemon.json)
			if [[ -s $path ]] && have python3; then
				merge_daemon_json "$file" | staged "$daemon_json" "$(stat -c %a "$daemon_json")"
			else
				staged "$daemon_json" <"$file"
			fi
			;;
		/etc/systemd/network/*)
			# networkd reads it beside the file that netplan made: by netplan's ID.
			staged "/etc/systemd/network/10-netplan-$(ndp_id).network.d/${path##*/}" <"$file"
			;;
		*/firewall.nft)
			if [[ $filter == table ]]; then add_others <"$file" | staged "$path"; fi
			;;
		*/kong-ipv6-firewall.service | */nftables.service.d/*)
			if [[ $filter == table ]]; then staged "$path" <"$file"; fi
			;;
		"$sysctl_file")
			{ kernel_advertisements && cat "$file"; } | staged "$path"
			;;
		*) staged "$path" <"$file" ;;
		esac
	done < <(host_files)
}

# sysctls: KEY VALUE of what the files in host/etc/sysctl.d set, the owner's too;
# what this server hasn't now, and a pattern, is left to the boot.
sysctls() {
	local key value
	awk -v ours="$stage/root$sysctl_file" '
		/^[[:blank:]]*([#;]|$)/ || !/=/ { next }
		{
			value = key = $0
			sub(/=.*/, "", key); gsub(/[[:blank:]]/, "", key)
			sub(/^[^=]*=/, "", value); gsub(/[[:blank:]\r]+/, " ", value); gsub(/^ | $/, "", value)
			# Those of ours on the bridge network.sh sets, once it has made it.
			if (sub(/^-/, "", key) && FILENAME == ours) next
			# As sysctl.d(5): after a slash first, a dot is one.
			if (key ~ /^[^.]*\//) { gsub(/\./, "%", key); gsub(/\//, ".", key); gsub(/%/, "/", key) }
			if (!(key in last)) keys[++count] = key
			last[key] = value
		}
		END { for (i = 1; i <= count; i++) print keys[i], last[keys[i]] }' "$stage/root/etc/sysctl.d/"*.conf |
		while read -r key value; do
			if [[ -r $(sysctl_path "$key") ]]; then printf '%s %s\n' "$key" "$value"; fi
		done
}

# Bridges that no network of Docker's has.
other_bridges() {
	local id
	ip -o link show type bridge | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | grep -vxF -e "$uplink" -e "$bridge" -f <(
		for id in $(docker network ls --quiet --filter driver=bridge); do
			docker network inspect --format '{{or (index .Options "com.docker.network.bridge.name") (printf "br-%.12s" .Id)}}' "$id" || :
		done
	) | sort || :
}

# add_others <TABLE: with the bridges that it shall leave alone.
add_others() {
	local name
	cat
	while read -r name; do
		printf 'add element inet kong_ipv6 others { "%s" }\n' "$name"
	done < <(other_bridges)
}

# Not what editors and create-kong-ipv6 lay beside a file.
host_files() {
	find "$repo/host" -type f ! -name '.*' ! -name '*.new' ! -name '*.orig' ! -name '*.rej' ! -name '*~' | sort
}

ndp_id() {
	local id
	id=$(networkd_id)
	printf '%s' "${id:-$uplink}"
}

# With forwarding the kernel takes router advertisements only if told so twice.
# It matters where the kernel itself handles them, not networkd.
kernel_advertisements() {
	if ! $netplan_fits && [[ $(<"/proc/sys/net/ipv6/conf/$uplink/accept_ra") != 0 ]] && [[ $(advertised) == *[ae]* ]]; then
		# First: forwarding alone throws away what advertisements brought.
		printf '# The default route or the address comes from router advertisements.\nnet.ipv6.conf.%s.accept_ra = 2\n\n' "$uplink_sysctl"
	fi
}

survey() {
	local path key value now line output
	filter=$(filter)
	stage_files

	if [[ ! -f $repo/.env ]]; then planned .env "made from .env.example$([[ $database == off ]] || echo ", with a random KONG_PG_PASSWORD")"; fi
	if [[ -f $repo/.env && $(stat -L -c %a "$repo/.env") == *[1-7] ]]; then
		changed[readable]=1
		planned .env "gets mode 600: every user of this server can read its password"
	fi
	# Docker 27 alone refuses a host address in the publication of a routed network.
	if ((generation == 27)) && [[ $(setting KONG_PUBLISH_IPV6) != '[::]' ]]; then
		changed[publish]=1
		planned .env "KONG_PUBLISH_IPV6=[::] is added: Docker 27 takes no other"
	fi

	while read -r path; do
		[[ -n $path ]] || continue
		if [[ ! -e $path ]]; then
			planned file "$path is new"
		elif ! cmp -s "$stage/root$path" "$path"; then
			if [[ $path == "$daemon_json" ]]; then
				planned file "$path: ipv6 and fixed-cidr-v6 are merged in"
			elif edited "$path"; then
				planned file "$path is changed; your edit of it is kept in $state/edited"
			elif [[ $path == /etc/ndppd.conf ]] && ! fact file "$path" >/dev/null && grep -q '^[^#/]*rule' "$path"; then
				planned file "$path is replaced, with the rules that it has for other addresses: what shall stay of them belongs in host$path"
			elif fact file "$path" >/dev/null; then
				planned file "$path is changed"
			else
				planned file "$path is replaced; what is there now comes back with rollback.sh"
			fi
		elif [[ $(stat -c '%a %u %g' "$path") != "$(stat -c %a "$stage/root$path") $(owner_of "$path")" ]]; then
			planned file "$path gets mode $(stat -c %a "$stage/root$path")"
		else
			continue
		fi
		changed[$path]=1
	done < <(cd "$stage/root" && find . -type f | sed 's/^\.//' | sort)
	while read -r path; do
		if [[ -e $stage/root$path || $path == */multi-user.target.wants/* ]] || ! differs "$path"; then continue; fi
		planned file "$path belongs to earlier answers: as it was before them"
		changed[$path]=1
	done < <(our_files)
	if is "$netplan_file"; then
		while read -r line; do planned netplan "$line"; done <"$stage/netplan/notes"
	fi

	if [[ $ndp == ndppd ]] && ! have ndppd; then need_package ndppd; fi
	if [[ $filter == table ]] && ! have nft; then need_package nftables; fi

	case $filter in
	table)
		if [[ $firewall == ufw ]]; then
			changed[reason]="ufw is $(have ufw && echo inactive || echo "not installed")"
		fi
		if begun table || is /etc/kong-ipv6/firewall.nft || is /etc/systemd/system/kong-ipv6-firewall.service ||
			! systemctl --quiet is-active kong-ipv6-firewall.service || ! table_filters || ! enabled kong-ipv6-firewall.service; then
			changed[table]=1
			planned firewall "the table inet kong_ipv6 is loaded, now and at every boot${changed[reason]:+ (${changed[reason]})}"
			line=$(other_bridges | paste -sd ' ')
			[[ -z $line ]] || planned firewall "what is forwarded to $line, no bridge of Docker's, stays as it is"
		fi
		;;
	esac
	# ufw drops what is forwarded to Kong without them, whatever our own table accepts.
	if [[ $firewall != none ]] && have ufw; then
		if ! ufw_ipv6; then
			note ufw "it has IPV6=no, so no rules for Kong: they come once it has IPV6=yes"
		elif ! output=$(NO_COLOR=1 "$scripts/ufw.sh" --dry-run); then
			changed[ufw]=1
			plan_from "$output"
		fi
	fi
	if [[ $firewall == none ]] && fact ufw rules >/dev/null && have ufw; then
		changed["ufw-gone"]=1
		planned ufw "the rules with the comment kong-ipv6 are deleted"
	fi
	if [[ $filter == none ]]; then
		row "$red" open firewall "this server filters nothing for you (--firewall none)"
		if opens_all; then
			row "$red" open firewall "Docker $engine opens every port of every container with an IPv6 address to the world"
		fi
	fi

	if is "$netplan_file" || begun netplan; then
		changed[netplan]=1
	elif $netplan_fits; then
		# What it gave the uplink may have been taken away since.
		if ! on_uplink "$host"; then
			changed[netplan]=1
			planned netplan "$uplink hasn't $host"
		fi
		if [[ -z $(ip -6 route show default) ]]; then
			changed[netplan]=1
			planned netplan "there is no IPv6 default route"
		fi
	fi
	if is netplan; then
		planned netplan "applied; taken back if an address or default route of the server gets lost"
	fi
	while read -r key value; do
		now=$(sysctl_now "$key")
		if [[ $now != "$value" ]]; then
			changed[sysctl]=1
			planned sysctl "$key $now → $value"
		fi
	done < <(sysctls)
	# These follow net.ipv6.conf.all.forwarding, whenever it is written.
	if ! is sysctl; then
		for key in "$uplink" "$bridge"; do
			path=/proc/sys/net/ipv6/conf/$key/forwarding
			[[ -e $path && $(<"$path") != 1 ]] || continue
			changed[sysctl]=1
			planned sysctl "net.ipv6.conf.$key.forwarding $(<"$path") → 1"
		done
	fi

	case $ndp in
	ndppd)
		if begun ndppd || is /etc/ndppd.conf || is /etc/systemd/system/ndppd.service ||
			! systemctl --quiet is-active ndppd.service || ! enabled ndppd.service; then
			changed[ndppd]=1
			now=started
			! systemctl --quiet is-active ndppd.service || now=restarted
			planned ndp "ndppd.service is $now now, and started at every boot"
		fi
		;;
	kernel)
		if begun networkd || is "/etc/systemd/network/10-netplan-$(ndp_id).network.d/60-kong-ndp.conf" || ! proxied; then
			changed[networkd]=1
			planned ndp "networkd answers for $kong on $uplink"
		fi
		;;
	esac
	if is "$daemon_json" || begun docker; then
		changed[docker]=1
		planned docker "restarted, for daemon.json"
		if live_containers; then
			note docker "live-restore: docker0 gets its IPv6 only by a restart of Docker while no container runs"
		fi
	fi
	if ! output=$(NO_COLOR=1 "$scripts/network.sh" --dry-run); then
		changed[network]=1
		plan_from "$output"
	fi
	survey_data
	survey_compose
}

# What a script's own --dry-run printed.
plan_from() {
	local line
	while read -r _ line; do plan+=("  $line"); done <<<"$1"
}

enabled() {
	[[ -L /etc/systemd/system/multi-user.target.wants/$1 ]]
}

need_package() {
	changed["package-$1"]=1
	planned package "$1 is installed"
}

check_packages() {
	local package
	for package in ndppd nftables; do
		! is "package-$package" || have apt-get ||
			refuse "$package is not installed, and there is no apt-get to do it" "install $package by hand"
	done
}

survey_data() {
	local data
	data=$(data_dir)
	if [[ ! -d $data ]]; then planned data "$data is made"; fi
	if [[ ! -d $data/logs ]]; then changed[logs]=1 changed[compose]=1; fi
	if [[ $database == postgres ]]; then
		if [[ ! -f $data/secrets/kong_pg_password || ! -f $repo/.env || $(<"$data/secrets/kong_pg_password") != "$(setting KONG_PG_PASSWORD)" ]]; then
			changed[secret]=1
			planned secret "$data/secrets/kong_pg_password, from .env"
		fi
		# A database keeps the password that it was made with; a container, the file that it mounted.
		if begun password || { is secret && [[ -e $data/postgres/PG_VERSION ]]; }; then
			changed[password]=1
			planned database "takes the password of .env; the containers are made anew"
		fi
	fi
}

# What the image is built from.
recipe() {
	(cd "$repo/kong-build" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1)
}

# SERVICE CONFIG-HASH STATE ID of the containers that there are.
running() {
	docker ps --all --no-trunc --filter "label=com.docker.compose.project=$(project)" --filter label=com.docker.compose.oneoff=False \
		--format '{{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.config-hash"}} {{.State}} {{.Status}} {{.ID}}'
}

# attached CONTAINER: whether it is on both of Kong's networks, with Kong's address.
attached() {
	local names address
	read -r names address < <(docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}/{{$name}}/{{end}} {{with index .NetworkSettings.Networks "'"$network"'"}}{{with .IPAMConfig}}{{.IPv6Address}}{{end}}{{end}}' "$1")
	[[ $names == *"/$(backend_network)/"* && $names == *"/$network/"* ]] && same6 "$address" "$kong"
}

# What compose would get on its own, within the time that it has for containers.
survey_images() {
	local service how image
	local -A said=()
	while read -r service how image; do
		# Built above.
		if [[ $how == build && $image == kong-ipv6:local ]] || docker image inspect "$image" >/dev/null 2>&1; then continue; fi
		changed["$how-others"]+=" $service"
		[[ -n ${said[$image]:-} ]] || planned image "$image is $([[ $how == pull ]] && echo pulled || echo built)"
		said[$image]=1
	done < <(images)
}

# Sets changed[backend] where kong-net has another subnet than the plan, and none
# that the owner wrote into docker-compose.yml.
survey_backend() {
	local id name others=''
	local -a now
	mapfile -t now < <(docker network inspect --format '{{range .IPAM.Config}}{{.Subnet}}{{end}}
{{range $id, $_ := .Containers}}{{$id}} {{end}}' "$(backend_network)" 2>/dev/null || :)
	[[ -n ${now[0]:-} && ${now[0]} != "$backend" ]] || return 0
	if grep -qF "${now[0]}" "$repo/docker-compose.yml"; then return 0; fi
	for id in ${now[1]:-}; do
		name=$(docker inspect --format '{{.Name}} {{index .Config.Labels "com.docker.compose.project"}}' "$id") || continue
		[[ ${name#* } == "$(project)" ]] || others+=" ${name%% *}"
	done
	if [[ -n $others ]]; then
		others=${others// \// }
		refuse "$(backend_network) has to be made anew, with $backend in place of ${now[0]}, and other containers are on it:$others" \
			"docker network disconnect $(backend_network) NAME, for each"
	fi
	changed[backend]=1
	planned network "$(backend_network) is made anew, with all its containers: it has ${now[0]}, not $backend"
}

survey_compose() {
	local image service hash states
	image=$(docker image inspect --format '{{.Id}}' kong-ipv6:local 2>/dev/null) || image=none
	if [[ $(cat "$state/built" 2>/dev/null) != "$(recipe) $image" ]]; then
		changed[build]=1
		planned image "kong-ipv6:local is built"
	fi
	survey_backend
	if is build || is network || is backend || is password || is publish || begun compose || [[ ! -f $repo/.env ]]; then
		changed[compose]=1
	else
		states=$(running)
		while read -r service hash; do
			case $service in
			kong-migration) grep -q "^$service $hash exited Exited (0)" <<<"$states" || changed[compose]=1 ;;
			kong | kong-database) grep "^$service $hash running " <<<"$states" | grep -qv '(unhealthy)' || changed[compose]=1 ;;
			# The owner's own. One that does its work once and ends well is done.
			*) grep -qE "^$service $hash (running |exited Exited \(0\))" <<<"$states" || changed[compose]=1 ;;
			esac
		done <<<"$services"
		service=$(sed -n 's/^kong .* //p' <<<"$states")
		if [[ -n $service ]] && ! attached "$service"; then
			changed[compose]=1 changed[kong]=$service
			planned compose "Kong is off a network, or hasn't $kong there: its container is made anew"
		fi
	fi
	is compose || return 0
	survey_images
	if ! docker network inspect "$(backend_network)" >/dev/null 2>&1; then
		planned network "$(backend_network) is made, for Kong and what belongs to it"
	fi
	planned compose "the services are brought up"
}
