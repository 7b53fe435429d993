package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tracker is a running one.
type tracker struct {
	cmd  *exec.Cmd
	dir  string
	port int
}

// start runs a tracker on a free port of 127.0.0.1 that serves our torrents only.
func start(name, binary string) (*tracker, error) {
	dir, err := os.MkdirTemp("", "announces-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // opentracker is another user
		return nil, err
	}
	var list bytes.Buffer
	for i := range torrents {
		fmt.Fprintf(&list, "%X\n", hashOf(i))
	}
	served := filepath.Join(dir, "served")
	if err := os.WriteFile(served, list.Bytes(), 0o644); err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	t := &tracker{dir: dir, port: port}
	at := strconv.Itoa(port)
	if name == "opentracker" {
		t.cmd = exec.Command(binary, "-i", "127.0.0.1", "-p", at, "-P", at, "-d", dir, "-w", served)
		if os.Geteuid() == 0 {
			t.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}} // it refuses to be root
		}
	} else {
		t.cmd = exec.Command(binary, "tracker", "--loopback", "--listen", "127.0.0.1:"+at, "--allow", served, "--rate", "1000000")
	}
	t.cmd.Dir = dir
	if err := t.cmd.Start(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	for range 200 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+at); err == nil {
			c.Close()
			return t, nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.stop()
	return nil, errors.New("it does not listen")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func (t *tracker) stop() {
	_ = t.cmd.Process.Kill() // it is ours, and may have ended
	_ = t.cmd.Wait()
	os.RemoveAll(t.dir)
}

// cpu returns the seconds of processor time that it has used.
func (t *tracker) cpu() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')'):]))
	user, err := strconv.Atoi(fields[12])
	if err != nil {
		return 0, err
	}
	system, err := strconv.Atoi(fields[13])
	return float64(user+system) / 100, err // USER_HZ
}

// rss returns the MB that it holds in memory.
func (t *tracker) rss() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", t.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(b))[1])
	return float64(pages) * float64(os.Getpagesize()) / 1e6, err
}
