# Sourced by the scripts beside it: starts a unit of its own on a free port and a temporary folder, with what a
# WebDAV client needs to log in. Both go when the script ends.
#
# SAIBO   the program to run; without it, a build for development

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ -z "${SAIBO:-}" ]; then
    cargo build --quiet -p saibo-server
    SAIBO=${CARGO_TARGET_DIR:-target}/debug/saibo
fi

WORK=$(mktemp -d)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
UNIT=http://localhost:$port
"$SAIBO" serve --listen "127.0.0.1:$port" --data "$WORK/unit" --log warn >"$WORK/said" &
unit=$!
stop() {
    kill $unit 2>/dev/null
    wait $unit 2>/dev/null
    rm -rf "$WORK"
}
trap stop EXIT
for _ in $(seq 100); do curl -s -o /dev/null "$UNIT/" && break; sleep 0.1; done

CELL=$UNIT/alice
USER_NAME=alice
PASSWORD=pass-of-alice
call() {
    curl -sS --fail-with-body -o "$WORK/answer" -H "Authorization: Bearer $(cat "$WORK/unit/master-token")" "$@" ||
        { cat "$WORK/answer" >&2; return 1; }
}
call "$UNIT/__ctl/Cell" -d '{"Name":"alice"}'
call "$CELL/__ctl/Account" -H "X-Personium-Credential: $PASSWORD" -d "{\"Name\":\"$USER_NAME\"}"
call "$CELL/__ctl/Role" -d '{"Name":"owner"}'
call "$CELL/__ctl/Account('$USER_NAME')/\$links/_Role" -d "{\"uri\":\"$CELL/__ctl/Role('owner')\"}"

# Makes a Box where the Account's role may do everything.
make_box() {
    call "$CELL/__ctl/Box" -d "{\"Name\":\"$1\"}"
    call -X ACL "$CELL/$1" -d "<D:acl xmlns:D='DAV:' xml:base='$CELL/__role/__/'>
        <D:ace><D:principal><D:href>owner</D:href></D:principal>
        <D:grant><D:privilege><D:all/></D:privilege></D:grant></D:ace></D:acl>"
}
