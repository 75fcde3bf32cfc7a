#!/bin/sh
# Makes sure that the browser tests find a browser and Playwright's driver. The driver is npm's playwright-core,
# unpacked where playwright-go looks for it; the browser is $CHROMIUM, Debian's, or Playwright's own.
set -eu
cd "$(dirname "$0")/.."

mkdir -p .tools/playwright
ln -sfn ../../assets/node_modules/playwright-core .tools/playwright/package

found() {
	if [ -n "${CHROMIUM:-}" ]; then
		[ -x "$CHROMIUM" ] || { echo "CHROMIUM names $CHROMIUM, which can't be run" >&2; exit 1; }
		return 0
	fi
	command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null ||
		ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium_headless_shell-*/*/* >/dev/null 2>&1
}

found && exit 0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	echo "installing chromium-headless-shell with apt-get"
	{ apt-get update && apt-get install -y --no-install-recommends chromium-headless-shell; } >"$log" 2>&1 && found && exit 0
fi
echo "installing Playwright's own Chromium"
node assets/node_modules/playwright-core/cli.js install --only-shell chromium >>"$log" 2>&1 && found && exit 0
tail -n 5 "$log" >&2
echo "A browser is missing: on Debian, apt-get install chromium-headless-shell; or name one with CHROMIUM=/path/to/chromium" >&2
exit 1
