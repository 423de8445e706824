/**
 * The script that reads the facts of a server. It uses only POSIX sh, `ip`, `cat` and `docker`,
 * changes nothing and needs no root. Its output is split at lines that start with the marker, so a
 * greeting or the text of a file is never mistaken for a part. The whole script is one function, so
 * an incomplete transfer runs nothing.
 * @param marker random letters and digits, new for each run
 */
export function probeScript(marker: string): string {
  if (!/^[A-Za-z0-9]+$/.test(marker)) throw new Error("not a marker");
  return `m=@@${marker}
${SCRIPT}`;
}

// Docker comes last: if its daemon hangs, everything else has been printed.
const SCRIPT = `probe() {
	LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
	export LC_ALL PATH
	part address try ip -j address show
	part route6 try ip -j -6 route show
	part route4 try ip -j -4 route show
	part neighbour6 try ip -j -6 neighbour show
	part ipv6-off cat /proc/sys/net/ipv6/conf/all/disable_ipv6
	part programs programs
	for f in /lib/netplan/*.yaml /etc/netplan/*.yaml /run/netplan/*.yaml; do file netplan "$f"; done
	for f in /run/systemd/netif/links/*; do file networkd "$f"; done
	for f in /run/NetworkManager/devices/*; do file networkmanager "$f"; done
	file ufw /etc/ufw/ufw.conf
	file daemon-json /etc/docker/daemon.json
	part engine try docker version --format '{{.Server.Version}}'
	part networks try networks
	part done :
}
part() {
	printf '\\n%s begin %s\\n' "$m" "$1"
	name=$1
	shift
	"$@" </dev/null 2>&1
	printf '\\n%s end %s %s\\n' "$m" "$name" "$?"
}
try() {
	"$@" 2>/dev/null && return
	s=$?
	"$@" 2>&1 >/dev/null
	return "$s"
}
file() {
	if [ -e "$2" ]; then part "$1" show "$2"; fi
}
show() {
	printf '%s\\n' "$1"
	[ -r "$1" ] && cat "$1"
}
programs() {
	for p in netplan ufw docker ndppd; do
		if command -v "$p" >/dev/null; then echo "$p"; fi
	done
}
networks() {
	ids=$(docker network ls --quiet) || return
	[ -z "$ids" ] || docker network inspect --format '{"name":{{json .Name}},"id":{{json .Id}},"config":{{json .IPAM.Config}},"options":{{json .Options}},"labels":{{json .Labels}}}' $ids
}
probe
`;
