#!/bin/sh
# Puts årsverk on a server, or brings one up to date: run it again after each `git pull`. It asks nothing and keeps what is there.
# Run as root from the checkout, which stays where it is:
#   git clone … /opt/arsverk && /opt/arsverk/deploy/install.sh
# Needs Python 3.11 with venv, make and git (Debian 12: apt-get install python3.11-venv make git). systemd is used when it runs here.
# Environment: ARSVERK_HOME, ARSVERK_LANDING and ARSVERK_DELIVERS (the account that puts files there) when they are others than below.
set -eu
umask 022

CODE=$(cd "$(dirname "$0")/.." && pwd -P)
HOME_FOLDER=${ARSVERK_HOME:-/srv/arsverk}
LANDING=${ARSVERK_LANDING:-/srv/arsverk-landing}
DELIVERS=${ARSVERK_DELIVERS:-root}
ETC=/etc/arsverk
ACCOUNT=arsverk

say() { printf 'install: %s\n' "$*"; }
stop() { printf 'install: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || stop "run it as root"
PYTHON=${PYTHON:-$(command -v python3.11 || true)}
[ -x "$PYTHON" ] || stop "python3.11 is missing (Debian 12: apt-get install python3.11-venv make git)"
"$PYTHON" -c 'import venv, ensurepip' 2>/dev/null || stop "Python's venv is missing (Debian 12: apt-get install python3.11-venv)"
command -v make >/dev/null || stop "make is missing (apt-get install make)"
ldconfig -p | grep -q libpangoft2 || say "the report's PDF needs Pango (apt-get install libpango-1.0-0 libpangoft2-1.0-0)"
getent passwd "$DELIVERS" >/dev/null || stop "there is no account $DELIVERS (ARSVERK_DELIVERS)"

# The account that owns it all and runs the night; nobody can sign in as it.
getent group $ACCOUNT >/dev/null || groupadd --system $ACCOUNT
getent passwd $ACCOUNT >/dev/null ||
    useradd --system --gid $ACCOUNT --home-dir "$HOME_FOLDER" --shell /usr/sbin/nologin $ACCOUNT

# The code: libraries by hash from the lock, and dbt's project prepared, so that nothing is written there at night.
say "environment below $CODE/.venv"
make --no-print-directory -C "$CODE" PYTHON="$PYTHON" .venv/ready

install -d -o $ACCOUNT -g $ACCOUNT -m 0711 "$HOME_FOLDER"
install -d -o $ACCOUNT -g $ACCOUNT -m 0700 "$HOME_FOLDER/dagster"
[ -d "$LANDING" ] || install -d -o "$DELIVERS" -g $ACCOUNT -m 0750 "$LANDING"
[ -e "$HOME_FOLDER/dagster/dagster.yaml" ] ||
    install -o $ACCOUNT -g $ACCOUNT -m 0600 "$CODE/orchestration/dagster.yaml" "$HOME_FOLDER/dagster/dagster.yaml"

install -d -m 0755 $ETC
[ -e $ETC/arsverk.toml ] || install -o root -g $ACCOUNT -m 0640 "$CODE/arsverk.toml" $ETC/arsverk.toml
if [ ! -e $ETC/environment ]; then
    (umask 077 && cat >$ETC/environment) <<END
ARSVERK_HOME=$HOME_FOLDER
ARSVERK_LANDING=$LANDING
ARSVERK_SETTINGS=$ETC/arsverk.toml
DAGSTER_HOME=$HOME_FOLDER/dagster
# The name by which browsers call the web pages.
ARSVERK_WEB_HOST=arsverk.kommune.example
END
    say "wrote $ETC/environment"
fi

# The pseudonym key: the home's own, or a new one. Another key than the archive's nights used must never come in between.
if [ ! -e $ETC/key ]; then
    if [ -e "$HOME_FOLDER/pseudonym.key" ]; then
        key=$(cat "$HOME_FOLDER/pseudonym.key")
    elif [ -e "$HOME_FOLDER/pseudonym.fingerprint" ]; then
        stop "$HOME_FOLDER has used a pseudonym key that is not here: put ARSVERK_PSEUDONYM_KEY=… into $ETC/key (mode 0600)"
    else
        key=$("$PYTHON" -c 'import secrets; print(secrets.token_hex(32))')
    fi
    (umask 077 && printf 'ARSVERK_PSEUDONYM_KEY=%s\n' "$key" >$ETC/key)
    say "wrote $ETC/key: keep a copy apart from the data and its backups"
fi

# By hand as root, with the same key, folders and settings as the units, and as the account: arsverk status, arsverk run, …
cat >/usr/local/sbin/arsverk <<END
#!/bin/sh
set -a; . $ETC/environment; . $ETC/key; set +a
exec runuser -u $ACCOUNT -- $CODE/.venv/bin/arsverk "\$@"
END
chmod 0755 /usr/local/sbin/arsverk

if [ -d /run/systemd/system ]; then
    for unit in arsverk-daemon arsverk-webserver; do
        sed -e "s#/opt/arsverk#$CODE#g" -e "s#/srv/arsverk\$#$HOME_FOLDER#" -e "s#/srv/arsverk/#$HOME_FOLDER/#g" \
            -e "s#/srv/arsverk-landing#$LANDING#g" \
            "$CODE/deploy/systemd/$unit.service" >/etc/systemd/system/$unit.service
    done
    systemctl daemon-reload
    systemctl enable arsverk-daemon
    systemctl restart arsverk-daemon
    # The pages need nginx in front, with its group and a host name (README, The web pages).
    if getent group www-data >/dev/null && ! grep -q '^ARSVERK_WEB_HOST=arsverk.kommune.example' $ETC/environment; then
        systemctl enable arsverk-webserver
        systemctl restart arsverk-webserver
    else
        say "web pages: not started; set ARSVERK_WEB_HOST in $ETC/environment and install nginx (README)"
    fi
    say "arsverk-daemon runs; the night runs at 02:00"
else
    say "systemd does not run here; start $CODE/.venv/bin/dagster-daemon yourself (deploy/systemd has how)"
fi
say "done: settings $ETC/arsverk.toml, deliveries to $LANDING, figures in $HOME_FOLDER/publish"
