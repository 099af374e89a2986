#!/usr/bin/env bash
# Works in a Box with `cadaver`, the WebDAV client that Debian has, as somebody at its prompt does: by Basic, for it knows
# nothing else. Whatever it fails at, or leaves otherwise than it should be, is an error.
#
# SAIBO   the program to run; without it, a build for development
set -euo pipefail
. "$(dirname "$0")/unit.sh"

make_box files
# It reads from here whom it is, and would ask for it otherwise.
export HOME=$WORK LC_ALL=C.UTF-8
printf 'machine localhost\nlogin %s\npassword %s\n' "$USER_NAME" "$PASSWORD" >"$WORK/.netrc"
chmod 600 "$WORK/.netrc"

mkdir "$WORK/here" "$WORK/back"
echo "a small one" >"$WORK/here/small.txt"
head -c 3000000 /dev/urandom >"$WORK/here/large.bin"
echo "細胞" >"$WORK/here/細胞&.txt"

# cadaver ends with 0 whatever became of a command, so what it says is looked at.
dav() {
    (cd "$WORK/back" && cadaver "$CELL/files/" 2>&1) >"$WORK/answer" || { cat "$WORK/answer" >&2; return 1; }
    if grep -Eqi 'failed|not found|could not|unrecogni' "$WORK/answer"; then
        cat "$WORK/answer" >&2
        return 1
    fi
}
says() { grep -Eq "$1" "$WORK/answer" || { echo "cadaver does not say $1:" >&2; cat "$WORK/answer" >&2; exit 1; }; }
says_not() { ! grep -Eq "$1" "$WORK/answer" || { echo "cadaver says $1:" >&2; cat "$WORK/answer" >&2; exit 1; }; }

dav <<COMMANDS
mkcol folder
put $WORK/here/small.txt small.txt
put $WORK/here/large.bin folder/large.bin
cd folder
put $WORK/here/細胞&.txt
COMMANDS

dav <<COMMANDS
ls
COMMANDS
says '^Coll: +folder'
says '^ +small.txt +12 '

dav <<COMMANDS
cd folder
ls
get large.bin
get 細胞&.txt
cat 細胞&.txt
COMMANDS
says '^ +large.bin +3000000 '
says '^ +細胞&.txt +7 '
cmp "$WORK/here/large.bin" "$WORK/back/large.bin"
cmp "$WORK/here/細胞&.txt" "$WORK/back/細胞&.txt"
says '^細胞$'

dav <<COMMANDS
copy small.txt copied.txt
move copied.txt folder/moved.txt
copy folder again
get folder/moved.txt moved.txt
get again/large.bin again.bin
COMMANDS
cmp "$WORK/here/small.txt" "$WORK/back/moved.txt"
cmp "$WORK/here/large.bin" "$WORK/back/again.bin"

# A property of one's own, in cadaver's namespace.
dav <<COMMANDS
propset small.txt colour green
COMMANDS
dav <<COMMANDS
propget small.txt colour
propnames small.txt
COMMANDS
says 'Value of colour is: green'
dav <<COMMANDS
propdel small.txt colour
COMMANDS
dav <<COMMANDS
propnames small.txt
COMMANDS
says_not '^ .*colour'

# A collection goes when it is empty (PR403-DV-0003).
dav <<COMMANDS
delete small.txt
delete folder/large.bin
delete folder/moved.txt
delete folder/細胞&.txt
rmcol folder
ls
COMMANDS
says '^Coll: +again'
says_not '^Coll: +folder|^ +small'
echo "cadaver: all as it should be"
