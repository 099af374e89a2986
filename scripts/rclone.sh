#!/usr/bin/env bash
# Synchronises many small files with a Box and back by `rclone`, twice: first all of them, then what changed since.
# Whatever differs is an error. Then the whole tree is copied inside the Box, and some of it by `rclone`, too.
#
# FILES   how many; 5000 without it. rclone sends no more than a hundred requests a second, and a file takes three
# SAIBO   the program to run; without it, a build for development
set -euo pipefail
. "$(dirname "$0")/unit.sh"

FILES=${FILES:-5000}
# No more than this in a folder: a collection has at most 1024 members.
IN_FOLDER=100

make_box files
export RCLONE_CONFIG=$WORK/rclone.conf
touch "$RCLONE_CONFIG"
rclone config create box webdav url="$CELL/files" vendor=other user="$USER_NAME" pass="$PASSWORD" >"$WORK/answer"
sync() { rclone sync --transfers 8 --checkers 8 --retries 1 --stats-one-line --stats 0 "$@"; }

# Names in which something has to be escaped in a URL, XML or neither. The API allows no spaces.
python3 - "$WORK/here" "$FILES" $IN_FOLDER <<'PYTHON'
import os, sys
root, files, in_folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
marks = ["", "é", "細胞", "+", "&", "%41", "#", "'", "~", "(1)", "[2]", ";=,", "🙂", "@", "!$"]
for n in range(files):
    folder = os.path.join(root, f"f{n // in_folder // 10}", f"{marks[n // in_folder % len(marks)]}{n // in_folder}")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, f"{n}{marks[n % len(marks)]}.txt"), "w") as file:
        file.write(f"{n} " * (n % 50))
PYTHON

# There and back; then once more, when nothing may be left to do.
round() {
    sync "$WORK/here" box:tree
    sync box:tree "$WORK/back"
    diff -r "$WORK/here" "$WORK/back"
    for direction in "$WORK/here box:tree" "box:tree $WORK/back"; do
        # shellcheck disable=SC2086
        again=$(sync --dry-run --use-json-log -v $direction 2>&1 | grep -c skipped || true)
        [ "$again" = 0 ] || { echo "$again left to do: $direction" >&2; exit 1; }
    done
}

began=$SECONDS
round
echo "$FILES files there and back: $((SECONDS - began)) s"

# What is longer, what is new, what is gone.
find "$WORK/here" -name '*8*.txt' -delete
find "$WORK/here" -name '*77*.txt' -exec sh -c 'for file; do echo more >>"$file"; done' _ {} +
rm -r "$WORK/here/f0/0"
mkdir -p "$WORK/here/new/deep/er"
echo new >"$WORK/here/new/deep/er/file"
began=$SECONDS
round
echo "and what changed since: $((SECONDS - began)) s"

# With an access token in place of a password, as an application has it.
token=$(curl -sS --fail-with-body "$CELL/__token" -d grant_type=password -d "username=$USER_NAME" -d "password=$PASSWORD" |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])')
rclone config create token webdav url="$CELL/files" vendor=other bearer_token="$token" >"$WORK/answer"
mkdir "$WORK/some"
echo "by token" >"$WORK/some/細胞.txt"
sync "$WORK/some" token:by-token
rclone cat box:by-token/細胞.txt | cmp - "$WORK/some/細胞.txt"
rclone delete --rmdirs token:by-token
echo "with a token, too"

# Inside the Box: the tree by one COPY, and some of it by the COPY of each file and the MOVE of the collection.
same() { rclone check "$@" 2>"$WORK/answer" || { cat "$WORK/answer" >&2; exit 1; }; }
call -X COPY "$CELL/files/tree" -H "Destination: $CELL/files/copied"
same --size-only box:tree box:copied
rclone copy box:copied/f0/é1 box:some
rclone move box:some box:moved
same --download "$WORK/here/f0/é1" box:moved
echo "copied and moved inside the Box"
