# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# What was changed on this server, so that rollback.sh can take it back. Every
# fact is on disk before the change that it belongs to is made; the first one
# about a thing stays, whatever later runs change.
#
# $state/manifest has one fact a line: KIND, NAME, VALUE and a final dot, with
# tabs between. A line without the dot was cut short by a crash, before its
# change: it doesn't count.
readonly manifest=$state/manifest

open_state() {
	[[ -d $state ]] || install -d -m 0700 "$state"
	[[ -e $manifest ]] || install -m 0600 /dev/null "$manifest"
}

# fact KIND NAME: prints the recorded value; fails if there is none.
fact() {
	[[ -f $manifest ]] || return 1
	awk -F '\t' -v kind="$1" -v name="$2" \
		'$1 == kind && $2 == name && $4 == "." { print $3; found = 1; exit } END { exit !found }' "$manifest"
}

# names KIND: the names recorded for it, in order.
names() {
	[[ -f $manifest ]] || return 0
	awk -F '\t' -v kind="$1" '$1 == kind && $4 == "." && !seen[$2]++ { print $2 }' "$manifest"
}

# record KIND NAME VALUE: unless it is recorded already.
record() {
	open_state
	if fact "$1" "$2" >/dev/null; then return 0; fi
	# After a line that an earlier run couldn't end.
	if [[ -z ${manifest_ends:-} && -n $(tail -c 1 "$manifest") ]]; then printf '\n' >>"$manifest"; fi
	manifest_ends=true
	printf '%s\t%s\t%s\t.\n' "$1" "$2" "$3" >>"$manifest"
	sync "$manifest"
}

# forget KIND NAME
forget() {
	[[ -f $manifest ]] || return 0
	awk -F '\t' -v kind="$1" -v name="$2" '!($1 == kind && $2 == name)' "$manifest" >"$manifest.new"
	sync "$manifest.new"
	mv "$manifest.new" "$manifest"
}

# remember_only KINDS: forgets all other facts.
remember_only() {
	awk -F '\t' -v kinds="^($1)\$" '$1 ~ kinds' "$manifest" >"$manifest.new"
	sync "$manifest.new"
	mv "$manifest.new" "$manifest"
}

# keep PATH: records what is there, content and attributes, or that nothing is.
keep() {
	local path=$1 parent copy=$state/before$1
	if fact file "$path" >/dev/null; then return 0; fi
	open_state
	parent=${path%/*}
	keep_directory "$parent"
	if [[ -e $path || -L $path ]]; then
		mkdir -p "${copy%/*}"
		cp --archive --no-dereference "$path" "$copy.new"
		mv --no-target-directory "$copy.new" "$copy"
		sync -f "$copy" 2>/dev/null || sync
		record file "$path" kept
	else
		record file "$path" absent
	fi
}

# keep_directory PATH: the directories that are missing on the way to it.
keep_directory() {
	[[ -n $1 && ! -d $1 ]] || return 0
	keep_directory "${1%/*}"
	record directory "$1" absent
}

# What ufw and dpkg write by our doing: it is restored on its own.
readonly not_ours='^/etc/ufw/|\.dpkg-dist$'

our_files() {
	names file | grep -vE "$not_ours" || :
}

hash_of() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

# edited PATH: whether it holds what is neither from before the first run nor
# from put: an edit of the owner's.
edited() {
	[[ -f $1 && ! -L $1 && ! $1 =~ $not_ours ]] && fact file "$1" >/dev/null || return 1
	[[ " $(fact wrote "$1") " != *" $(hash_of "$1") "* ]] && ! cmp -s "$1" "$state/before$1"
}

# set_aside PATH: keeps the owner's edit; an earlier one that was kept stays too.
set_aside() {
	local path=$1 kept=$state/edited$1 number=1
	while [[ -e $kept ]]; do
		if cmp -s "$path" "$kept"; then return 0; fi
		number=$((number + 1)) kept=$state/edited$path.$number
	done
	mkdir -p "${kept%/*}"
	cp --archive "$path" "$kept.new"
	sync "$kept.new"
	mv "$kept.new" "$kept"
	note file "$path was edited since: your version is in $kept"
}

# owner_of PATH: user and group that put gives it. daemon.json stays whose it is.
owner_of() {
	if [[ $1 == "$daemon_json" && -e $1 ]]; then stat -c '%u %g' "$1"; else echo 0 0; fi
}

# put PATH SOURCE: the source's content and mode, in one go.
put() {
	local path=$1 temporary user group hash
	temporary=${path%/*}/.${path##*/}.kong-ipv6
	keep "$path"
	if edited "$path"; then set_aside "$path"; fi
	mkdir -p "${path%/*}"
	read -r user group < <(owner_of "$path")
	install -o "$user" -g "$group" -m "$(stat -c %a "$2")" "$2" "$temporary"
	# What was written is remembered, so that the owner's later edits are known as
	# such: this, and what is there until it has been moved into place.
	hash=$(hash_of "$temporary")
	if [[ -f $path ]]; then hash+=" $(hash_of "$path")"; fi
	forget wrote "$path"
	record wrote "$path" "$hash"
	sync "$temporary"
	mv --no-target-directory "$temporary" "$path"
}

# link PATH TARGET: a symbolic link.
link() {
	keep "$1"
	mkdir -p "${1%/*}"
	ln --symbolic --force --no-dereference "$2" "$1"
}

# merged: what was merged into daemon.json at last.
merged() {
	if [[ -f $state/merged.json ]]; then echo "$state/merged.json"; else echo "$repo/host/etc/docker/daemon.json"; fi
}

# merge_daemon_json OURS: daemon.json as it is now with OURS's keys, and those that
# we had merged in before as they were before us.
merge_daemon_json() {
	local last=/dev/null before=$state/before$daemon_json
	if fact file "$daemon_json" >/dev/null; then last=$(merged); fi
	[[ -f $before ]] || before=/dev/null
	python3 "$scripts/lib/daemon-json.py" "$daemon_json" "$1" "$last" "$before"
}

# take_out_of_daemon_json: our keys as they were before, all others as they are
# now. Fails where that isn't to be had, or is what keep recorded.
take_out_of_daemon_json() {
	local new=$daemon_json.kong-ipv6
	[[ -f $daemon_json ]] && have python3 || return 1
	cp --archive "$daemon_json" "$new"
	if ! merge_daemon_json /dev/null >"$new" 2>/dev/null; then
		rm -f "$new"
		return 1
	fi
	# Another value of a key of ours is lost with it.
	if edited "$daemon_json" && ! merge_daemon_json "$(merged)" | cmp -s - "$daemon_json"; then set_aside "$daemon_json"; fi
	sync "$new"
	mv --no-target-directory "$new" "$daemon_json"
	note file "$daemon_json has other keys now than before apply.sh: they stay"
}

# restore PATH: what keep recorded. An edit made since then is put aside first.
restore() {
	local path=$1 was copy=$state/before$1 hash
	was=$(fact file "$path") || return 0
	rm -f "${path%/*}/.${path##*/}.kong-ipv6"
	if [[ $path == "$daemon_json" ]] && take_out_of_daemon_json; then return 0; fi
	if edited "$path"; then set_aside "$path"; fi
	# networkd forgets its proxy entries, but leaves them in the kernel.
	if [[ $path == */60-kong-ndp.conf && -f $path ]]; then
		sed -n 's/^IPv6ProxyNDPAddress=//p' "$path" | while read -r hash; do
			ip -6 neigh del proxy "$hash" dev "$uplink" 2>/dev/null || :
		done
	fi
	if [[ $was == kept ]]; then
		cp --archive --no-dereference --remove-destination "$copy" "$path.kong-ipv6"
		[[ -L $path.kong-ipv6 ]] || sync "$path.kong-ipv6"
		mv --no-target-directory "$path.kong-ipv6" "$path"
	else
		rm -f "$path"
	fi
}

# differs PATH: whether it isn't what keep recorded.
differs() {
	local path=$1 was copy=$state/before$1
	was=$(fact file "$path") || return 1
	if [[ $was == absent ]]; then
		[[ -e $path || -L $path ]]
	elif [[ -L $copy ]]; then
		[[ $(readlink "$path") != "$(readlink "$copy")" ]]
	else
		! cmp -s "$path" "$copy" || [[ $(stat -c '%a %u %g' "$path") != "$(stat -c '%a %u %g' "$copy")" ]]
	fi
}

# Our comment as it stands in ufw's files.
readonly ufw_comment=comment=6b6f6e672d69707636

# ufw_logging: what ufw's files depend on besides the rules.
ufw_logging() {
	grep -s '^LOGLEVEL=' /etc/ufw/ufw.conf || :
}

# remove_ufw_rules: all with our comment. ufw writes its files in its own way:
# where rules and logging are the same as before, they get their old text back;
# where the owner has changed them, they stay.
remove_ufw_rules() {
	local path rule rules tuple='^### tuple ###'
	rules=$(ufw_rules) || return 1
	while read -r rule; do
		[[ -z $rule ]] || ufw_delete "$rule" || return 1
	done <<<"$rules"
	for path in /etc/ufw/user.rules /etc/ufw/user6.rules; do
		if fact file "$path" >/dev/null && [[ $(fact ufw rules) == "$(ufw_logging)" &&
		$(grep "$tuple" "$path") == "$(grep "$tuple" "$state/before$path")" ]]; then
			restore "$path"
		fi
		forget file "$path"
	done
	forget ufw rules
}

# remove_directories: those that were made, as far as they are empty.
remove_directories() {
	local directory
	while read -r directory; do
		[[ ! -d $directory ]] || rmdir --ignore-fail-on-non-empty "$directory"
	done < <(names directory | tac)
}

# foreign_conffiles PACKAGE: those of its configuration files that hold something
# else than the package brought.
foreign_conffiles() {
	local path hash
	dpkg-query --show --showformat '${Conffiles}\n' "$1" 2>/dev/null | while read -r path hash _; do
		if [[ -f $path && $(md5sum <"$path") != "$hash "* ]]; then printf '%s\n' "$path"; fi
	done
}

# units_with PACKAGE: those that it brings, and those in /etc that start its program.
units_with() {
	local program=$1
	[[ $1 != nftables ]] || program=nft
	{
		dpkg-query --listfiles "$1" 2>/dev/null | grep '/systemd/system/[^/]*\.service$' || :
		grep -lsE "^Exec.*/s?bin/$program( |\$)" /etc/systemd/system/*.service || :
	} | sed 's|.*/||' | sort -u
}

# why_stays PACKAGE: what the owner has come to use it for since apply.sh
# installed it; nothing where it is to be removed.
why_stays() {
	local name
	{ dpkg --no-act --remove "$1" 2>&1 || :; } | sed -nE 's/^ (\S+) (pre-)?depends on .*/\1/p' | sort -u | while read -r name; do
		fact package "$name" >/dev/null || printf '%s depends on it\n' "$name"
	done
	while read -r name; do
		# Ours: start made its link.
		if [[ -z $name ]] || fact unit "$name" >/dev/null || fact file "/etc/systemd/system/$name" >/dev/null; then continue; fi
		if [[ $(systemctl is-enabled "$name" 2>/dev/null) == enabled* ]]; then
			printf '%s is enabled\n' "$name"
		elif systemctl --quiet is-active "$name"; then
			printf '%s is active\n' "$name"
		fi
	done < <(units_with "$1")
	# What was there before apply.sh stays anyway.
	[[ $(fact package "$1") != remove ]] || return 0
	while read -r name; do
		if [[ -n $name ]] && ! fact file "$name" >/dev/null; then printf '%s is yours by now\n' "$name"; fi
	done < <(foreign_conffiles "$1")
}

apt_get() {
	apt-get --option DPkg::Lock::Timeout=60 "$@"
}

# remove_package PACKAGE remove|purge: it alone.
remove_package() {
	silently apt_get "$2" --yes --no-auto-remove "$1" && return 0
	# apt refuses all while the installation of one package is broken off half-way.
	silently dpkg --force-confold --configure -a || :
	quietly dpkg --force-remove-reinstreq "--$2" "$1"
}
