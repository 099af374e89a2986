#!/usr/bin/env bash
# Mounts a Box with `davfs2` and works in it with the tools that any folder is worked in with. It takes root and
# /dev/fuse; where they are not, it says so and does nothing.
#
# SAIBO   the program to run; without it, a build for development
set -euo pipefail
if [ "$(id -u)" != 0 ] || ! { exec 3<>/dev/fuse; } 2>/dev/null; then
    echo "davfs: there is no /dev/fuse to be had here, so nothing is mounted"
    exit 0
fi
exec 3>&-
. "$(dirname "$0")/unit.sh"

make_box files
# Names are what the locale says.
export LC_ALL=C.UTF-8
mount=$WORK/mount
mkdir "$mount" "$WORK/cache"
echo "$CELL/files $USER_NAME $PASSWORD" >"$WORK/secrets"
chmod 600 "$WORK/secrets"
# LOCK is not offered (docs/compatibility.md). Without delays, so that what is closed is sent at once.
cat >"$WORK/davfs.conf" <<CONF
secrets $WORK/secrets
cache_dir $WORK/cache
use_locks 0
delay_upload 0
dir_refresh 1
CONF
# Its daemon gives up root, and is a user of its own then.
chmod 755 "$WORK"
chmod 1777 "$WORK/cache"
unmount() { mountpoint -q "$mount" && umount "$mount"; }
trap 'unmount || true; stop' EXIT
if ! mount -t davfs -o conf="$WORK/davfs.conf" "$CELL/files" "$mount" 2>"$WORK/answer"; then
    cat "$WORK/answer" >&2
    exit 1
fi

mkdir "$WORK/here"
head -c 3000000 /dev/urandom >"$WORK/here/large.bin"
echo "a small one" >"$WORK/here/small.txt"
mkdir -p "$mount/folder/deeper"
cp "$WORK/here/"* "$mount/folder/"
echo "細胞" >"$mount/folder/deeper/細胞.txt"
echo "and more" >>"$mount/folder/small.txt"
mv "$mount/folder/large.bin" "$mount/folder/deeper/moved.bin"
# Unmounting waits until everything is sent.
unmount

get() { curl -sS --fail-with-body -H "Authorization: Bearer $(cat "$WORK/unit/master-token")" "$CELL/files/$1"; }
get folder/deeper/moved.bin | cmp - "$WORK/here/large.bin"
[ "$(get folder/small.txt)" = "a small one
and more" ]
[ "$(get folder/deeper/%E7%B4%B0%E8%83%9E.txt)" = "細胞" ]

# Mounted anew, all of it is there, and can be removed.
mount -t davfs -o conf="$WORK/davfs.conf" "$CELL/files" "$mount"
cmp "$mount/folder/deeper/moved.bin" "$WORK/here/large.bin"
if found=$(find "$mount/folder" -type f 2>"$WORK/answer"); then
    [ "$(wc -l <<<"$found")" = 3 ]
elif grep -q 'Invalid argument' "$WORK/answer"; then
    # Some kernels do not take how davfs2 lists a folder, whatever the server: then only that is left out.
    echo "davfs: this kernel lists no folders of davfs2, so that is not looked at"
else
    cat "$WORK/answer" >&2
    exit 1
fi
rm "$mount/folder/deeper/moved.bin" "$mount/folder/deeper/細胞.txt" "$mount/folder/small.txt"
rmdir "$mount/folder/deeper" "$mount/folder"
unmount
call -X PROPFIND "$CELL/files" -H "Depth: 1"
if grep -q folder "$WORK/answer"; then
    echo "the folder is still there" >&2
    exit 1
fi
echo "davfs: all as it should be"
