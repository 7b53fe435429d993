package test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Binary is the program under test; TestMain sets it.
var Binary string

// Build builds the program into dir, unless PIECEWISE names one, and sets Binary.
func Build(dir string) error {
	if Binary = os.Getenv("PIECEWISE"); Binary != "" {
		return nil
	}
	Binary = filepath.Join(dir, "piecewise")
	build := exec.Command("go", "build", "-tags", "migrated_fynedo,nosqlite", "-o", Binary, "..")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build piecewise: %w", err)
	}
	return nil
}

// Full reports whether the whole matrix is asked for.
func Full() bool { return os.Getenv("PIECEWISE_E2E") == "full" }

// Run runs the program to its end, one minute at most, and returns its exit code
// and what it printed.
func Run(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	made := Command(t, t.TempDir(), Binary, args...)
	cmd := exec.CommandContext(ctx, made.Path, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = made.Dir, made.Env, made.SysProcAttr
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("piecewise %q: %v\n%s", args, errors.Join(err, ctx.Err()), tail(errs.String()))
	}
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// Line is one line of get --json.
type Line struct {
	At time.Time `json:"-"` // when it came

	InfoHash, Name, State string
	Done                  bool
	Size, Have            int64
	Downloaded, Uploaded  int64
	Down, Up              int64
	Peers, Seeds          int
	ETA                   int64
	Way                   string // why nothing leaves
	Error                 string

	TrackersWorking int    `json:"trackers_working"`
	TrackerError    string `json:"tracker_error"`
	TrackerRefused  bool   `json:"tracker_refused"`
	SwarmSeeds      int    `json:"swarm_seeds"`
}

// Get is a running `piecewise get --json`.
type Get struct {
	Addr netip.AddrPort // where it listens
	*Process
	mu    sync.Mutex
	lines []Line
	bad   []string // lines that are no JSON
}

// StartGet starts `piecewise get --json --loopback` with more arguments. A home of
// "" is one of its own.
func StartGet(t testing.TB, home string, args ...string) *Get {
	t.Helper()
	if home == "" {
		home = t.TempDir()
	}
	return startGet(t, home, Address(t), args)
}

// StartGetOnBoth is StartGet on a port of both 127.0.0.1 and ::1.
func StartGetOnBoth(t testing.TB, args ...string) *Get {
	t.Helper()
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), freePort(t))
	return startGet(t, t.TempDir(), at, args)
}

func startGet(t testing.TB, home string, at netip.AddrPort, args []string) *Get {
	t.Helper()
	g := &Get{Addr: at}
	stay := []string{"--loopback"}
	if Inside() {
		stay = []string{"--no-dht", "--no-lsd", "--no-port-mapping"}
	}
	all := slices.Concat([]string{"get", "--json", "--listen", at.String()}, stay, args)
	g.Process = Start(t, Command(t, home, Binary, all...), &lineWriter{line: g.hear})
	return g
}

func (g *Get) hear(text []byte) {
	var l Line
	err := json.Unmarshal(text, &l)
	l.At = time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if err != nil {
		g.bad = append(g.bad, string(text))
		return
	}
	g.lines = append(g.lines, l)
}

// Lines returns what it has told so far about d, oldest first.
func (g *Get) Lines(d *Data) []Line {
	g.mu.Lock()
	defer g.mu.Unlock()
	var lines []Line
	for _, l := range g.lines {
		if l.InfoHash == d.ID() {
			lines = append(lines, l)
		}
	}
	return lines
}

// Await waits for a line about d that is right.
func (g *Get) Await(t testing.TB, d *Data, limit time.Duration, right func(Line) bool) {
	t.Helper()
	seen := 0
	Poll(t, limit, "piecewise get tells what is expected of "+d.Name, func() bool {
		lines := g.Lines(d)
		for ; seen < len(lines); seen++ {
			if right(lines[seen]) {
				return true
			}
		}
		return false
	})
}

// Finish waits until it has ended by itself, with exit code 0 and all done.
func (g *Get) Finish(t testing.TB, limit time.Duration, all ...*Data) {
	t.Helper()
	if code := g.Wait(t, limit); code != 0 {
		t.Fatalf("piecewise get ended with %d", code)
	}
	for _, text := range g.bad {
		t.Errorf("this is no JSON: %q", text)
	}
	for _, d := range all {
		lines := g.Lines(d)
		if len(lines) == 0 {
			t.Errorf("no line about %s", d.Name)
			continue
		}
		last := lines[len(lines)-1]
		if !last.Done || last.Have != d.Size || last.Size != d.Size || last.Error != "" || last.Name != d.Name {
			t.Errorf("the last line about %s is %+v", d.Name, last)
		}
	}
}

// Interrupt sends SIGTERM and returns the exit code, which must come within 5 s.
func (g *Get) Interrupt(t testing.TB) int {
	t.Helper()
	g.Signal(t, syscall.SIGTERM)
	return g.Wait(t, 6*time.Second)
}
