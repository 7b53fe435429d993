# shellcheck shell=sh
# Sourced by the other scripts, in the project's root: finds Go, lets one that
# is older than go.mod asks for fetch the right toolchain by itself, and ends
# with a sentence when there is none.

if ! command -v go >/dev/null 2>&1; then
	PATH="$PATH:/usr/local/go/bin:${HOME:-/root}/go/bin"
	export PATH
fi
if ! command -v go >/dev/null 2>&1; then
	echo "Piecewise is written in Go, and there is no Go on this computer." >&2
	echo "Get it from https://go.dev/dl/ (or any Go from 1.21 on), then try again." >&2
	exit 1
fi

# Asked outside the module, because inside an old Go would only complain.
go_version=$(cd / && GOTOOLCHAIN=local GOFLAGS='' go env GOVERSION)
go_minor=$(echo "$go_version" | sed -n 's/.*go1\.\([0-9][0-9]*\).*/\1/p')
go_wanted=$(sed -n 's/^go 1\.\([0-9][0-9]*\).*/\1/p' go.mod)
if [ "${go_minor:-0}" -lt 21 ]; then
	echo "Go here is ${go_version:-unknown}; Piecewise needs 1.21 or newer. Get it from https://go.dev/dl/, then try again." >&2
	exit 1
fi
if [ "$go_minor" -lt "$go_wanted" ]; then
	echo "Go here is $go_version; it fetches the toolchain for Go 1.$go_wanted by itself." >&2
	GOTOOLCHAIN=auto # distributions and container images often pin it to local
	export GOTOOLCHAIN
fi

# The tags of every build: Fyne calls stay on its goroutine, and SQLite, which
# the torrent library could store in, is left out. "ci" makes Fyne draw into
# memory, so that neither a display nor the headers of OpenGL and X11 are needed.
# shellcheck disable=SC2034 # for the scripts that source this one
tags=migrated_fynedo,nosqlite headless=ci,migrated_fynedo,nosqlite
CGO_ENABLED=1
export CGO_ENABLED
