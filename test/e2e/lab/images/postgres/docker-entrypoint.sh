#!/usr/bin/env bash
# Stand-in for the official image's entrypoint, for the variables that Kong's database needs: the server is Debian's own
# PostgreSQL. As there, the database is made by a server that listens on a socket only.
set -Eeo pipefail

file_env() {
  local name=$1 file="${1}_FILE"
  if [[ -n "${!name:-}" && -n "${!file:-}" ]]; then
    echo >&2 "error: both $name and $file are set (but are exclusive)"
    exit 1
  fi
  if [[ -n "${!file:-}" ]]; then export "$name=$(<"${!file}")"; fi
  unset "$file"
}

if [[ "$1" == postgres && "$(id -u)" == 0 ]]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chown -R postgres "$PGDATA" /var/run/postgresql
  chmod 0700 "$PGDATA"
  for name in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB; do file_env "$name"; done
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$BASH_SOURCE" "$@"
fi

if [[ "$1" == postgres && ! -s "$PGDATA/PG_VERSION" ]]; then
  for name in POSTGRES_PASSWORD POSTGRES_USER POSTGRES_DB; do file_env "$name"; done
  user=${POSTGRES_USER:-postgres} database=${POSTGRES_DB:-${POSTGRES_USER:-postgres}}
  if [[ -z "${POSTGRES_PASSWORD:-}" ]]; then
    echo >&2 "Error: Database is uninitialized and superuser password is not specified."
    exit 1
  fi
  initdb --username="$user" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-local=trust --auth-host=scram-sha-256
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl -o "-c listen_addresses=''" -w start
  if [[ "$database" != postgres ]]; then
    psql -v ON_ERROR_STOP=1 --username "$user" --no-password --dbname postgres \
      --set db="$database" <<<'CREATE DATABASE :"db" ;'
  fi
  pg_ctl -m fast -w stop
  echo "PostgreSQL init process complete; ready for start up."
fi

exec "$@"
