#!/bin/sh
# The program is in kong_ipv6/: it checks for root, and has the --help.
set -eu
cd -- "$(dirname -- "$(readlink -f -- "$0")")"
umask 022
if ! command -v python3 >/dev/null; then
	printf '%s\n  Remedy: %s\n' 'rollback.sh: python3 is not installed' 'apt-get install python3 python3-yaml' >&2
	exit 1
fi
# Compiled modules don't belong in the repository.
export LC_ALL=C.UTF-8 PYTHONPYCACHEPREFIX=/run/kong-ipv6-python
exec python3 -m kong_ipv6 rollback "$@"
