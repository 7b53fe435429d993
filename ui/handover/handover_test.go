package handover

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"go/build"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// childProfile makes the test binary a process that claims the profile, says
// how that went and stays until its standard input ends.
const childProfile = "HANDOVER_TEST_PROFILE"

func TestMain(m *testing.M) {
	profile := os.Getenv(childProfile)
	if profile == "" {
		os.Exit(m.Run())
	}
	in, err := Claim(context.Background(), profile)
	switch {
	case errors.Is(err, ErrRunning):
		fmt.Println("running")
	case err != nil:
		fmt.Println(err)
	default:
		fmt.Println("first")
		defer in.Close()
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent closes it
}

func TestImports(t *testing.T) {
	pkg, err := build.ImportDir(".", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range pkg.Imports {
		if strings.HasPrefix(path, "fyne.io/") || strings.HasPrefix(path, "piecewise/") || strings.Contains(path, "anacrolix") {
			t.Errorf("handover imports %s", path)
		}
	}
}

// session gives the test a runtime directory of its own and returns a profile.
func session(t *testing.T) string {
	t.Helper()
	run, err := os.MkdirTemp("", "pw") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(run) })
	t.Setenv("XDG_RUNTIME_DIR", run)
	return filepath.Join(t.TempDir(), "profile")
}

func touch(t *testing.T, dir, name string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func claim(t *testing.T, profile string) *Instance {
	t.Helper()
	in, err := Claim(t.Context(), profile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := in.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return in
}

// serve runs Serve until the test ends; what arrives can be read.
func serve(t *testing.T, in *Instance) <-chan Message {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	got := make(chan Message, 100)
	done := make(chan error)
	go func() { done <- in.Serve(ctx, func(m Message) { got <- m }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return got
}

func TestSecondStartHandsOver(t *testing.T) {
	profile := session(t)
	got := serve(t, claim(t, profile))
	if _, err := Claim(t.Context(), profile); !errors.Is(err, ErrRunning) {
		t.Fatalf("second Claim: %v, want ErrRunning", err)
	}
	dir := t.TempDir()
	touch(t, dir, "a b&ü.torrent")
	m := Message{Dir: dir, Args: []string{"a b&ü.torrent", "magnet:?xt=urn:btih:x&dn=y"}}
	if err := Send(t.Context(), profile, m); err != nil {
		t.Fatal(err)
	}
	want := Message{Dir: dir, Args: []string{dir + "/a b&ü.torrent", "magnet:?xt=urn:btih:x&dn=y"}}
	if m := <-got; !reflect.DeepEqual(m, want) {
		t.Errorf("received %+v, want %+v", m, want)
	}
	if err := Send(t.Context(), profile, Message{}); err != nil {
		t.Errorf("Send nothing, just to raise the window: %v", err)
	}
	if m := <-got; len(m.Args) != 0 || !filepath.IsAbs(m.Dir) {
		t.Errorf("received %+v, want no arguments and a directory", m)
	}
}

func TestSendIsAcknowledgedOnlyWhenTaken(t *testing.T) {
	profile := session(t)
	in := claim(t, profile)
	var taken atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- in.Serve(ctx, func(Message) { taken.Add(1) }) }()
	for i := range 20 {
		if err := Send(t.Context(), profile, Message{}); err != nil {
			t.Fatal(err)
		}
		if n := taken.Load(); n != int32(i+1) {
			t.Fatalf("%d messages taken after %d were acknowledged", n, i+1)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	profile := session(t)
	claim(t, profile) // listens, but nobody serves
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := Send(ctx, profile, Message{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Send: %v, want DeadlineExceeded", err)
	}
}

func TestSendWithoutReceiver(t *testing.T) {
	profile := session(t)
	if err := Send(t.Context(), profile, Message{}); err == nil {
		t.Error("Send to nobody succeeded")
	}
}

func TestProfilesAreSeparate(t *testing.T) {
	profile := session(t)
	claim(t, profile)
	claim(t, profile+"2")
	claim(t, profile+strings.Repeat("/a-very-long-name", 60))
}

func TestProfileHasOneName(t *testing.T) {
	profile := session(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(filepath.Dir(profile), link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	through := filepath.Join(link, "profile")
	before, err := placeFor(through)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(profile, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Chdir(filepath.Dir(profile))
	for _, name := range []string{through, profile, "profile", "./x/../profile/"} {
		if p, err := placeFor(name); err != nil || p != before {
			t.Errorf("%s meets at %v (%v), want %v", name, p, err, before)
		}
	}
}

func TestSimultaneousClaims(t *testing.T) {
	profile := session(t)
	const starts = 64
	var first, running atomic.Int32
	var wg sync.WaitGroup
	instances := make(chan *Instance, starts)
	for range starts {
		wg.Go(func() {
			in, err := Claim(t.Context(), profile)
			switch {
			case err == nil:
				first.Add(1)
				instances <- in
			case errors.Is(err, ErrRunning):
				running.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	close(instances)
	if first.Load() != 1 || running.Load() != starts-1 {
		t.Errorf("%d claims and %d refusals, want 1 and %d", first.Load(), running.Load(), starts-1)
	}
	for in := range instances {
		in.Close()
	}
}

// child is a process that claimed or tried to.
type child struct {
	cmd  *exec.Cmd
	says string
	end  io.Closer
}

func start(t *testing.T, profile string) child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childProfile+"="+profile)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("child said nothing: %v", err)
	}
	return child{cmd, strings.TrimSpace(line), in}
}

func TestSimultaneousProcesses(t *testing.T) {
	profile := session(t)
	said := make(chan string, 8)
	var wg sync.WaitGroup
	for range cap(said) {
		wg.Go(func() {
			c := start(t, profile)
			said <- c.says
			// The first must outlive the question of the last.
			for len(said) < cap(said) && !t.Failed() {
				pause(t.Context(), time.Millisecond)
			}
			c.end.Close()
			c.cmd.Wait()
		})
	}
	wg.Wait()
	close(said)
	all := slices.Sorted(func(yield func(string) bool) {
		for s := range said {
			if !yield(s) {
				return
			}
		}
	})
	if all[0] != "first" || all[1] != "running" || all[len(all)-1] != "running" {
		t.Errorf("processes said %q, want one first and the rest running", all)
	}
}

func TestCrashIsNoObstacle(t *testing.T) {
	profile := session(t)
	c := start(t, profile)
	if c.says != "first" {
		t.Fatalf("child said %q", c.says)
	}
	if err := c.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	c.cmd.Wait()
	p, err := placeFor(profile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(p.socket); err != nil {
		t.Fatalf("the crash left no socket, so this proves nothing: %v", err)
	}
	began := time.Now()
	serve(t, claim(t, profile))
	if d := time.Since(began); d > time.Second {
		t.Errorf("claim after a crash took %v", d)
	}
	if err := Send(t.Context(), profile, Message{}); err != nil {
		t.Error(err)
	}
}

func TestClaimWaitsForOneThatEnds(t *testing.T) {
	profile := session(t)
	first := claim(t, profile)
	first.listener.Close() // it no longer answers, but still holds the lock
	got := make(chan error)
	go func() {
		in, err := Claim(t.Context(), profile)
		if err == nil {
			err = in.Close()
		}
		got <- err
	}()
	select {
	case err := <-got:
		t.Fatalf("Claim returned %v while the lock was held", err)
	case <-time.After(4 * retryEvery):
	}
	first.Close()
	if err := <-got; err != nil {
		t.Errorf("Claim: %v", err)
	}
}

func TestLostLockFile(t *testing.T) {
	profile := session(t)
	claim(t, profile)
	p, err := placeFor(profile)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(p.lock); err != nil {
		t.Fatal(err)
	}
	if _, err := Claim(t.Context(), profile); !errors.Is(err, ErrRunning) {
		t.Errorf("Claim: %v, want ErrRunning", err)
	}
}

func TestBadMessagesAreAnsweredAndDropped(t *testing.T) {
	profile := session(t)
	got := serve(t, claim(t, profile))
	p, err := placeFor(profile)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"hello\n":                           "decode message",
		"{\"version\":3}\n":                 "version 3",
		"{\"version\":1,\"dir\"\n":          "decode message",
		"\n":                                "decode message",
		"half":                              "incomplete",
		strings.Repeat("x", maxMessage+100): "too long",
	}
	for line, want := range tests {
		if reply := ask(t, p, line); !strings.Contains(reply, want) || !strings.Contains(reply, `"ok":false`) {
			t.Errorf("%.20q is answered with %q, want %q", line, reply, want)
		}
	}
	if err := Send(t.Context(), profile, Message{Args: []string{"good"}}); err != nil {
		t.Fatal(err)
	}
	if m := <-got; !slices.Equal(m.Args, []string{"good"}) {
		t.Errorf("first message taken is %+v", m)
	}
}

// ask sends raw bytes and returns the answer.
func ask(t *testing.T, p place, line string) string {
	t.Helper()
	conn, err := p.dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, line) // one that is refused early need not get through
	_ = conn.CloseWrite()
	reply, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		t.Fatalf("answer to %.20q: %v", line, err)
	}
	return reply
}

func TestSilentConnectionsDoNotBlockForLong(t *testing.T) {
	profile := session(t)
	got := serve(t, claim(t, profile))
	p, err := placeFor(profile)
	if err != nil {
		t.Fatal(err)
	}
	var idle []net.Conn
	for range maxConns {
		conn, err := p.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		idle = append(idle, conn)
	}
	began := time.Now()
	if err := Send(t.Context(), profile, Message{Args: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d < connDeadline/2 {
		t.Errorf("a ninth connection was served after %v beside %d others", d, len(idle))
	}
	<-got
}

func TestDirectoryMustBePrivate(t *testing.T) {
	tests := map[string]func(t *testing.T, dir string) error{
		"others may enter": func(t *testing.T, dir string) error {
			return errors.Join(os.Mkdir(dir, 0o700), os.Chmod(dir, 0o755))
		},
		"symbolic link": func(t *testing.T, dir string) error { return os.Symlink(t.TempDir(), dir) },
		"file":          func(t *testing.T, dir string) error { return os.WriteFile(dir, nil, 0o700) },
		"foreign owner": func(t *testing.T, dir string) error {
			if os.Getuid() != 0 {
				t.Skip("needs root")
			}
			return errors.Join(os.Mkdir(dir, 0o700), os.Chown(dir, 12345, 12345))
		},
	}
	for name, prepare := range tests {
		t.Run(name, func(t *testing.T) {
			profile := session(t)
			dir := filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "piecewise")
			if err := prepare(t, dir); err != nil {
				t.Skip("cannot prepare:", err)
			}
			if in, err := Claim(t.Context(), profile); err == nil {
				in.Close()
				t.Error("Claim accepted it")
			}
		})
	}
}

func TestWithoutRuntimeDirectory(t *testing.T) {
	profile := session(t)
	tmp := os.Getenv("XDG_RUNTIME_DIR")
	t.Setenv("TMPDIR", tmp)
	for _, run := range []string{"", "relative", filepath.Join(tmp, "missing"), tmp + "/" + strings.Repeat("x", 90)} {
		if len(run) > 90 {
			if err := os.Mkdir(run, 0o700); err != nil {
				t.Fatal(err)
			}
		}
		t.Setenv("XDG_RUNTIME_DIR", run)
		p, err := placeFor(profile)
		if err != nil {
			t.Fatal(err)
		}
		if want := filepath.Join(tmp, fmt.Sprintf("piecewise-%d", os.Getuid())); filepath.Dir(p.socket) != want {
			t.Errorf("with XDG_RUNTIME_DIR=%.20q the socket is in %s, want %s", run, filepath.Dir(p.socket), want)
		}
		if len(p.socket) > longestSocket {
			t.Errorf("socket path of %d bytes", len(p.socket))
		}
	}
}
