#!/bin/sh
# The contract of the official redis image: flags or a configuration file alone mean redis-server.
# One difference: the server listens on the pod's own address, because pods share the machine's network.
set -e
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ] || [ $# -eq 0 ]; then
  set -- redis-server "$@"
fi
if [ "$1" = redis-server ]; then
  exec "$@" --bind "$POD_IP" --protected-mode no
fi
exec "$@"
