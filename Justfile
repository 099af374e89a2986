# The commands that people use. `just` alone lists them.

_default:
    @just --list

# Build the program
build:
    cargo build --release

# Run every test
test:
    cargo test --workspace

# What a change must pass before it is looked at
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# Run a unit on http://localhost:9998/
serve *flags:
    cargo run --release -- serve {{flags}}

# Show the life of a Cell
demo *flags:
    cargo run --release -- demo {{flags}}

# Kill a unit in the middle of exports and imports, again and again
crash rounds="50":
    SAIBO_CRASH_ROUNDS={{rounds}} cargo test -p saibo-server --test it portability::crash -- --nocapture

# Watch the progress of a large export while others write
polling:
    SAIBO_POLLING_FULL=1 cargo test -p saibo-server --test it portability::polling -- --nocapture

# WebDAV clients on a unit of their own: `litmus`, and `rclone` with as many files (apt-get install litmus rclone)
webdav files="5000":
    scripts/litmus.sh
    FILES={{files}} scripts/rclone.sh

# Let clients that others wrote use a unit
clients:
    scripts/clients.sh

# Look for inputs that break a parser, for some seconds each
fuzz seconds="60":
    SAIBO_FUZZ_SECONDS={{seconds}} cargo test -p saibo-odata -p saibo-dav -p saibo-oauth --test fuzz
    SAIBO_FUZZ_SECONDS={{seconds}} cargo test -p saibo-oauth -p saibo-saml -p saibo-archive -- mutated claims_read_back

# Alter snapshots, so many of them, in all the ways that there are
alter cases="20000":
    SAIBO_ALTERED_CASES={{cases}} cargo test -p saibo-archive --test archive altered

# Measure (see bench/README.md)
bench *flags:
    cargo build --release
    cargo run --release -p saibo-bench -- {{flags}}

# Replay recorded requests of the reference: `just conformance PATH-TO-CONFORMANCE portability cell.CreateTest`
conformance folder *cases:
    #!/usr/bin/env bash
    set -euo pipefail
    cargo build --release
    data=$(mktemp -d)
    target/release/saibo serve --config '{{folder}}/unit.toml' --data "$data" --log warn &
    unit=$!
    trap 'kill $unit; wait $unit; rm -rf "$data"' EXIT
    until curl -s -o /dev/null http://localhost:9998/; do sleep 0.1; done
    python3 '{{folder}}/replay.py' {{cases}}
