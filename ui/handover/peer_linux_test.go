package handover

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestOtherUsersAreRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root to be somebody else")
	}
	dir, err := os.MkdirTemp("", "pw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	p := place{socket: filepath.Join(dir, "open.sock"), lock: filepath.Join(dir, "open.lock")}
	in, err := p.claim(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	// The directory is what keeps others out; here it fails.
	for _, path := range []string{dir, p.socket} {
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	got := serve(t, in)
	if reply := askAs(t, 12345, p, `{"version":1,"dir":"/","args":["evil"]}`+"\n"); !strings.Contains(reply, "user 12345 may not") {
		t.Errorf("another user is answered with %q", reply)
	}
	if len(got) != 0 {
		t.Errorf("another user handed over %+v", <-got)
	}
}

// askAs connects as another user, from a thread that is one, sends raw bytes
// and returns the answer.
func askAs(t *testing.T, uid int, p place, line string) string {
	t.Helper()
	type result struct {
		conn net.Conn
		err  error
	}
	dialled := make(chan result)
	go func() {
		// Never unlocked, so the thread ends with this goroutine.
		runtime.LockOSThread()
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(uid), uintptr(uid), uintptr(uid)); errno != 0 {
			dialled <- result{nil, errno}
			return
		}
		conn, err := net.Dial("unix", p.socket)
		dialled <- result{conn, err}
	}()
	r := <-dialled
	if r.err != nil {
		t.Fatal(r.err)
	}
	defer r.conn.Close()
	_, _ = r.conn.Write([]byte(line)) // one that is refused early need not get through
	reply, err := bufio.NewReader(r.conn).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return reply
}
