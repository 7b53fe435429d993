package test

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"piecewise/test/xclient"
)

// Screen is an X server of its own that nobody sees, without a window manager.
type Screen struct {
	display string
	dir     string // of the pictures
	*Process
}

// StartScreen starts one of 1280 × 800. Its pictures go to a folder named after
// the test below $PIECEWISE_SHOTS, and without that to one that is kept only if
// the test fails.
func StartScreen(t testing.TB) *Screen {
	t.Helper()
	s := &Screen{dir: shotsDir(t)}
	number := make(chan string, 1)
	var once sync.Once
	out := &lineWriter{line: func(b []byte) { once.Do(func() { number <- string(b) }) }}
	// It takes the first display that is free and tells its number.
	s.Process = Start(t, Command(t, t.TempDir(), "Xvfb", "-displayfd", "1", "-screen", "0", "1280x800x24"), out)
	select {
	case n := <-number:
		s.display = ":" + n
	case <-s.Ended():
		t.Fatal("Xvfb ended")
	case <-time.After(20 * time.Second):
		t.Fatal("Xvfb is not ready")
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("pictures are in %s", s.dir)
		}
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // so that it gives its number back; it may have ended
		select {
		case <-s.Ended():
		case <-time.After(5 * time.Second): // it is killed then
		}
	})
	return s
}

func shotsDir(t testing.TB) string {
	t.Helper()
	base := os.Getenv("PIECEWISE_SHOTS")
	kept := base != ""
	if !kept {
		base = filepath.Join(os.TempDir(), fmt.Sprintf("piecewise-shots-%d", os.Getpid()))
	}
	dir := filepath.Join(base, strings.ReplaceAll(t.Name(), "/", "-"))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !kept && !t.Failed() {
			os.RemoveAll(dir)
			_ = os.Remove(base) // unless another test keeps pictures there
		}
	})
	return dir
}

// Picture returns what is on the screen.
func (s *Screen) Picture(t testing.TB) Picture {
	t.Helper()
	img, err := xclient.Picture(s.display)
	if err != nil {
		t.Fatal(err)
	}
	return Picture{img}
}

// Shot saves what is on the screen.
func (s *Screen) Shot(t testing.TB, name string) {
	t.Helper()
	img, err := xclient.Picture(s.display)
	if err != nil {
		t.Errorf("no picture %q: %v", name, err)
		return
	}
	save(t, filepath.Join(s.dir, name+".png"), img)
}

func save(t testing.TB, path string, img image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Error(err)
	}
}

// Do presses keys and moves the mouse with xdotool, whose arguments these are.
func (s *Screen) Do(t testing.TB, args ...string) string {
	t.Helper()
	out, err := s.try(args...)
	if err != nil {
		t.Fatalf("xdotool %q: %v (apt-get install xdotool)", args, err)
	}
	return out
}

func (s *Screen) try(args ...string) (string, error) {
	cmd := exec.Command("xdotool", args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.display)
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// Click clicks at a point: button 1 is the left one, 3 the right one.
func (s *Screen) Click(t testing.TB, at image.Point, button int) {
	t.Helper()
	s.Do(t, "mousemove", "--sync", fmt.Sprint(at.X), fmt.Sprint(at.Y), "click", fmt.Sprint(button))
}
