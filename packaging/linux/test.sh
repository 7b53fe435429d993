#!/bin/sh
# All tests: format, vet, everything without OpenGL under the race detector,
# then the program itself against other clients and in a real window. Installs
# what they need.
set -eu
cd "$(dirname "$0")/../.."
. packaging/go.sh
sh packaging/linux/packages.sh test
export LC_ALL=C.UTF-8 # Fyne complains about locales without a language

step() { echo "== $*"; }

step "gofmt"
unformatted=$("$(go env GOROOT)/bin/gofmt" -l .)
if [ -n "$unformatted" ]; then
	echo "not formatted: $unformatted" >&2
	exit 1
fi

# utp is our own engine/internal/goutp, which is a module and thus not in ./...
utp=github.com/anacrolix/go-utp

step "go vet"
go vet -tags "$tags" ./... $utp

step "go test -race, without OpenGL"
packages=$(go list -tags "$headless" ./... | grep -v '^piecewise/test')
# shellcheck disable=SC2086 # a list of words
go test -race -timeout 10m -tags "$headless" $packages $utp

step "go test, other clients and a real window"
go test -timeout 15m -tags "$tags" ./test/...
