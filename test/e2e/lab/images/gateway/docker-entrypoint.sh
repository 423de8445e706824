#!/usr/bin/env bash
# Stand-in for the Kong image's entrypoint: what it does with the environment and the command is what Kong's does.
set -Eeo pipefail

# VARIABLE_FILE names a file that holds VARIABLE (a mounted secret).
file_env() {
  local name=$1 file="${1}_FILE"
  if [[ -n "${!name:-}" && -n "${!file:-}" ]]; then
    echo >&2 "Error: both $name and $file are set (but are exclusive)"
    exit 1
  fi
  if [[ -n "${!file:-}" ]]; then
    local value
    value=$(<"${!file}")
    export "$name=$value"
  fi
  unset "$file"
}

export KONG_NGINX_DAEMON=${KONG_NGINX_DAEMON:=off}

if [[ "$1" == "kong" ]]; then
  while read -r variable; do
    file_env "${variable%_FILE}"
  done < <(compgen -e | grep '^KONG_.*_FILE$')

  if [[ "$2" == "docker-start" ]]; then
    prefix=${KONG_PREFIX:=/usr/local/kong}
    kong prepare "$prefix"
    for log in access admin_access proxy_access; do ln -sfn /dev/stdout "$prefix/logs/$log.log"; done
    ln -sfn /dev/stderr "$prefix/logs/error.log"
    exec /usr/local/openresty/nginx/sbin/nginx -p "$prefix" -c nginx.conf
  fi
fi

exec "$@"
