#!/bin/sh
# Run Caddy, and tell it of a new certificate: at SIGUSR1 it reads its files anew, and goes on with
# what it had if they cannot be used. Needs Caddy 2.11 or newer.
set -eu
caddy run --config "${ROGATORY_PROXY_CONFIG:-/etc/caddy/Caddyfile}" &
caddy=$!
trap 'kill -TERM "$caddy"' TERM INT
mark() { cat "$ROGATORY_TLS_CERT" "$ROGATORY_TLS_KEY" ${ROGATORY_CLIENT_CA:+"$ROGATORY_CLIENT_CA"} | cksum; }
known=$(mark)
while kill -0 "$caddy" 2>/dev/null; do
  sleep "${ROGATORY_PROXY_POLL:-10}" &
  wait $! || true
  now=$(mark) || continue
  if [ "$now" != "$known" ] && kill -USR1 "$caddy" 2>/dev/null; then known=$now; fi
done
wait "$caddy"
