#!/bin/sh
# Installs what the tests use and is missing (a browser, PostgreSQL, a C
# compiler for the race detector) where apt-get is there and may be used, an
# emulator of Slack where npm is, and says what is skipped where they are not.
set -eu

has() { command -v "$1" >/dev/null 2>&1; }
has_any() { for name in "$@"; do if has "$name"; then return 0; fi; done; return 1; }
has_browser() { has_any chromium chromium-browser google-chrome google-chrome-stable headless-shell headless_shell chrome; }
has_postgres() { has initdb || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || [ -n "${WAYMARK_TEST_POSTGRES:-}" ]; }
has_cc() { has_any "${CC:-cc}" gcc clang; }

# For internal/slack/emulate_test.go, which names the version too.
emulate="${WAYMARK_TEST_EMULATE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/waymark-tests/emulate-0.8.0}"
has_emulate() { has node && [ -f "$emulate/node_modules/emulate/dist/index.js" ]; }
if ! has_emulate && has node && has npm; then
	echo "Installing for the tests: emulate 0.8.0"
	mkdir -p "$emulate" && npm install --prefix "$emulate" --no-save --no-audit --no-fund --ignore-scripts \
		--fetch-timeout=20000 --fetch-retries=0 emulate@0.8.0 >/dev/null 2>&1 || echo "The installation failed."
fi
has_emulate || echo "SKIPPED: Slack's Web API against emulate. Install node and npm to run it."

packages=
has_browser || packages="$packages chromium fonts-liberation"
has_postgres || packages="$packages postgresql"
has_cc || packages="$packages gcc libc6-dev"
[ -n "$packages" ] || exit 0

as_root=
[ "$(id -u)" = 0 ] || as_root="sudo -n"
if has apt-get && { [ -z "$as_root" ] || sudo -n true 2>/dev/null; }; then
	echo "Installing for the tests:$packages"
	export DEBIAN_FRONTEND=noninteractive
	{ $as_root apt-get update -qq && $as_root apt-get install -y -qq --no-install-recommends $packages; } >/dev/null ||
		echo "The installation failed."
fi

has_browser || echo "SKIPPED: the tests in a real browser. Install chromium to run them."
has_postgres || echo "SKIPPED: the tests on PostgreSQL. Install postgresql to run them."
has_cc || echo "SKIPPED: the race detector. Install gcc to use it."
