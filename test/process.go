package test

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The packages of Debian and Ubuntu that have the programs we start.
var packages = map[string]string{
	"transmission-daemon": "transmission-daemon",
	"qbittorrent-nox":     "qbittorrent-nox",
	"aria2c":              "aria2",
	"rtorrent":            "rtorrent",
	"unshare":             "util-linux",
	"opentracker":         "opentracker",
	"/usr/bin/python3":    "python3-libtorrent",
	"Xvfb":                "xvfb",
}

// Process is a program that a test has started.
type Process struct {
	cmd   *exec.Cmd
	log   string        // path of the file that has what it printed
	ended chan struct{} // closed when it has ended
}

// Command returns a command that dies with the test, in an environment in which
// it finds no home but home. A program that is missing fails the test.
func Command(t testing.TB, home, program string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%s is missing: apt-get install %s", program, packages[program])
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home+"/config", "XDG_DATA_HOME="+home+"/data",
		"XDG_STATE_HOME="+home+"/state", "XDG_CACHE_HOME="+home+"/cache", "LC_ALL=C.UTF-8")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd
}

// Start starts cmd, which prints into a log that is shown if the test fails, and
// kills it at the end of the test. Its standard output goes to out as well,
// unless that is nil.
func Start(t testing.TB, cmd *exec.Cmd, out io.Writer) *Process {
	t.Helper()
	log, err := os.CreateTemp(t.TempDir(), filepath.Base(cmd.Path)+"-*.log")
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr, cmd.Stdout = log, log
	if out != nil {
		cmd.Stdout = io.MultiWriter(log, out)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &Process{cmd: cmd, log: log.Name(), ended: make(chan struct{})}
	go func() { // ends with the process, which the cleanup kills and awaits
		defer close(p.ended)
		_ = cmd.Wait() // the exit code is in ProcessState
		log.Close()
	}()
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("%s printed:\n%s", cmd.Args[0], tail(p.Log()))
		}
	})
	return p
}

// Kill ends the process at once and waits for it.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// Signal sends a signal to the process.
func (p *Process) Signal(t testing.TB, sig os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		t.Fatalf("signal %s: %v", p.cmd.Args[0], err)
	}
}

// Wait returns the exit code, or fails the test if there is none in time.
func (p *Process) Wait(t testing.TB, limit time.Duration) int {
	t.Helper()
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(limit):
		t.Fatalf("%s is still running after %v", p.cmd.Args[0], limit)
		return 0
	}
}

// PID returns the id of the process.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Log returns all that the process has printed so far.
func (p *Process) Log() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func tail(s string) string { return s[max(0, len(s)-4000):] }

// Poll asks ready again and again until it is true; it fails the test when that
// takes longer than limit. It is for programs that cannot tell by themselves.
func Poll(t testing.TB, limit time.Duration, what string, ready func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %v", what, limit)
		case <-tick.C:
		}
	}
}

// lineWriter calls line with every whole line that is written to it.
type lineWriter struct {
	line func([]byte)
	mu   sync.Mutex
	rest []byte
}

func (w *lineWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range b {
		if c != '\n' {
			w.rest = append(w.rest, c)
			continue
		}
		w.line(w.rest)
		w.rest = w.rest[:0]
	}
	return len(b), nil
}
