#!/usr/bin/env bash
# Clients that others wrote, on a unit of its own: `pyodata` for OData, `authlib` for OAuth 2.0 and OpenID Connect.
# They are installed, in pinned versions, into an environment that goes when the script ends.
#
# SAIBO   the program to run; without it, a build for development
set -euo pipefail
. "$(dirname "$0")/unit.sh"

python3 -m venv "$WORK/python"
python=$WORK/python/bin/python
"$python" -m pip install --quiet --disable-pip-version-check --requirement scripts/clients/requirements.txt

export UNIT MASTER_TOKEN_FILE=$WORK/unit/master-token PYTHONDONTWRITEBYTECODE=1
"$python" scripts/clients/odata.py
"$python" scripts/clients/oauth.py
echo "both clients did what they should"
