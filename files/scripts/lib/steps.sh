# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# The steps of apply.sh, in their order. Each is taken only if the survey found
# a difference, and each can be taken again after it was interrupted.

# doing WHAT TEXT
doing() {
	step="$1: $2"
}

# takes_long: says what is under way, where nothing else is to be seen for minutes.
takes_long() {
	row '' ... "${step%%: *}" "${step#*: }: this may take minutes"
}

# done_with WHAT TEXT
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

# Its notes are for the owner; what it does is in the plan.
make_network() {
	"$scripts/network.sh" | { grep '^  note ' || :; }
}

make_settings() {
	local password line known
	if [[ ! -f $repo/.env ]]; then
		doing .env "making it"
		# The one that the database was made with, where its file is still there.
		known=$(data_dir)/secrets/kong_pg_password
		if [[ -s $known ]]; then
			password=$(<"$known")
		else
			password=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
		fi
		# By bash alone: what is an argument of a program, everybody sees.
		(umask 077 && while IFS= read -r line; do
			if [[ $line == KONG_PG_PASSWORD=* ]]; then line=KONG_PG_PASSWORD=$password; fi
			printf '%s\n' "$line"
		done <"$repo/.env.example" >"$repo/.env.new")
		chown --reference="$repo" "$repo/.env.new"
		mv "$repo/.env.new" "$repo/.env"
		done_with .env "made"
	fi
	if is readable; then
		chmod 0600 "$repo/.env"
		done_with .env "mode 600"
	fi
	if is publish; then
		printf '\n# Docker 27 takes no other form for IPv6 (later ones ignore it).\nKONG_PUBLISH_IPV6=[::]\n' >>"$repo/.env"
		done_with .env "KONG_PUBLISH_IPV6=[::]"
	fi
}

validate_daemon_json() {
	is "$daemon_json" || return 0
	doing docker "checking daemon.json"
	# From engine 23 on.
	if dockerd --help 2>&1 | grep -q -- --validate; then
		quietly dockerd --validate --config-file "$stage/root$daemon_json" ||
			die "dockerd refuses the merged daemon.json" "see its words above; $daemon_json was left as it is"
	fi
}

# Files that the repository no longer has.
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
		# From now on it is the owner's own again.
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
			# A unit of the same name (a package's SysV script) is stopped its own way.
			if [[ $path == *.service && ! -e $path ]] && systemctl --quiet is-active "${path##*/}"; then
				record unit "${path##*/}" active
				quietly systemctl stop "${path##*/}" || :
			fi
			;;
		/etc/systemd/network/*)
			# networkd sets it once it has read the file, at the next netplan apply.
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

# Configuration and unit are in place by now: what a package starts, starts right.
install_packages() {
	local package how
	# apt ends in its own way at Ctrl-C: bash would go on.
	trap 'exit 130' INT
	for package in ndppd nftables; do
		is "package-$package" || continue
		doing package "$package"
		# A purge would delete what the owner has of it, too.
		how=purge
		if [[ $package == nftables && -e /etc/nftables.conf ]] || has_configuration "$package"; then how=remove; fi
		record package "$package" "$how"
		# What dpkg lays beside a configuration that it finds there.
		keep "/etc/$package.conf.dpkg-dist"
		# At first its lists may be too old, or missing.
		apt_install silently "$package" || { quietly apt-get update && apt_install quietly "$package"; } ||
			die "$package can't be installed" "see apt's words above; with a network: apt-get install $package, then run this again"
		done_with package "$package"
	done
	trap - INT
}

# has_configuration PACKAGE: whether it was removed here, and not purged.
has_configuration() {
	[[ $(dpkg-query --show --showformat '${db:Status-Status}' "$1" 2>/dev/null) == config-files ]]
}

# apt_install silently|quietly PACKAGE
apt_install() {
	DEBIAN_FRONTEND=noninteractive "$1" apt-get install --yes --no-install-recommends \
		--option DPkg::Lock::Timeout=60 --option Dpkg::Options::=--force-confold "$2"
}

# start UNIT: now and at every boot. The link is made by hand: systemctl enable
# would change the links of a SysV script of the same name too.
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
		doing ufw "deleting rules"
		remove_ufw_rules || die "ufw can't delete its rules" "see its words above"
		done_with ufw "rules deleted"
	fi
	if is ufw; then
		doing ufw "rules"
		"$scripts/ufw.sh" >/dev/null
		done_with ufw "rules$(ufw_active || echo " (they count once you enable ufw)")"
	fi
}

# What network_back brings back: the network before this run. The first values of
# all are on disk before the file is, for the next boot applies it.
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

# remember_forwarding: of the interfaces that have it otherwise than all have: who
# sets it for all, to whatever, sets it for each.
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

# set_ours FILE…: what netplan gives the uplink by us.
set_ours() {
	local file addresses
	addresses=$(for file; do our_addresses "$file"; done | sort -u | paste -sd ' ')
	forget ours netplan
	record ours netplan "$addresses"
}

# given NEW: whether networkd has given the uplink all that it shall have. Where the
# server's address is new the kernel still asks whether it is free, up to two
# seconds (RFC 4862 5.4), and so long networkd isn't done: check_network waits. To
# other addresses containers may be bound: those have to be there before.
given() {
	networkd_done || { $1 && on_uplink "$host" && ! tentative "$host"; }
}

# Netplan and sysctl together: turning forwarding on can cost a route too.
set_network() {
	local why key value new=true
	is netplan || is sysctl || return 0
	# Between the change and the check nothing may stop this.
	trap '' INT TERM
	if is netplan; then
		doing netplan "applying it"
		record snapshot network "$(base64 -w 0 <<<"$network_before")"
		if is "$netplan_file" && [[ -e $stage/root$netplan_file ]]; then
			# Both, until the new one is in force: what leaves is ours, also after an interruption.
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
				lose "the kernel doesn't take $key = $value" "correct it in host/etc/sysctl.d, then run this again"
		done < <(sysctls)
		if ! until_true 3 nothing_lost "$network_before"; then
			lose "with forwarding the server lost $(lost "$network_before" | paste -sd ' ')" \
				"let the default route be static, or accept-ra true, then run this again"
		fi
		done_with sysctl "forwarding"
	fi
	trap - INT TERM
}

# lose WHY [REMEDY]: the network back, and the end. By default netplan is to blame.
lose() {
	local remedy=${2:-}
	[[ -n $remedy ]] || remedy="what it lacks netplan doesn't know: write it to /etc/netplan, then run this again"
	network_back
	die "$1" "the network is as it was; $remedy"
}

# decided: whether the kernel and networkd are done with the uplink's addresses.
decided() {
	[[ -n $(duplicate) ]] || { networkd_done && ! tentative; }
}

# Is all still there, and nobody else at our address?
check_network() {
	local why taken before
	is netplan || return 0
	doing netplan "duplicate address detection"
	trap '' INT TERM
	until_true 10 decided || :
	taken=$(duplicate)
	if [[ -n $taken ]]; then
		lose "$taken is in use by another machine on the link" "choose another address: create-kong-ipv6 regenerate --host …"
	fi
	# What else the server had may belong to a container that Docker has restarted.
	before=$(grep -E "^(addr $uplink |route|rule)|^path.*dev ($uplink|lo)( |\$)" <<<"$network_before" || :)
	if ! all_back "$before" "$(paths "$before")" networkd_done; then lose "$why"; fi
	if [[ -f $netplan_file ]]; then set_ours "$netplan_file"; fi
	trap - INT TERM
	forget todo netplan
	done_with netplan "$host on $uplink, nothing lost"
}

# The network as it was before this run.
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
	# Where netplan never had a file of ours, the owner's may not be in force yet.
	if have netplan && fact file "$netplan_file" >/dev/null; then
		netplan apply >/dev/null 2>&1 </dev/null 9>&- || :
	fi
	forget todo netplan
	until_true 10 networkd_done || :
	until_true 5 nothing_lost "$network_before" || give_back "$network_before"
}

# reconfigure: what networkd has of the uplink, anew.
reconfigure() {
	local before
	before=$(snapshot)
	trap '' INT TERM
	networkctl reload
	# Up to systemd 257 a reload alone leaves a link's proxy addresses as they are.
	networkctl reconfigure "$uplink"
	sleep 0.2
	until_true 10 networkd_done || :
	# It takes away what it doesn't know.
	unknown_back "$(paths "$before")"
	until_true 5 nothing_lost "$before" || give_back "$before"
	trap - INT TERM
	nothing_lost "$before" || die "networkd took away $(lost "$before" | paste -sd ' ')" "write it to /etc/netplan, then run this again"
}

set_ndp() {
	if is networkd; then
		doing ndp "networkd"
		# netplan apply has made networkd read the drop-in, too.
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
		# As it was before this run; where an earlier one was broken off, before that.
		if [[ -e $was ]]; then put "$daemon_json" "$was"; else restore "$daemon_json"; fi
		systemctl reset-failed docker.service
		systemctl restart docker.service || :
		die "Docker doesn't start with the merged daemon.json" "it runs with the old one again; see its words above"
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
		# Docker mounts the file itself: user kong reads it, on the server only root can.
		(umask 077 && setting KONG_PG_PASSWORD >"$data/secrets/.new")
		chmod 0444 "$data/secrets/.new"
		mv "$data/secrets/.new" "$data/secrets/kong_pg_password"
		done_with secret "$data/secrets/kong_pg_password"
	fi
}

# clear_way: compose starts no paused container (it has missed its health checks,
# too), and doesn't put back on a network one that was taken off it.
clear_way() {
	local -a ids=()
	is compose || return 0
	mapfile -t ids < <(docker ps --quiet --filter status=paused --filter "label=com.docker.compose.project=$(project)")
	if ((${#ids[@]} > 0)); then
		doing compose "stopping what is paused"
		{ quietly docker unpause "${ids[@]}" && quietly docker stop "${ids[@]}"; } ||
			die "Docker can't stop the paused containers" "see its words above"
	fi
	if is kong; then
		doing compose "removing Kong's container"
		quietly docker rm --force "${changed[kong]}" || die "Docker can't remove Kong's container" "see its words above"
	fi
}

# get_images pull|build DOING DONE: for the services that lack one.
get_images() {
	local -a lacking=()
	is "$1-others" || return 0
	read -ra lacking <<<"${changed["$1-others"]}"
	doing image "$2 ${lacking[*]}"
	takes_long
	quietly compose "$1" "${lacking[@]}" || die "the images of these can't be $3: ${lacking[*]}" "see above; it needs a network, and space in Docker's directory"
	done_with image "${lacking[*]}: $3"
}

# Compose can't move a network from under its containers, or moves some of them only.
remove_backend() {
	local ids
	doing network "removing $(backend_network), with the containers"
	mapfile -t ids < <(docker ps --all --quiet --filter "label=com.docker.compose.project=$(project)")
	if ((${#ids[@]} > 0)); then
		quietly docker stop "${ids[@]}" || :
		quietly docker rm --force "${ids[@]}" || die "Docker can't remove the containers" "see its words above"
	fi
	quietly docker network rm "$(backend_network)" || die "Docker can't remove $(backend_network)" "see its words above"
	done_with network "$(backend_network) is removed, and its containers; both come back"
}

set_compose() {
	local id options=()
	is compose || return 0
	# From 27 on the docker command ends by itself at Ctrl-C: bash wouldn't.
	trap 'exit 130' INT
	if is backend; then remove_backend; fi
	# One server may have the containers of several: each is taken back.
	record project "$(project)" "$repo"
	if is build; then
		doing image "building kong-ipv6:local"
		takes_long
		quietly compose build kong || die "the image can't be built" "see above; it needs a network, and space in Docker's directory"
		id=$(docker image inspect --format '{{.Id}}' kong-ipv6:local)
		printf '%s %s\n' "$(recipe)" "$id" >"$state/built"
		done_with image kong-ipv6:local
	fi
	get_images pull pulling pulled
	get_images build building built
	if is password; then options+=(--force-recreate); fi
	doing compose "bringing the services up"
	# All that differ are made; compose 2 would take --no-deps for a difference.
	# All images are there by now: this waits for nothing.
	if [[ $compose_version != 1.* ]]; then
		quietly compose_for 180 up --no-start "${options[@]}" || give_up "the containers can't be made"
	fi
	# In compose's own order, but without waiting for the next turn of its health
	# checks: the first comes only after a whole interval.
	if [[ $database == postgres ]]; then
		bring_up kong-database
		set_logs
		until_true 120 database_ready || give_up "the database doesn't come up"
		if is password; then set_password; fi
		if [[ $compose_version == 1.* ]] || ! migrated; then bring_up kong-migration; fi
		until_true 180 migrates || give_up "the migrations fail"
	else
		set_logs
	fi
	bring_up kong
	until_true 120 kong_answers || give_up "Kong doesn't get well"
	bring_up_others
	forget todo compose
	done_with compose "Kong answers"
}

# Where nothing but Docker was restarted it starts all by itself.
wait_for_kong() {
	is docker && ! is compose || return 0
	doing compose "waiting for Kong"
	until_true 120 kong_answers || give_up "Kong doesn't get well"
	done_with compose "Kong answers"
}

# bring_up SERVICE: makes and starts its container; one that is as it should be
# is left alone.
bring_up() {
	if [[ $compose_version == 1.* ]]; then
		# It attaches networks only when it starts a container itself.
		quietly compose_for 180 up --detach --no-deps "${options[@]}" "$1" || give_up "$1 doesn't start"
	else
		quietly docker start "$(container "$1")" || give_up "$1 doesn't start"
	fi
}

# The services that the owner has added, with what they depend on.
bring_up_others() {
	local -a others=() how=()
	mapfile -t others < <(cut -d ' ' -f 1 <<<"$services" | grep -vxE 'kong|kong-migration|kong-database|' || :)
	((${#others[@]} > 0)) || return 0
	doing compose "starting ${others[*]}"
	# All have been made by now; docker-compose 1.29 makes them only here.
	[[ $compose_version == 1.* ]] || how=(--no-recreate)
	quietly compose_for 180 up --detach "${how[@]}" "${others[@]}" || give_up "Kong runs, but your own services don't all start: ${others[*]}"
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

# Asked again and again inside: docker exec takes much longer than the question.
database_ready() {
	local id ready=(pg_isready --quiet --host=127.0.0.1 --username=kong --dbname=kong)
	id=$(container kong-database)
	timeout --foreground 15 docker exec "$id" timeout 10 sh -c "until ${ready[*]}; do sleep 0.1; done" 2>/dev/null 9>&- ||
		# An image of the owner's may have no shell.
		docker exec "$id" "${ready[@]}" 2>/dev/null 9>&-
}

# The database keeps the password that it was made with: it is told the new one,
# by its own socket, where it asks for none. psql reads it from the mounted file.
set_password() {
	docker exec --interactive "$(container kong-database)" psql --quiet --username=kong --dbname=kong >/dev/null <<-'END' ||
		\set password `cat /run/secrets/kong_pg_password`
		ALTER USER kong PASSWORD :'password';
	END
		die "the database doesn't take the new password" "see psql's words above"
	forget todo password
	done_with database "the password follows .env"
}

migrated() {
	[[ $(health "$(container kong-migration)") == exited/0 ]]
}

# migrates: whether they end well within ten seconds. What fails Docker starts anew.
migrates() {
	timeout --foreground 10 docker wait "$(container kong-migration)" >/dev/null 2>&1 9>&- && migrated
}

kong_answers() {
	[[ $(admin_status) == *' 200 '* ]]
}

# The services that aren't well, and their last words.
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
