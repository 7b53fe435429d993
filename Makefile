# One line a target; the long things are in packaging/.
PREFIX ?= /usr/local
GO = . packaging/go.sh && go
SWARMS = '^Benchmark(Swarm|WhoGivesGets|SuperSeed|RarestFirst|Limits)$$'
export PREFIX DESTDIR BINARY

.PHONY: run build test e2e check format lint bench costs swarms clients install clean
.NOTPARALLEL:

run:     ; @sh packaging/run.sh # installs what is missing, builds, opens the window
build:   ; @sh packaging/build.sh window # ./piecewise
test:    ; @sh packaging/linux/test.sh # installs what is missing, then all tests
e2e:     ; @$(GO) test -count=1 -timeout 2h -tags "$$tags" ./test/... # with PIECEWISE_E2E=full: every client, every case
check:   format test lint # what .ci/run runs
format:  ; @list=$$($(GO) tool gofumpt -l .) && test -z "$$list" || { echo "not formatted: $$list" >&2; exit 1; }
lint:    ; @$(GO) tool staticcheck -tags "$$tags" ./...
bench:   costs swarms clients
costs:   ; @$(GO) test -run '^$$' -bench . -skip $(SWARMS) -benchmem -tags "$$headless" ./engine/... ./ui/... # what the parts cost
swarms:  ; @$(GO) test -run '^$$' -bench $(SWARMS) -benchtime 1x -p 1 -timeout 1h -tags "$$headless" ./engine ./engine/internal/transfer # how swarms behave; with libtorrent where it is there
clients: ; @/usr/bin/python3 test/bench/bench.py all # piecewise beside other clients; says what is missing
install: ; @sh packaging/linux/install.sh # below $(DESTDIR)$(PREFIX)
clean:   ; rm -rf piecewise build

e2e: export PIECEWISE_E2E = full
