#!/bin/sh
# `make deploy-check`: a Debian 12 of nothing, below a temporary folder, becomes a server by deploy/install.sh, twice; then a delivery
# becomes a publication as the service's account, with the home alone writable, no capabilities, no new privileges and no network.
# Needs root, debootstrap (apt-get install debootstrap), util-linux and a Debian mirror. What systemd itself would do (seccomp,
# starting at boot) is not tried: tests/unit/test_deploy.py lets systemd-analyze look at the units.
# Environment: ROOTFS (kept and used again when given), MIRROR, BIND (more folders of this machine to show inside, for pip).
set -eu
CODE=$(cd "$(dirname "$0")/.." && pwd -P)
ROOTFS=${ROOTFS:-$(mktemp -d)/rootfs}
MIRROR=${MIRROR:-http://deb.debian.org/debian}
[ -e "$ROOTFS/usr/bin/git" ] ||
    debootstrap --variant=minbase --include=python3.11,python3.11-venv,python3-distutils,make,git,ca-certificates,procps,util-linux bookworm "$ROOTFS" "$MIRROR"
mkdir -p "$ROOTFS/opt/arsverk"
git -C "$CODE" archive HEAD | tar -x -C "$ROOTFS/opt/arsverk"
cat >"$ROOTFS/root/inside.sh" <<'END'
set -eu
export LANG=C.UTF-8
/opt/arsverk/deploy/install.sh
find /etc/arsverk /srv -printf '%p %m %u\n' | sort >/root/first
sum=$(sha256sum /etc/arsverk/key)
/opt/arsverk/deploy/install.sh
find /etc/arsverk /srv -printf '%p %m %u\n' | sort | diff /root/first -
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
set -a; . /etc/arsverk/environment; . /etc/arsverk/key; set +a
mount --bind / /mnt && mount -o remount,bind,ro /mnt && mount --bind /srv/arsverk /mnt/srv/arsverk
mount -t proc -o hidepid=invisible proc /mnt/proc && mount -t tmpfs tmpfs /mnt/tmp && mount --rbind /dev /mnt/dev
night='unshare --net chroot /mnt setpriv --reuid arsverk --regid arsverk --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs'
cd / && /usr/local/sbin/arsverk --version && cd /opt/arsverk
$night /bin/sh -c 'cd /opt/arsverk && timeout 900 .venv/bin/arsverk run --home /srv/arsverk --landing /srv/arsverk-landing --settings /etc/arsverk/arsverk.toml' |
    tail -3
$night /opt/arsverk/.venv/bin/arsverk verify --home /srv/arsverk
$night /bin/sh -c 'cd /opt/arsverk && (timeout 60 .venv/bin/dagster-daemon run -m orchestration.definitions >/tmp/daemon 2>&1 & sleep 45; .venv/bin/dagster-daemon liveness-check)' &&
    echo "deploy-check: the daemon lives"
END
unshare --mount --pid --fork sh -c "
    mount --make-rprivate /
    mount -t proc proc '$ROOTFS/proc'; mount --rbind /dev '$ROOTFS/dev'
    for folder in ${BIND:-}; do mkdir -p '$ROOTFS'\$folder; mount --rbind \$folder '$ROOTFS'\$folder; done
    cp -L /etc/resolv.conf '$ROOTFS/etc/resolv.conf'
    exec chroot '$ROOTFS' sh /root/inside.sh"
echo "deploy-check: done"
