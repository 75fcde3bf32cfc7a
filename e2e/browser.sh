#!/bin/sh
# Makes sure that the browser tests find a browser and Playwright's driver. The driver is npm's playwright-core,
# unpacked where playwright-go looks for it; the browser is $CHROMIUM, Debian's, or Playwright's own.
set -eu
cd "$(dirname "$0")/.."

mkdir -p .tools/playwright
ln -sfn ../../assets/node_modules/playwright-core .tools/playwright/package

if [ -n "${CHROMIUM:-}" ]; then
	"$CHROMIUM" --version >/dev/null || { echo "CHROMIUM names $CHROMIUM, which can't be run" >&2; exit 1; }
	exit 0
fi
on_machine() { command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null; }
on_machine && exit 0

log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing chromium-headless-shell with apt-get"
	if { apt-get update && apt-get install -y --no-install-recommends chromium-headless-shell; } >"$log" 2>&1 && on_machine; then
		exit 0
	fi
fi
# Playwright installs just the version that its driver wants, where it looks for it, and does nothing if it is there.
playwright="node assets/node_modules/playwright-core/cli.js install --only-shell chromium"
if $playwright >>"$log" 2>&1; then
	shell=$($playwright --dry-run | sed -n 's/^ *Install location: *//p' | head -n 1)
	for program in "$shell"/*/chrome-headless-shell* "$shell"/*/headless_shell*; do
		if [ -x "$program" ] && "$program" --version >>"$log" 2>&1; then
			exit 0
		fi
	done
fi
tail -n 5 "$log" >&2
echo "A browser that runs is missing: on Debian, apt-get install chromium-headless-shell; or name one with CHROMIUM=/path/to/chromium" >&2
exit 1
