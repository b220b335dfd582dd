# Short names for what is done often; `just` lists them.

default:
    @just --list

# The article, a simulated programme, a scorecard, contradictions, a report
demo *options:
    cargo run -- demo {{options}}

# Everything that must hold for a change to be merged
test:
    .ci/run

# Formatting and lints only
lint:
    cargo fmt --all
    cargo clippy --workspace --all-targets -- -D warnings

# Accept changed snapshots, after reading `git diff`
accept:
    INSTA_UPDATE=always UPLIFT_TEST_TOOLS="$(.ci/setup)" cargo test --workspace --test it snapshots

# Benchmarks: submissions, indicators or measures
bench name *options:
    UPLIFT_TEST_TOOLS="$(.ci/setup)" cargo bench --profile dev --workspace --bench {{name}} -- {{options}}

# The README's picture, taken from the real page
picture:
    docs/take-picture
