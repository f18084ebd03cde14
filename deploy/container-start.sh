#!/bin/sh
# Starts a command of the image: takes the secrets from their files, and gives the home its folders.
set -eu
umask 077
if [ -r /run/secrets/arsverk_pseudonym_key ]; then
    ARSVERK_PSEUDONYM_KEY=$(cat /run/secrets/arsverk_pseudonym_key)
    export ARSVERK_PSEUDONYM_KEY
fi
if [ -r /run/secrets/arsverk_postgres_url ]; then
    ARSVERK_DAGSTER_POSTGRES=$(cat /run/secrets/arsverk_postgres_url)
    export ARSVERK_DAGSTER_POSTGRES
fi
mkdir -p "$DAGSTER_HOME"
[ -e "$DAGSTER_HOME/dagster.yaml" ] || cp "${ARSVERK_DAGSTER_YAML:-/opt/arsverk/orchestration/dagster.yaml}" "$DAGSTER_HOME/dagster.yaml"
exec "$@"
