# shellcheck shell=bash source-path=SCRIPTDIR disable=SC2034,SC2154
# Records what was there before each change, so that rollback.sh can restore it. A
# fact is written to disk before its change is made. The first fact about a thing
# is kept, whatever later runs change.
#
# $state/manifest has one fact per line: KIND, NAME, VALUE and a final dot,
# separated by tabs. A crash can leave a line without the dot. Its change was not
# made, so the line is ignored.
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

# record KIND NAME VALUE: adds a fact, unless this kind and name has one.
record() {
	open_state
	if fact "$1" "$2" >/dev/null; then return 0; fi
	# An earlier run may have left an unfinished line.
	if [[ -z ${manifest_ends:-} && -n $(tail -c 1 "$manifest") ]]; then printf '\n' >>"$manifest"; fi
	manifest_ends=true
	printf '%s\t%s\t%s\t.\n' "$1" "$2" "$3" >>"$manifest"
	sync "$manifest"
}

# forget KIND NAME: removes the fact.
forget() {
	[[ -f $manifest ]] || return 0
	awk -F '\t' -v kind="$1" -v name="$2" '!($1 == kind && $2 == name)' "$manifest" >"$manifest.new"
	sync "$manifest.new"
	mv "$manifest.new" "$manifest"
}

# remember_only KINDS: removes the facts of all other kinds.
remember_only() {
	awk -F '\t' -v kinds="^($1)\$" '$1 ~ kinds' "$manifest" >"$manifest.new"
	sync "$manifest.new"
	mv "$manifest.new" "$manifest"
}

# keep PATH: records the file with content and attributes, or that there is none.
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

# keep_directory PATH: records which directories of this path do not exist.
keep_directory() {
	[[ -n $1 && ! -d $1 ]] || return 0
	keep_directory "${1%/*}"
	record directory "$1" absent
}

# Files that ufw and dpkg write because of us: they are restored separately.
readonly not_ours='^/etc/ufw/|\.dpkg-dist$'

our_files() {
	names file | grep -vE "$not_ours" || :
}

hash_of() {
	sha256sum <"$1" | cut -d ' ' -f 1
}

# edited PATH: whether the owner edited it: its content is neither from before the
# first run nor written by put.
edited() {
	[[ -f $1 && ! -L $1 && ! $1 =~ $not_ours ]] && fact file "$1" >/dev/null || return 1
	[[ " $(fact wrote "$1") " != *" $(hash_of "$1") "* ]] && ! cmp -s "$1" "$state/before$1"
}

# set_aside PATH: saves a copy of the owner's edit, next to copies of earlier edits.
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
	note file "$path was edited: your version is saved in $kept"
}

# owner_of PATH: prints the user and group that put sets. An existing daemon.json
# keeps its own.
owner_of() {
	if [[ $1 == "$daemon_json" && -e $1 ]]; then stat -c '%u %g' "$1"; else echo 0 0; fi
}

# put PATH SOURCE: replaces the file by the source's content and mode, atomically.
put() {
	local path=$1 temporary user group hash
	temporary=${path%/*}/.${path##*/}.kong-ipv6
	keep "$path"
	if edited "$path"; then set_aside "$path"; fi
	mkdir -p "${path%/*}"
	read -r user group < <(owner_of "$path")
	install -o "$user" -g "$group" -m "$(stat -c %a "$2")" "$2" "$temporary"
	# Record the hashes of the new file and of the file that it replaces: any other
	# content is an edit by the owner. Both, because this run may stop before the move.
	hash=$(hash_of "$temporary")
	if [[ -f $path ]]; then hash+=" $(hash_of "$path")"; fi
	forget wrote "$path"
	record wrote "$path" "$hash"
	sync "$temporary"
	mv --no-target-directory "$temporary" "$path"
}

# link PATH TARGET: makes a symbolic link.
link() {
	keep "$1"
	mkdir -p "${1%/*}"
	ln --symbolic --force --no-dereference "$2" "$1"
}

# merged: prints the path of what was last merged into daemon.json.
merged() {
	if [[ -f $state/merged.json ]]; then echo "$state/merged.json"; else echo "$repo/host/etc/docker/daemon.json"; fi
}

# merge_daemon_json OURS: prints the current daemon.json with the keys of OURS.
# Other keys that we merged in earlier get their original value.
merge_daemon_json() {
	local last=/dev/null before=$state/before$daemon_json
	if fact file "$daemon_json" >/dev/null; then last=$(merged); fi
	[[ -f $before ]] || before=/dev/null
	python3 "$scripts/lib/daemon-json.py" "$daemon_json" "$1" "$last" "$before"
}

# take_out_of_daemon_json: restores the original values of our keys, and keeps all
# others. Fails if it can't, or if the result is the file that keep recorded.
take_out_of_daemon_json() {
	local new=$daemon_json.kong-ipv6
	[[ -f $daemon_json ]] && have python3 || return 1
	cp --archive "$daemon_json" "$new"
	if ! merge_daemon_json /dev/null >"$new" 2>/dev/null; then
		rm -f "$new"
		return 1
	fi
	# This discards a value that the owner gave one of our keys: save it.
	if edited "$daemon_json" && ! merge_daemon_json "$(merged)" | cmp -s - "$daemon_json"; then set_aside "$daemon_json"; fi
	sync "$new"
	mv --no-target-directory "$new" "$daemon_json"
	note file "your other changes to $daemon_json since apply.sh are kept"
}

# restore PATH: restores what keep recorded. A later edit is saved first.
restore() {
	local path=$1 was copy=$state/before$1 hash
	was=$(fact file "$path") || return 0
	rm -f "${path%/*}/.${path##*/}.kong-ipv6"
	if [[ $path == "$daemon_json" ]] && take_out_of_daemon_json; then return 0; fi
	if edited "$path"; then set_aside "$path"; fi
	# networkd forgets its proxy entries, but does not remove them from the kernel.
	if [[ $path == */60-kong-ndp.conf && -f $path ]]; then
		sed -n 's/^IPv6ProxyNDPAddress=//p' "$path" | while read -r hash; do
			ip -6 neigh del proxy "$hash" dev "$uplink" 2>/dev/null || :
		done
	fi
	if [[ $was == kept ]]; then
		cp --archive --no-dereference --remove-destination "$copy" "$path.kong-ipv6"
		mv --no-target-directory "$path.kong-ipv6" "$path"
	else
		rm -f "$path"
	fi
}

# differs PATH: whether it differs from what keep recorded.
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

# Our comment "kong-ipv6", as ufw's files encode it.
readonly ufw_comment=comment=6b6f6e672d69707636

# ufw_logging: prints the log level, on which ufw's files also depend.
ufw_logging() {
	grep -s '^LOGLEVEL=' /etc/ufw/ufw.conf || :
}

# remove_ufw_rules: deletes all rules with our comment. ufw rewrites its files in
# its own format: if rules and log level are the same as before, their original
# text is restored. If the owner has changed them, they stay.
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

# remove_directories: removes the directories that we made, if they are empty.
remove_directories() {
	local directory
	while read -r directory; do
		[[ ! -d $directory ]] || rmdir --ignore-fail-on-non-empty "$directory"
	done < <(names directory | tac)
}

# foreign_conffiles PACKAGE: prints its configuration files that differ from the
# packaged ones.
foreign_conffiles() {
	local path hash
	dpkg-query --show --showformat '${Conffiles}\n' "$1" 2>/dev/null | while read -r path hash _; do
		if [[ -f $path && $(md5sum <"$path") != "$hash "* ]]; then printf '%s\n' "$path"; fi
	done
}

# units_with PACKAGE: prints its own units, and those in /etc that start its program.
units_with() {
	local program=$1
	[[ $1 != nftables ]] || program=nft
	{
		dpkg-query --listfiles "$1" 2>/dev/null | grep '/systemd/system/[^/]*\.service$' || :
		grep -lsE "^Exec.*/s?bin/$program( |\$)" /etc/systemd/system/*.service || :
	} | sed 's|.*/||' | sort -u
}

# why_stays PACKAGE: prints what the owner uses it for since apply.sh installed
# it. Prints nothing if it can be removed.
why_stays() {
	local name
	{ dpkg --no-act --remove "$1" 2>&1 || :; } | sed -nE 's/^ (\S+) (pre-)?depends on .*/\1/p' | sort -u | while read -r name; do
		fact package "$name" >/dev/null || printf '%s depends on it\n' "$name"
	done
	while read -r name; do
		# A unit of ours: the function start made its link.
		if [[ -z $name ]] || fact unit "$name" >/dev/null || fact file "/etc/systemd/system/$name" >/dev/null; then continue; fi
		if [[ $(systemctl is-enabled "$name" 2>/dev/null) == enabled* ]]; then
			printf '%s is enabled\n' "$name"
		elif systemctl --quiet is-active "$name"; then
			printf '%s is active\n' "$name"
		fi
	done < <(units_with "$1")
	# A remove, unlike a purge, keeps the configuration files.
	[[ $(fact package "$1") != remove ]] || return 0
	while read -r name; do
		if [[ -n $name ]] && ! fact file "$name" >/dev/null; then printf '%s was edited\n' "$name"; fi
	done < <(foreign_conffiles "$1")
}

apt_get() {
	apt-get --option DPkg::Lock::Timeout=60 "$@"
}

# remove_package PACKAGE remove|purge: removes only this package.
remove_package() {
	silently apt_get "$2" --yes --no-auto-remove "$1" && return 0
	# apt refuses everything while the installation of one package is incomplete.
	silently dpkg --force-confold --configure -a || :
	quietly dpkg --force-remove-reinstreq "--$2" "$1"
}
