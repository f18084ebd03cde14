#!/bin/sh
# `make deploy-check`: a Debian 12 of nothing, below a temporary folder, is booted with systemd as in a container. deploy/install.sh
# makes it a server, twice; a delivery is put into the landing folder, and the units do the rest: the daemon's sensor starts the
# night, the web pages answer on their socket, both under their system call filters, without capabilities and without a network.
# Needs root, debootstrap, systemd-nspawn (apt-get install debootstrap systemd-container) and a Debian mirror.
# Environment: ROOTFS (kept and used again when given), MIRROR, BIND (more folders of this machine to show inside, for pip).
set -eu
CODE=$(cd "$(dirname "$0")/.." && pwd -P)
ROOTFS=${ROOTFS:-$(mktemp -d)/rootfs}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
PACKAGES=systemd,systemd-sysv,dbus,python3.11,python3.11-venv,python3-distutils,make,git,ca-certificates,procps,libpango-1.0-0,libpangoft2-1.0-0
[ -e "$ROOTFS/usr/bin/git" ] || debootstrap --variant=minbase --include=$PACKAGES bookworm "$ROOTFS" "$MIRROR"
rm -rf "$ROOTFS/opt/arsverk" "$ROOTFS/srv/arsverk" "$ROOTFS/srv/arsverk-landing" "$ROOTFS/etc/arsverk"
rm -rf "$ROOTFS/opt/check"
mkdir -p "$ROOTFS/opt/arsverk" "$ROOTFS/opt/check"
git -C "$CODE" archive HEAD | tar -x -C "$ROOTFS/opt/arsverk"
cat >"$ROOTFS/opt/check/check.sh" <<'END'
#!/bin/sh
trap 'echo $? >/opt/check/exit; systemctl poweroff' EXIT
set -eu
export LANG=C.UTF-8
groupadd -f www-data
# The web pages' unit has no network as it is; the daemon needs none but what notify, copy and heartbeat are set to.
mkdir -p /etc/systemd/system/arsverk-daemon.service.d
printf '[Service]\nPrivateNetwork=yes\n' >/etc/systemd/system/arsverk-daemon.service.d/network.conf
/opt/arsverk/deploy/install.sh
sed -i 's/^ARSVERK_WEB_HOST=.*/ARSVERK_WEB_HOST=arsverk.test/' /etc/arsverk/environment
installed() { find /etc/arsverk /srv -maxdepth 2 -not -path '*/dagster/*' -printf '%p %m %u\n' | sort; }
installed >/opt/check/first
sum=$(sha256sum /etc/arsverk/key)
/opt/arsverk/deploy/install.sh
installed | diff /opt/check/first -
[ "$sum" = "$(sha256sum /etc/arsverk/key)" ]
echo "deploy-check: installed twice, the second time without a change"
cd /opt/arsverk
PYTHONPATH=. .venv/bin/python - <<'PY'
from pathlib import Path
from tests.municipalities.by_hand import small_delivery
from tests.municipalities.files import write_delivery
write_delivery(Path("/srv/arsverk-landing"), small_delivery())
PY
chown -R root:arsverk /srv/arsverk-landing && chmod -R g+rX,o= /srv/arsverk-landing
timeout 600 sh -c 'until [ -e /srv/arsverk/publish/marts.duckdb ]; do sleep 5; done'
echo "deploy-check: the daemon's sensor found the delivery, and its night published"
for unit in arsverk-daemon arsverk-webserver; do
    process=/proc/$(systemctl show -p MainPID --value $unit)/status
    grep '^Seccomp:.2$' "$process"
    grep '^CapBnd:.0*$' "$process"
    grep '^NoNewPrivs:.1$' "$process"
    systemd-analyze security --no-pager $unit | tail -1
done
sleep 20
# It exits with 1, since the delivery is old.
/usr/local/sbin/arsverk status >/opt/check/status || true
cat /opt/check/status
grep -q 'published with warnings' /opt/check/status
[ -s /srv/arsverk/publish/report/rapport.pdf ]
/usr/local/sbin/arsverk verify
.venv/bin/python - <<'PY'
import socket
page = socket.socket(socket.AF_UNIX)
page.connect("/run/arsverk-web/web.sock")
page.sendall(b"GET /server_info HTTP/1.1\r\nHost: arsverk.test\r\nConnection: close\r\n\r\n")
answer = page.recv(100).decode()
assert answer.startswith("HTTP/1.1 200"), answer
PY
runuser -u arsverk -- env DAGSTER_HOME=/srv/arsverk/dagster .venv/bin/dagster-daemon liveness-check
echo "deploy-check: the web pages answer, and the daemon lives"
END
chmod +x "$ROOTFS/opt/check/check.sh"
{
    printf '[Unit]\nAfter=multi-user.target\n[Service]\nType=oneshot\nTimeoutStartSec=1800\nExecStart=/opt/check/check.sh\n'
    printf 'StandardOutput=append:/opt/check/log\nStandardError=append:/opt/check/log\n'
    env | grep '^PIP_' | sed 's/.*/Environment="&"/' || true
} >"$ROOTFS/etc/systemd/system/check.service"
mkdir -p "$ROOTFS/etc/systemd/system/default.target.wants"
ln -sf ../check.service "$ROOTFS/etc/systemd/system/default.target.wants/check.service"
shown=""
for folder in ${BIND:-}; do shown="$shown --bind-ro=$folder"; done
# shellcheck disable=SC2086 # an option for each folder
systemd-nspawn --quiet --register=no --keep-unit --boot --directory="$ROOTFS" --resolv-conf=copy-host $shown </dev/null >"$ROOTFS/opt/check/console" 2>&1 || true
cat "$ROOTFS/opt/check/log"
[ "$(cat "$ROOTFS/opt/check/exit")" = 0 ]
echo "deploy-check: done"
