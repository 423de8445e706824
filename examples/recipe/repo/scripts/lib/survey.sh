# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# Finds the differences between this server and the repository. It changes nothing,
# so --dry-run and a real run print the same plan.
plan=()
declare -A changed=()

# planned WHAT TEXT: adds one line to the plan.
planned() {
	local line
	printf -v line '  %-11s %s' "$1" "$2"
	plan+=("$line")
}

# is WHAT: whether the survey found a difference.
is() {
	[[ -n ${changed[$1]:-} ]]
}

# begun STEP: whether an earlier run began this step and did not finish it. Then the
# step is done again, whatever the files contain.
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

# staged PATH [MODE] <CONTENT: writes the file to the staging directory.
staged() {
	mkdir -p "$stage/root${1%/*}"
	cat >"$stage/root$1"
	chmod "${2:-0644}" "$stage/root$1"
}

# stage_files: stages every file below host/, adapted to this server.
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
			# networkd finds this drop-in by the name of netplan's file: by the netplan ID.
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

# sysctls: prints KEY VALUE for each setting in host/etc/sysctl.d, in the owner's
# files too. Patterns, and keys that do not exist now, wait for the next boot.
sysctls() {
	local key value
	awk -v ours="$stage/root$sysctl_file" '
		/^[[:blank:]]*([#;]|$)/ || !/=/ { next }
		{
			value = key = $0
			sub(/=.*/, "", key); gsub(/[[:blank:]]/, "", key)
			sub(/^[^=]*=/, "", value); gsub(/[[:blank:]\r]+/, " ", value); gsub(/^ | $/, "", value)
			# network.sh sets our keys of the bridge, after it has created the bridge.
			if (sub(/^-/, "", key) && FILENAME == ours) next
			# sysctl.d(5): if the first separator is a slash, dots are literal.
			if (key ~ /^[^.]*\//) { gsub(/\./, "%", key); gsub(/\//, ".", key); gsub(/%/, "/", key) }
			if (!(key in last)) keys[++count] = key
			last[key] = value
		}
		END { for (i = 1; i <= count; i++) print keys[i], last[keys[i]] }' "$stage/root/etc/sysctl.d/"*.conf |
		while read -r key value; do
			if [[ -r $(sysctl_path "$key") ]]; then printf '%s %s\n' "$key" "$value"; fi
		done
}

# other_bridges: prints the bridges that do not belong to a Docker network.
other_bridges() {
	local id
	ip -o link show type bridge | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | grep -vxF -e "$uplink" -e "$bridge" -f <(
		for id in $(docker network ls --quiet --filter driver=bridge); do
			docker network inspect --format '{{or (index .Options "com.docker.network.bridge.name") (printf "br-%.12s" .Id)}}' "$id" || :
		done
	) | sort || :
}

# add_others <TABLE: adds the bridges that the table must not filter.
add_others() {
	local name
	cat
	while read -r name; do
		printf 'add element inet kong_ipv6 others { "%s" }\n' "$name"
	done < <(other_bridges)
}

# host_files: prints all files below host/, without the backup files of editors and
# create-kong-ipv6.
host_files() {
	find "$repo/host" -type f ! -name '.*' ! -name '*.new' ! -name '*.orig' ! -name '*.rej' ! -name '*~' | sort
}

ndp_id() {
	local id
	id=$(networkd_id)
	printf '%s' "${id:-$uplink}"
}

# With forwarding on, the kernel accepts router advertisements only if accept_ra is
# 2. This matters if the kernel handles them, not networkd.
kernel_advertisements() {
	if ! $netplan_fits && [[ $(<"/proc/sys/net/ipv6/conf/$uplink/accept_ra") != 0 ]] && [[ $(advertised) == *[ae]* ]]; then
		# This must come first: turning forwarding on removes what advertisements set.
		printf '# The default route or the address comes from router advertisements.\nnet.ipv6.conf.%s.accept_ra = 2\n\n' "$uplink_sysctl"
	fi
}

survey() {
	local path key value now line output
	filter=$(filter)
	stage_files

	if [[ ! -f $repo/.env ]]; then planned .env "will be created from .env.example$([[ $database == off ]] || echo ", with a random KONG_PG_PASSWORD")"; fi
	if [[ -f $repo/.env && $(stat -L -c %a "$repo/.env") == *[1-7] ]]; then
		changed[readable]=1
		planned .env "will get mode 600: now every user of this server can read its password"
	fi
	# Only Docker 27 refuses a host address for a published port of a routed network.
	if ((generation == 27)) && [[ $(setting KONG_PUBLISH_IPV6) != '[::]' ]]; then
		changed[publish]=1
		planned .env "KONG_PUBLISH_IPV6=[::] will be added: Docker 27 accepts no other value"
	fi

	while read -r path; do
		[[ -n $path ]] || continue
		if [[ ! -e $path ]]; then
			planned file "$path will be created"
		elif ! cmp -s "$stage/root$path" "$path"; then
			if [[ $path == "$daemon_json" ]]; then
				planned file "$path: ipv6 and fixed-cidr-v6 will be merged in"
			elif edited "$path"; then
				planned file "$path will be changed; your edit will be saved in $state/edited"
			elif [[ $path == /etc/ndppd.conf ]] && ! fact file "$path" >/dev/null && grep -q '^[^#/]*rule' "$path"; then
				planned file "$path will be replaced. It has rules for other addresses: add those that you need to host$path"
			elif fact file "$path" >/dev/null; then
				planned file "$path will be changed"
			else
				planned file "$path will be replaced; rollback.sh restores the current file"
			fi
		elif [[ $(stat -c '%a %u %g' "$path") != "$(stat -c %a "$stage/root$path") $(owner_of "$path")" ]]; then
			planned file "$path will get mode $(stat -c %a "$stage/root$path")"
		else
			continue
		fi
		changed[$path]=1
	done < <(cd "$stage/root" && find . -type f | sed 's/^\.//' | sort)
	while read -r path; do
		if [[ -e $stage/root$path || $path == */multi-user.target.wants/* ]] || ! differs "$path"; then continue; fi
		planned file "$path belongs to earlier answers: its original state will be restored"
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
			planned firewall "the table inet kong_ipv6 will be loaded, now and at every boot${changed[reason]:+ (${changed[reason]})}"
			line=$(other_bridges | paste -sd ' ')
			[[ -z $line ]] || planned firewall "traffic to bridges that are not Docker's will not be filtered: $line"
		fi
		;;
	esac
	# Without these rules ufw drops traffic to Kong, even if our own table accepts it.
	if [[ $firewall != none ]] && have ufw; then
		if ! ufw_ipv6; then
			note ufw "ufw has IPV6=no, so no rules for Kong are added: set IPV6=yes, then run this again"
		elif ! output=$(NO_COLOR=1 "$scripts/ufw.sh" --dry-run); then
			changed[ufw]=1
			plan_from "$output"
		fi
	fi
	if [[ $firewall == none ]] && fact ufw rules >/dev/null && have ufw; then
		changed["ufw-gone"]=1
		planned ufw "the rules with the comment kong-ipv6 will be deleted"
	fi
	if [[ $filter == none ]]; then
		row "$red" open firewall "these scripts set up no firewall (--firewall none)"
		if opens_all; then
			row "$red" open firewall "Docker $engine opens every port of every container with an IPv6 address to the world"
		fi
	fi

	if is "$netplan_file" || begun netplan; then
		changed[netplan]=1
	elif $netplan_fits; then
		# Something may have removed the address or the route since.
		if ! on_uplink "$host"; then
			changed[netplan]=1
			planned netplan "$uplink does not have the address $host"
		fi
		if [[ -z $(ip -6 route show default) ]]; then
			changed[netplan]=1
			planned netplan "there is no IPv6 default route"
		fi
	fi
	if is netplan; then
		planned netplan "will be applied, and reverted if the server loses an address or default route"
	fi
	while read -r key value; do
		now=$(sysctl_now "$key")
		if [[ $now != "$value" ]]; then
			changed[sysctl]=1
			planned sysctl "$key $now → $value"
		fi
	done < <(sysctls)
	# Each write to net.ipv6.conf.all.forwarding also sets these.
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
			planned ndp "ndppd.service will be $now now, and started at every boot"
		fi
		;;
	kernel)
		if begun networkd || is "/etc/systemd/network/10-netplan-$(ndp_id).network.d/60-kong-ndp.conf" || ! proxied; then
			changed[networkd]=1
			planned ndp "networkd will let the kernel answer for $kong on $uplink"
		fi
		;;
	esac
	if is "$daemon_json" || begun docker; then
		changed[docker]=1
		planned docker "will be restarted, for daemon.json"
		if live_containers; then
			note docker "live-restore is on: docker0 gets IPv6 only if Docker restarts while no container runs"
		fi
	fi
	if ! output=$(NO_COLOR=1 "$scripts/network.sh" --dry-run); then
		changed[network]=1
		plan_from "$output"
	fi
	survey_data
	survey_compose
}

# plan_from OUTPUT: adds what another script's --dry-run printed to the plan.
plan_from() {
	local line
	while read -r _ line; do plan+=("  $line"); done <<<"$1"
}

enabled() {
	[[ -L /etc/systemd/system/multi-user.target.wants/$1 ]]
}

need_package() {
	changed["package-$1"]=1
	planned package "$1 will be installed"
}

check_packages() {
	local package
	for package in ndppd nftables; do
		! is "package-$package" || have apt-get ||
			refuse "$package is not installed, and there is no apt-get to install it" "install $package by hand"
	done
}

survey_data() {
	local data
	data=$(data_dir)
	if [[ ! -d $data ]]; then planned data "$data will be created"; fi
	if [[ ! -d $data/logs ]]; then changed[logs]=1 changed[compose]=1; fi
	if [[ $database == postgres ]]; then
		if [[ ! -f $data/secrets/kong_pg_password || ! -f $repo/.env || $(<"$data/secrets/kong_pg_password") != "$(setting KONG_PG_PASSWORD)" ]]; then
			changed[secret]=1
			planned secret "$data/secrets/kong_pg_password will be written, from .env"
		fi
		# A database keeps the password it was created with; a container keeps the file it mounted.
		if begun password || { is secret && [[ -e $data/postgres/PG_VERSION ]]; }; then
			changed[password]=1
			planned database "its password will be set to the one in .env; the containers will be recreated"
		fi
	fi
}

# recipe: prints a hash of the files that the image is built from.
recipe() {
	(cd "$repo/kong-build" && find . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum | cut -d ' ' -f 1)
}

# running: prints SERVICE CONFIG-HASH STATE ID for each existing container.
running() {
	docker ps --all --no-trunc --filter "label=com.docker.compose.project=$(project)" --filter label=com.docker.compose.oneoff=False \
		--format '{{.Label "com.docker.compose.service"}} {{.Label "com.docker.compose.config-hash"}} {{.State}} {{.Status}} {{.ID}}'
}

# attached CONTAINER: whether it is connected to both of Kong's networks, with Kong's
# address.
attached() {
	local names address
	read -r names address < <(docker inspect --format '{{range $name, $_ := .NetworkSettings.Networks}}/{{$name}}/{{end}} {{with index .NetworkSettings.Networks "'"$network"'"}}{{with .IPAMConfig}}{{.IPv6Address}}{{end}}{{end}}' "$1")
	[[ $names == *"/$(backend_network)/"* && $names == *"/$network/"* ]] && same6 "$address" "$kong"
}

# survey_images: finds missing images. Otherwise compose would get them itself, within
# the time limit for starting containers.
survey_images() {
	local service how image
	local -A said=()
	while read -r service how image; do
		# survey_compose handles this one.
		if [[ $how == build && $image == kong-ipv6:local ]] || docker image inspect "$image" >/dev/null 2>&1; then continue; fi
		changed["$how-others"]+=" $service"
		[[ -n ${said[$image]:-} ]] || planned image "$image will be $([[ $how == pull ]] && echo pulled || echo built)"
		said[$image]=1
	done < <(images)
}

# Sets changed[backend] if kong-net's subnet is neither the one of the plan nor one
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
		refuse "$(backend_network) must be recreated with $backend instead of ${now[0]}, but other containers are connected to it:$others" \
			"docker network disconnect $(backend_network) NAME, for each of them"
	fi
	changed[backend]=1
	planned network "$(backend_network) and all its containers will be recreated: its subnet is ${now[0]}, not $backend"
}

survey_compose() {
	local image service hash states
	image=$(docker image inspect --format '{{.Id}}' kong-ipv6:local 2>/dev/null) || image=none
	if [[ $(cat "$state/built" 2>/dev/null) != "$(recipe) $image" ]]; then
		changed[build]=1
		planned image "kong-ipv6:local will be built"
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
			# A service of the owner. One that ran once and exited with 0 is done.
			*) grep -qE "^$service $hash (running |exited Exited \(0\))" <<<"$states" || changed[compose]=1 ;;
			esac
		done <<<"$services"
		service=$(sed -n 's/^kong .* //p' <<<"$states")
		if [[ -n $service ]] && ! attached "$service"; then
			changed[compose]=1 changed[kong]=$service
			planned compose "Kong is not connected to a network, or does not have $kong there: its container will be recreated"
		fi
	fi
	is compose || return 0
	survey_images
	if ! docker network inspect "$(backend_network)" >/dev/null 2>&1; then
		planned network "$(backend_network) will be created, for Kong and its other services"
	fi
	planned compose "the services will be started"
}
