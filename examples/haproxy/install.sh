#!/usr/bin/env bash
# Brings a version onto the servers of the idle group: the part of a release that
# is yours. Sluice runs it with what is wanted in variables, and as JSON on standard
# input; it answers with one JSON object on standard output.
#
# Here a server is a process of the lab's small service. Yours may be a call of
# Ansible, of systemd or of a container runtime. It must stand being run again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The artifact is the file with the digest.
artifact=
for file in artifacts/*.json; do
	if [ "sha256:$(sha256sum "$file" | cut -d' ' -f1)" = "$SLUICE_DIGEST" ]; then
		artifact=$file
	fi
done
if [ -z "$artifact" ]; then
	echo '{"error": {"code": "not_found", "message": "no file in artifacts/ has this digest", "remedy": "add it, or correct the reference"}}'
	exit 0
fi
if [ "$SLUICE_VERB" = preflight ]; then
	echo '{}'
	exit 0
fi

# SLUICE_SERVERS is "backend/name=address:port ..."; both backends have the same
# four servers.
for address in $(tr ' ' '\n' <<<"$SLUICE_SERVERS" | cut -d= -f2 | sort -u); do
	pid=run/${address##*:}.pid
	if [ -e "$pid" ]; then
		# The port must be free before the next process takes it.
		while kill "$(cat "$pid")" 2>/dev/null; do sleep 0.1; done
	fi
	nohup sluice lab serve --detached --artifact "$artifact" --digest "$SLUICE_DIGEST" --listen "$address" \
		>"run/${address##*:}.log" 2>&1 </dev/null &
	echo $! >"$pid"
done
echo '{"look_again": "500ms"}'
