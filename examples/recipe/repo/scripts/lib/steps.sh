# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The steps of apply.sh, in order. Each runs only if the survey found a difference,
# and each can run again after an interruption.

# doing WHAT TEXT: names the current step.
doing() {
	step="$1: $2"
}

# takes_long: prints the current step, because it may print nothing for minutes.
takes_long() {
	row '' ... "${step%%: *}" "${step#*: }: this may take minutes"
}

# done_with WHAT TEXT: prints that the step is complete.
done_with() {
	row "$green" ok "$1" "$2"
}

todo() {
	record todo "$1" begun
}

carry_out() {
	local name
	validate_daemon_json
	open_state
	record repository "$repo" "$(project)"
	remember_network
	make_settings
	if is table || is ndppd; then todo units; fi
	for name in table ndppd netplan docker networkd password compose; do
		if is "$name"; then todo "$name"; fi
	done
	drop_earlier_answers
	install_files
	install_packages
	set_firewall
	set_network
	set_ndp
	set_docker
	check_network
	if is network; then
		doing network "$network"
		make_network
		done_with network "$network on $bridge, $subnet, routed"
	fi
	set_data
	clear_way
	set_compose
	wait_for_kong
}

# make_network: prints only the notes of network.sh: the plan has printed its changes.
make_network() {
	"$scripts/network.sh" | { grep '^  note ' || :; }
}

make_settings() {
	local password line known
	if [[ ! -f $repo/.env ]]; then
		doing .env "creating it"
		# Use the password that the database was created with, if its file still exists.
		known=$(data_dir)/secrets/kong_pg_password
		if [[ -s $known ]]; then
			password=$(<"$known")
		else
			password=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
		fi
		# In bash only: every user can see the arguments of a program.
		(umask 077 && while IFS= read -r line; do
			if [[ $line == KONG_PG_PASSWORD=* ]]; then line=KONG_PG_PASSWORD=$password; fi
			printf '%s\n' "$line"
		done <"$repo/.env.example" >"$repo/.env.new")
		chown --reference="$repo" "$repo/.env.new"
		mv "$repo/.env.new" "$repo/.env"
		done_with .env "created"
	fi
	if is readable; then
		chmod 0600 "$repo/.env"
		done_with .env "mode 600"
	fi
	if is publish; then
		printf '\n# Docker 27 accepts no other value for IPv6 (later versions ignore it).\nKONG_PUBLISH_IPV6=[::]\n' >>"$repo/.env"
		done_with .env "KONG_PUBLISH_IPV6=[::]"
	fi
}

validate_daemon_json() {
	is "$daemon_json" || return 0
	doing docker "checking daemon.json"
	# Engine 23 and later have --validate.
	if dockerd --help 2>&1 | grep -q -- --validate; then
		quietly dockerd --validate --config-file "$stage/root$daemon_json" ||
			die "dockerd rejects the merged daemon.json" "see dockerd's message above; $daemon_json was not changed"
	fi
}

# Restores the original state of files that the repository no longer has.
drop_earlier_answers() {
	local path
	while read -r path; do
		if [[ -e $stage/root$path || $path == */multi-user.target.wants/* ]] || ! differs "$path"; then continue; fi
		doing file "$path"
		case $path in
		/etc/systemd/system/*.d/*) todo units ;;
		*.service)
			systemctl --quiet stop "${path##*/}" 2>/dev/null || :
			rm -f "/etc/systemd/system/multi-user.target.wants/${path##*/}"
			todo units
			;;
		/etc/systemd/network/*) todo networkd && changed[networkd]=1 ;;
		esac
		restore "$path"
		# From now on the file belongs to the owner again.
		forget file "$path"
		forget wrote "$path"
		done_with file "$path"
	done < <(our_files)
}

install_files() {
	local path
	while read -r path; do
		is "$path" || continue
		case $path in "$netplan_file" | "$daemon_json") continue ;; esac
		doing file "$path"
		case $path in
		/etc/systemd/system/*)
			todo units
			# Stop a unit of the same name (a package's SysV script) before replacing it.
			if [[ $path == *.service && ! -e $path ]] && systemctl --quiet is-active "${path##*/}"; then
				record unit "${path##*/}" active
				quietly systemctl stop "${path##*/}" || :
			fi
			;;
		/etc/systemd/network/*)
			# networkd sets proxy_ndp after it has read the file, at the next netplan apply.
			record sysctl "net.ipv6.conf.$uplink_sysctl.proxy_ndp" "$(<"/proc/sys/net/ipv6/conf/$uplink/proxy_ndp")"
			;;
		esac
		put "$path" "$stage/root$path"
		done_with file "$path"
	done < <(cd "$stage/root" && find . -type f | sed 's/^\.//' | sort)
	if begun units; then
		doing systemd daemon-reload
		systemctl daemon-reload
		forget todo units
	fi
}

# Configuration and units are already in place, so that a service which the package
# starts is configured correctly.
install_packages() {
	local package how
	# apt handles Ctrl-C itself, and bash would then continue.
	trap 'exit 130' INT
	for package in ndppd nftables; do
		is "package-$package" || continue
		doing package "$package"
		# A purge would also delete the owner's configuration files.
		how=purge
		if [[ $package == nftables && -e /etc/nftables.conf ]] || has_configuration "$package"; then how=remove; fi
		record package "$package" "$how"
		# dpkg writes this file if the configuration file already exists.
		keep "/etc/$package.conf.dpkg-dist"
		# The package lists may be outdated or missing: then update them, and try again.
		apt_install silently "$package" || { quietly apt-get update && apt_install quietly "$package"; } ||
			die "$package can't be installed" "see apt's message above; when the network works: apt-get install $package, then run this again"
		done_with package "$package"
	done
	trap - INT
}

# has_configuration PACKAGE: whether it was removed, but not purged.
has_configuration() {
	[[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == config-files ]]
}

# apt_install silently|quietly PACKAGE: installs it, and keeps configuration files.
apt_install() {
	DEBIAN_FRONTEND=noninteractive "$1" apt-get install --yes --no-install-recommends \
		--option DPkg::Lock::Timeout=60 --option Dpkg::Options::=--force-confold "$2"
}

# start UNIT: starts it now and at every boot. It makes the link itself, because
# systemctl enable also changes the links of a SysV script of the same name.
start() {
	record unit "$1" "$(systemctl is-active "$1" 2>/dev/null || :)"
	link "/etc/systemd/system/multi-user.target.wants/$1" "/etc/systemd/system/$1"
	restart "$1" || die "$1 doesn't start" "journalctl -u $1"
}

set_firewall() {
	if is table; then
		doing firewall "the table inet kong_ipv6"
		start kong-ipv6-firewall.service
		forget todo table
		done_with firewall "table inet kong_ipv6${changed[reason]:+ (${changed[reason]})}"
	fi
	if is ufw-gone; then
		doing ufw "deleting the rules"
		remove_ufw_rules || die "ufw can't delete the rules" "see ufw's message above"
		done_with ufw "rules deleted"
	fi
	if is ufw; then
		doing ufw "setting the rules"
		"$scripts/ufw.sh" >/dev/null
		done_with ufw "rules set$(ufw_active || echo " (they take effect when you enable ufw)")"
	fi
}

# Saves the network as it was before this run, for network_back. The original sysctl
# values are on disk before the sysctl file is, because the next boot applies it.
declare -A sysctl_before=()
network_before='' network_leaving=''
remember_network() {
	local path key
	is netplan || is sysctl || is "$sysctl_file" || return 0
	network_leaving=$(! is "$netplan_file" || leaving "$stage/root$netplan_file")
	network_before=$(snapshot | grep -vxF -f <(sed "/./s|^|addr $uplink |" <<<"$network_leaving") || :)
	mkdir -p "$stage/before"
	for path in "$netplan_file" "$sysctl_file"; do
		[[ ! -e $path ]] || cp --archive "$path" "$stage/before/${path##*/}"
	done
	while read -r key _; do
		sysctl_before[$key]=$(sysctl_now "$key")
		record sysctl "$key" "${sysctl_before[$key]}"
	done < <(sysctls)
	remember_forwarding
}

# remember_forwarding: records the interfaces whose value differs from that of "all",
# because each write to "all" also sets every interface.
remember_forwarding() {
	local path value key all=net.ipv6.conf.all.forwarding
	[[ -n ${sysctl_before[$all]:-} && ${sysctl_before[$all]} == "$(fact sysctl "$all")" ]] || return 0
	for path in /proc/sys/net/ipv6/conf/*/forwarding; do
		read -r value 2>/dev/null <"$path" || continue
		[[ $value != "${sysctl_before[$all]}" ]] || continue
		key=${path%/forwarding} key=${key##*/} key=net.ipv6.conf.${key//./\/}.forwarding
		sysctl_before[$key]=$value
		record sysctl "$key" "$value"
	done
}

# set_ours FILE…: records the addresses that our netplan files give the uplink.
set_ours() {
	local file addresses
	addresses=$(for file; do our_addresses "$file"; done | sort -u | paste -sd ' ')
	forget ours netplan
	record ours netplan "$addresses"
}

# given NEW: whether networkd has set all addresses of the uplink. If the server's
# address is new, duplicate address detection takes up to two seconds (RFC 4862 5.4),
# and networkd is done only after it: check_network waits for that. Containers may
# bind to the other addresses, so those must exist now.
given() {
	networkd_done || { $1 && on_uplink "$host" && ! tentative "$host"; }
}

# Sets netplan and sysctls together: turning forwarding on can also remove a route.
set_network() {
	local why key value new=true
	is netplan || is sysctl || return 0
	# No signal may stop this between the change and the check.
	trap '' INT TERM
	if is netplan; then
		doing netplan "applying it"
		record snapshot network "$(base64 -w 0 <<<"$network_before")"
		if is "$netplan_file" && [[ -e $stage/root$netplan_file ]]; then
			# The addresses of both files, until the new one is in effect: after an
			# interruption the old ones are still ours to remove.
			set_ours "$netplan_file" "$stage/root$netplan_file"
			put "$netplan_file" "$stage/root$netplan_file"
		fi
		if on_uplink "$host"; then new=false; fi
		if ! { netplan_apply && all_back "$network_before" "$(paths "$network_before")" given $new; }; then lose "$why"; fi
		keep_connected <<<"$network_leaving"
	fi
	if is sysctl; then
		doing sysctl "$sysctl_file"
		while read -r key value; do
			printf '%s\n' "$value" 2>/dev/null >"$(sysctl_path "$key")" ||
				lose "the kernel rejects $key = $value" "correct it in host/etc/sysctl.d, then run this again"
		done < <(sysctls)
		if ! until_true 3 nothing_lost "$network_before"; then
			lose "turning forwarding on removed $(lost "$network_before" | paste -sd ' ')" \
				"make the default route static, or set accept-ra to true, then run this again"
		fi
		done_with sysctl "forwarding is on"
	fi
	trap - INT TERM
}

# lose WHY [REMEDY]: restores the network and exits. The default remedy is for netplan.
lose() {
	local remedy=${2:-}
	[[ -n $remedy ]] || remedy="netplan doesn't know what is missing: add it to /etc/netplan, then run this again"
	network_back
	die "$1" "the network was restored; $remedy"
}

# decided: whether the kernel and networkd have finished with the uplink's addresses.
decided() {
	[[ -n $(duplicate) ]] || { networkd_done && ! tentative; }
}

# Checks that nothing is missing, and that no other machine has our address.
check_network() {
	local why taken before
	is netplan || return 0
	doing netplan "duplicate address detection"
	trap '' INT TERM
	until_true 10 decided || :
	taken=$(duplicate)
	if [[ -n $taken ]]; then
		lose "$taken is in use by another machine on the link" "choose another address: create-kong-ipv6 regenerate --host ADDRESS"
	fi
	# Other addresses and routes may belong to a container that Docker has restarted.
	before=$(grep -E "^(addr $uplink |route|rule)|^path.*dev ($uplink|lo)( |\$)" <<<"$network_before" || :)
	if ! all_back "$before" "$(paths "$before")" networkd_done; then lose "$why"; fi
	if [[ -f $netplan_file ]]; then set_ours "$netplan_file"; fi
	trap - INT TERM
	forget todo netplan
	done_with netplan "$uplink has $host; no address or route was lost"
}

# Restores the network as it was before this run.
network_back() {
	local key path copy
	while read -r key; do
		[[ -z ${sysctl_before[$key]:-} ]] || printf '%s\n' "${sysctl_before[$key]}" >"$(sysctl_path "$key")" || :
	done < <(names sysctl)
	for path in "$sysctl_file" "$netplan_file"; do
		copy=$stage/before/${path##*/}
		if [[ ! -e $copy ]]; then
			restore "$path"
		elif ! cmp -s "$copy" "$path"; then
			put "$path" "$copy"
		fi
	done
	# Without a file of ours, do not apply: the owner's files may not be in effect yet.
	if have netplan && fact file "$netplan_file" >/dev/null; then
		netplan apply >/dev/null 2>&1 </dev/null 9>&- || :
	fi
	forget todo netplan
	until_true 10 networkd_done || :
	until_true 5 nothing_lost "$network_before" || give_back "$network_before"
}

# reconfigure: lets networkd configure the uplink again.
reconfigure() {
	local before
	before=$(snapshot)
	trap '' INT TERM
	networkctl reload
	# Up to systemd 257 a reload alone does not change a link's proxy addresses.
	networkctl reconfigure "$uplink"
	sleep 0.2
	until_true 10 networkd_done || :
	# networkd removes what it does not know.
	unknown_back "$(paths "$before")"
	until_true 5 nothing_lost "$before" || give_back "$before"
	trap - INT TERM
	nothing_lost "$before" || die "networkd removed $(lost "$before" | paste -sd ' ')" "add it to /etc/netplan, then run this again"
}

set_ndp() {
	if is networkd; then
		doing ndp "networkd"
		# netplan apply also makes networkd read the drop-in.
		if ! is netplan || ! until_true 1 proxied; then reconfigure; fi
		forget todo networkd
		done_with ndp "the kernel answers for $kong"
	fi
	if is ndppd; then
		doing ndp "ndppd.service"
		start ndppd.service
		forget todo ndppd
		done_with ndp "ndppd answers for $kong"
	fi
}

set_docker() {
	local was=$stage/daemon.json.was
	is docker || return 0
	doing docker "restarting it"
	if is "$daemon_json"; then
		record docker "$daemon_json" merged
		if [[ -e $daemon_json ]]; then cp --archive "$daemon_json" "$was"; fi
		put "$daemon_json" "$stage/root$daemon_json"
	fi
	if ! restart docker.service || ! until_true 20 ask_engine; then
		journalctl --unit docker.service --no-pager --output cat --lines 5 | sed 's/^/    | /' >&2 || :
		# The file from before this run, or from before an earlier interrupted run.
		if [[ -e $was ]]; then put "$daemon_json" "$was"; else restore "$daemon_json"; fi
		systemctl reset-failed docker.service
		systemctl restart docker.service || :
		die "Docker doesn't start with the merged daemon.json" "the previous daemon.json was restored; see Docker's messages above"
	fi
	install -m 0600 "$repo/host/etc/docker/daemon.json" "$state/merged.json"
	forget todo docker
	done_with docker "restarted, with IPv6"
}

set_data() {
	local data
	data=$(data_dir)
	[[ -d $data ]] || install -d -m 0755 "$data"
	[[ $database == postgres ]] || return 0
	[[ -d $data/postgres ]] || install -d -m 0700 "$data/postgres"
	if is secret; then
		doing secret "$data/secrets/kong_pg_password"
		install -d -m 0700 "$data/secrets"
		# Docker mounts this file: user kong must be able to read it in the container. On
		# the server only root can enter its directory.
		(umask 077 && setting KONG_PG_PASSWORD >"$data/secrets/.new")
		chmod 0444 "$data/secrets/.new"
		mv "$data/secrets/.new" "$data/secrets/kong_pg_password"
		done_with secret "$data/secrets/kong_pg_password"
	fi
}

# clear_way: stops or removes containers that compose can't handle. Compose does not
# start a paused container (whose health checks have failed too), and does not
# reconnect a container to a network.
clear_way() {
	local -a ids=()
	is compose || return 0
	mapfile -t ids < <(docker ps --quiet --filter status=paused --filter "label=com.docker.compose.project=$(project)")
	if ((${#ids[@]} > 0)); then
		doing compose "stopping paused containers"
		{ quietly docker unpause "${ids[@]}" && quietly docker stop "${ids[@]}"; } ||
			die "Docker can't stop the paused containers" "see Docker's message above"
	fi
	if is kong; then
		doing compose "removing Kong's container"
		quietly docker rm --force "${changed[kong]}" || die "Docker can't remove Kong's container" "see Docker's message above"
	fi
}

# get_images pull|build DOING DONE: gets the images that services are missing.
get_images() {
	local -a lacking=()
	is "$1-others" || return 0
	read -ra lacking <<<"${changed["$1-others"]}"
	doing image "$2 ${lacking[*]}"
	takes_long
	quietly compose "$1" "${lacking[@]}" || die "the images of these services can't be $3: ${lacking[*]}" "see above; this needs a network connection, and free space in Docker's directory"
	done_with image "${lacking[*]}: $3"
}

# Compose can't recreate a network that has containers, or recreates only some of them.
remove_backend() {
	local ids
	doing network "removing $(backend_network) and its containers"
	mapfile -t ids < <(docker ps --all --quiet --filter "label=com.docker.compose.project=$(project)")
	if ((${#ids[@]} > 0)); then
		quietly docker stop "${ids[@]}" || :
		quietly docker rm --force "${ids[@]}" || die "Docker can't remove the containers" "see Docker's message above"
	fi
	quietly docker network rm "$(backend_network)" || die "Docker can't remove $(backend_network)" "see Docker's message above"
	done_with network "$(backend_network) and its containers are removed; both will be recreated"
}

set_compose() {
	local id options=()
	is compose || return 0
	# From 27 on the docker command handles Ctrl-C itself, and bash would then continue.
	trap 'exit 130' INT
	if is backend; then remove_backend; fi
	# A server may have containers of several projects: rollback.sh removes all of them.
	record project "$(project)" "$repo"
	if is build; then
		doing image "building kong-ipv6:local"
		takes_long
		quietly compose build kong || die "the image kong-ipv6:local can't be built" "see above; this needs a network connection, and free space in Docker's directory"
		id=$(docker image inspect --format '{{.Id}}' kong-ipv6:local)
		printf '%s %s\n' "$(recipe)" "$id" >"$state/built"
		done_with image kong-ipv6:local
	fi
	get_images pull pulling pulled
	get_images build building built
	if is password; then options+=(--force-recreate); fi
	doing compose "starting the services"
	# Create all containers that differ; compose 2 would treat --no-deps as a difference.
	# All images exist already, so this does not wait for them.
	if [[ $compose_version != 1.* ]]; then
		quietly compose_for 180 up --no-start "${options[@]}" || give_up "the containers can't be created"
	fi
	# In the same order as compose, but without waiting for the health checks: the
	# first one runs only after a whole interval.
	if [[ $database == postgres ]]; then
		bring_up kong-database
		set_logs
		until_true 120 database_ready || give_up "the database did not become ready"
		if is password; then set_password; fi
		if [[ $compose_version == 1.* ]] || ! migrated; then bring_up kong-migration; fi
		until_true 180 migrates || give_up "the database migrations failed"
	else
		set_logs
	fi
	bring_up kong
	until_true 120 kong_answers || give_up "Kong did not become healthy"
	bring_up_others
	forget todo compose
	done_with compose "Kong answers"
}

# If only Docker was restarted, it starts the containers itself.
wait_for_kong() {
	is docker && ! is compose || return 0
	doing compose "waiting for Kong"
	until_true 120 kong_answers || give_up "Kong did not become healthy"
	done_with compose "Kong answers"
}

# bring_up SERVICE: creates and starts its container. A container that is already as
# planned is not changed.
bring_up() {
	if [[ $compose_version == 1.* ]]; then
		# Compose 1.29 connects networks only when it starts the container itself.
		quietly compose_for 180 up --detach --no-deps "${options[@]}" "$1" || give_up "$1 doesn't start"
	else
		quietly docker start "$(container "$1")" || give_up "$1 doesn't start"
	fi
}

# Starts the services that the owner has added, and their dependencies.
bring_up_others() {
	local -a others=() how=()
	mapfile -t others < <(cut -d ' ' -f 1 <<<"$services" | grep -vxE 'kong|kong-migration|kong-database|' || :)
	((${#others[@]} > 0)) || return 0
	doing compose "starting ${others[*]}"
	# All containers exist by now; only docker-compose 1.29 creates them here.
	[[ $compose_version == 1.* ]] || how=(--no-recreate)
	quietly compose_for 180 up --detach "${how[@]}" "${others[@]}" || give_up "Kong is running, but not all of your own services started: ${others[*]}"
}

give_up() {
	explain
	die "$1" "see above; docker ps --all"
}

set_logs() {
	local id
	is logs || return 0
	id=$(docker run --rm --network none --entrypoint id kong-ipv6:local -u 2>/dev/null) || id=0
	install -d -m 0755 -o "$id" "$(data_dir)/logs"
}

# Repeats the question inside the container: docker exec takes much longer than
# pg_isready.
database_ready() {
	local id ready=(pg_isready --quiet --host=127.0.0.1 --username=kong --dbname=kong)
	id=$(container kong-database)
	timeout --foreground 15 docker exec "$id" timeout 10 sh -c "until ${ready[*]}; do sleep 0.1; done" 2>/dev/null 9>&- ||
		# The owner's image may have no shell.
		docker exec "$id" "${ready[@]}" 2>/dev/null 9>&-
}

# The database keeps the password it was created with. Set the new one through its
# local socket, which needs no password. psql reads it from the mounted file.
set_password() {
	docker exec --interactive "$(container kong-database)" psql --quiet --username=kong --dbname=kong >/dev/null <<-'END' ||
		\set password `cat /run/secrets/kong_pg_password`
		ALTER USER kong PASSWORD :'password';
	END
		die "the database did not accept the new password" "see psql's message above"
	forget todo password
	done_with database "the password is the one in .env"
}

migrated() {
	[[ $(health "$(container kong-migration)") == exited/0 ]]
}

# migrates: whether the migrations succeed within ten seconds. Docker restarts them if
# they fail.
migrates() {
	timeout --foreground 10 docker wait "$(container kong-migration)" >/dev/null 2>&1 9>&- && migrated
}

kong_answers() {
	[[ $(admin_status) == *' 200 '* ]]
}

# explain: prints the services that are not healthy, and their last log lines.
explain() {
	local service id
	for service in kong-database kong-migration kong; do
		id=$(container "$service")
		[[ -n $id ]] || continue
		case $(health "$id") in
		running/healthy | exited/0 | created/) continue ;;
		esac
		printf '  %s is %s:\n' "$service" "$(health "$id")" >&2 || :
		docker logs --tail 10 "$id" 2>&1 | sed 's/^/    | /' >&2 || :
	done
}
