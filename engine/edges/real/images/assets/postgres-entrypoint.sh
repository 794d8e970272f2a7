#!/bin/sh
# The contract of the official postgres image, without psql. Differences, because pods share the machine's network:
# the server listens on the pod's own address, and passwords are checked on loopback too.
set -e

if [ "${1#-}" != "$1" ] || [ $# -eq 0 ]; then set -- postgres "$@"; fi
[ "$1" = postgres ] || exec "$@"
shift

# NAME or the content of the file in NAME_FILE; both together are an error.
value_of() {
  eval "direct=\${$1:-} file=\${$1_FILE:-}"
  if [ -n "$direct" ] && [ -n "$file" ]; then
    echo "error: both $1 and $1_FILE are set, but are exclusive" >&2
    exit 1
  fi
  if [ -n "$file" ]; then cat "$file"; else printf '%s' "${direct:-$2}"; fi
}

quoted() { printf '%s' "$1" | sed 's/"/""/g'; }

single() { postgres --single -j -D "$PGDATA" "$1" >/dev/null; }

initialise() {
  user=$(value_of POSTGRES_USER postgres)
  database=$(value_of POSTGRES_DB "$user")
  password=$(value_of POSTGRES_PASSWORD '')
  method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -z "$password" ] && [ "$method" != trust ]; then
    echo 'error: Database is uninitialized and superuser password is not specified.' >&2
    echo '       Set POSTGRES_PASSWORD to a non-empty value, or POSTGRES_HOST_AUTH_METHOD=trust.' >&2
    exit 1
  fi
  set -- --pgdata="$PGDATA" --username="$user" --encoding=UTF8 --auth-local=trust --auth-host="$method"
  set -- "$@" --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C
  # shellcheck disable=SC2086
  if [ -n "$password" ]; then
    printf '%s\n' "$password" | initdb "$@" --pwfile=/dev/stdin ${POSTGRES_INITDB_ARGS:-}
  else
    initdb "$@" ${POSTGRES_INITDB_ARGS:-}
  fi
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
  if [ "$database" != postgres ]; then
    printf 'CREATE DATABASE "%s";\n\n' "$(quoted "$database")" | single postgres
  fi
  for script in "${POSTGRES_INITDB_SCRIPTS:-/docker-entrypoint-initdb.d}"/*; do
    case $script in
      *.sh) if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
      *.sql) { cat "$script"; printf '\n;\n\n'; } | single "$database" ;;
      *.sql.gz) { gunzip -c "$script"; printf '\n;\n\n'; } | single "$database" ;;
    esac
  done
}

unfinished="$PGDATA.initialising"
mkdir -p "$PGDATA"
chmod 0700 "$PGDATA" 2>/dev/null || true
if [ -e "$unfinished" ]; then find "$PGDATA" -mindepth 1 -delete; fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # Left behind when this is killed half way; then the next start begins anew.
  : 2>/dev/null >"$unfinished" || true
  initialise
  rm -f "$unfinished"
fi

# A socket's path holds about 100 characters.
sockets=${POSTGRES_SOCKET_DIR:-/var/run/postgresql}
if [ ! -w "$sockets" ] || [ ${#sockets} -gt 85 ]; then sockets=; fi
exec postgres -D "$PGDATA" "$@" -c listen_addresses="$POD_IP" -c unix_socket_directories="$sockets"
