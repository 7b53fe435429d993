package ui

import (
	"context"
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"piecewise/engine"
	"piecewise/ui/view"
)

// stage is a window of an engine that runs. The test's goroutine is the
// window's: what the pump sends is run while the test waits.
type stage struct {
	*Window
	t    *testing.T
	dir  string // torrents are saved here
	todo chan func()
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{Window: newWindow(t), t: t, dir: t.TempDir(), todo: make(chan func())}
	s.cfg.Engine = engine.New(engine.Config{Profile: t.TempDir(), Dir: s.dir, Loopback: true, NoDHT: true, NoLSD: true, NoPortMapping: true})
	ctx, cancel := context.WithCancel(context.Background())
	s.dispatch = func(f func()) {
		done := make(chan struct{})
		select {
		case s.todo <- func() { f(); close(done) }:
			<-done
		case <-ctx.Done():
		}
	}
	ended := make(chan error, 2)
	go func() { ended <- s.cfg.Engine.Run(ctx) }()
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
	s.until("the first snapshot", func() bool { return s.snapshot != nil })
	return s
}

// until shows what comes until done.
func (s *stage) until(what string, done func() bool) {
	s.t.Helper()
	deadline := time.After(time.Minute)
	for !done() {
		select {
		case f := <-s.todo:
			f()
		case <-deadline:
			s.t.Fatalf("waited in vain for %s; the status bar says %q", what, s.status.left.Text)
		}
	}
}

// press presses a key as the window system would.
func (s *stage) press(key fyne.KeyName) {
	ev := &fyne.KeyEvent{Name: key}
	if focused := s.win.Canvas().Focused(); focused != nil {
		focused.TypedKey(ev)
	} else {
		s.win.Canvas().OnTypedKey()(ev)
	}
}

func (s *stage) state() engine.State {
	if s.list.All() != 1 {
		return engine.Starting
	}
	return s.snapshot.Torrents[0].State
}

// write makes a .torrent of n bytes of zeros, whose data is not there.
func (s *stage) write(name string, n int) string {
	s.t.Helper()
	const pieceLength = 16384
	var hashes strings.Builder
	for rest := n; rest > 0; rest -= pieceLength {
		sum := sha1.Sum(make([]byte, min(rest, pieceLength)))
		hashes.Write(sum[:])
	}
	text := fmt.Sprintf("d4:infod6:lengthi%de4:name%d:%s12:piece lengthi%de6:pieces%d:%see",
		n, len(name), name, pieceLength, hashes.Len(), hashes.String())
	path := filepath.Join(s.t.TempDir(), name+".torrent")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func TestKeyboardOnly(t *testing.T) {
	s := newStage(t)
	s.Open([]string{s.write("zeros.bin", 50_000)})
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.until("the free space", func() bool { return s.adding.free >= 0 })
	s.press(fyne.KeyReturn)
	s.until("the torrent", func() bool { return s.state() == engine.Downloading && s.lead == s.snapshot.Torrents[0].ID })

	s.press(fyne.KeySpace)
	s.until("pause", func() bool { return s.state() == engine.Stopped })
	s.press(fyne.KeySpace)
	s.until("resume", func() bool { return s.state() == engine.Downloading })

	s.press(fyne.KeyDelete)
	s.until("the question", s.sheets.open)
	s.press(fyne.KeyEscape)
	if s.sheets.open() || s.list.All() != 1 {
		t.Fatal("Esc does not leave things as they are")
	}
	s.press(fyne.KeyDelete)
	s.until("the question", s.sheets.open)
	s.press(fyne.KeyReturn)
	s.until("the empty list", func() bool { return s.list.All() == 0 && s.empty.Visible() })

	s.press(fyne.KeyF1)
	if !s.sheets.open() {
		t.Error("F1 shows no keys")
	}
	s.press(fyne.KeyEscape)
}

func TestPauseIsRemembered(t *testing.T) {
	s := newStage(t)
	s.Open([]string{s.write("one.bin", 1000)})
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.adding.start.SetChecked(false)
	s.adding.silent.SetChecked(true)
	s.press(fyne.KeyReturn)
	s.until("the torrent", func() bool { return s.list.All() == 1 && !s.snapshot.Settings.AskOnAdd })
	if got := s.state(); got != engine.Stopped || !s.snapshot.Settings.AddPaused {
		t.Errorf("added as %s, settings %+v", got, s.snapshot.Settings)
	}
	s.Open([]string{s.write("two.bin", 1000)})
	s.until("the second without a question", func() bool { return s.list.All() == 2 && s.lead == s.snapshot.Torrents[1].ID })
	s.actions.perform(s.actions.find("ask"))
	s.until("the setting", func() bool { return s.snapshot.Settings.AskOnAdd })
	if item := s.actions.items[s.actions.find("ask")]; !item.Checked {
		t.Error("the menu does not show the setting")
	}
}

func TestSkippedFiles(t *testing.T) {
	s := newStage(t)
	s.Open([]string{s.write("one.bin", 1000)})
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.adding.checkAll(false)
	s.press(fyne.KeyReturn)
	s.until("the torrent", func() bool { return s.list.All() == 1 && s.snapshot.Torrents[0].Wanted == 0 })
}

// TestAddsWhatIsThere adds a torrent whose file is there: the dialog says what becomes
// of it, and it is seeded.
func TestAddsWhatIsThere(t *testing.T) {
	s := newStage(t)
	s.until("the settings", func() bool { return s.snapshot.Settings.Dir != "" })
	if err := os.WriteFile(filepath.Join(s.snapshot.Settings.Dir, "zeros.bin"), make([]byte, 50_000), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Open([]string{s.write("zeros.bin", 50_000)})
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.until("what is there", func() bool { return s.adding.found.Visible() })
	if got := s.adding.found.Text; got != "1 file is there already. It is checked, and used where it is right; it is not changed." {
		t.Errorf("it says %q", got)
	}
	s.adding.dir.SetText(t.TempDir())
	s.until("an empty folder", func() bool { return !s.adding.found.Visible() })
	s.adding.dir.SetText(s.snapshot.Settings.Dir)
	s.until("what is there", func() bool { return s.adding.found.Visible() })
	s.press(fyne.KeyReturn)
	s.until("a seed", func() bool { return s.list.All() == 1 && s.state() == engine.Seeding })
}

func TestDuplicate(t *testing.T) {
	s := newStage(t)
	path := s.write("one.bin", 1000)
	s.Open([]string{path, path}) // the second dialog finds it there already
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.press(fyne.KeyReturn)
	s.until("the sentence", func() bool {
		return strings.Contains(s.status.left.Text, "already there; trackers that are new were added")
	})
	if s.list.All() != 1 || s.sheets.open() {
		t.Error("a torrent that is there is added again")
	}
	s.Open([]string{path})
	s.status.say("")
	s.until("the sentence", func() bool { return strings.Contains(s.status.left.Text, "already there") })
	if s.lead != s.snapshot.Torrents[0].ID {
		t.Error("the torrent is not selected")
	}
}

func TestBrokenFile(t *testing.T) {
	s := newStage(t)
	path := filepath.Join(t.TempDir(), "broken.torrent")
	if err := os.WriteFile(path, []byte("d4:infod"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Open([]string{path})
	s.until("the sentence", s.sheets.open)
	if s.adding != nil || s.list.All() != 0 {
		t.Error("something else happens")
	}
	if got := test.RenderObjectToMarkup(s.sheets.current.popup); !strings.Contains(got, "Cannot open broken.torrent") {
		t.Errorf("the sheet says\n%s", got)
	}
}

const hash = "0123456789abcdef0123456789abcdef01234567"

func TestPastedMagnet(t *testing.T) {
	s := newStage(t)
	s.cfg.App.Clipboard().SetContent(" magnet:?xt=urn:btih:" + hash + "&dn=a%20name \n")
	s.actions.perform(s.actions.find("paste"))
	s.until("the add dialog", func() bool { return s.adding != nil })
	if !s.adding.waits.Visible() || s.adding.files.Visible() || s.adding.name.Text != "a name" {
		t.Errorf("the dialog of %q does not wait for files", s.adding.name.Text)
	}
	s.until("the preview", func() bool { return s.snapshot.Torrent(s.adding.src.ID) != nil })
	if s.list.All() != 0 {
		t.Error("the preview is in the list")
	}
	s.press(fyne.KeyEscape)
	s.until("the end of the preview", func() bool { return len(s.snapshot.Torrents) == 0 })

	s.cfg.App.Clipboard().SetContent(hash)
	s.actions.perform(s.actions.find("paste"))
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.press(fyne.KeyReturn)
	s.until("the torrent", func() bool { return s.list.All() == 1 })
	if got := s.list.Row(0).Text(view.Status); !strings.HasPrefix(got, "Getting the torrent's details") && got != "Starting" {
		t.Errorf("a magnet without peers says %q", got)
	}

	s.actions.perform(s.actions.find("magnet"))
	s.until("the magnet", func() bool { return strings.Contains(s.cfg.App.Clipboard().Content(), "magnet:?xt=urn:btih:"+hash) })
}

func TestWatchFollowsTheSelection(t *testing.T) {
	s := newStage(t)
	s.Open([]string{s.write("one.bin", 1000)})
	s.until("the add dialog", func() bool { return s.adding != nil })
	s.press(fyne.KeyReturn)
	s.until("its details", func() bool { return s.detail() != nil && len(s.detail().Done) == 1 })
	files := s.details.files
	s.details.tabs.SelectIndex(2)
	files.prioritise([]int{0}, engine.High)
	s.until("the priority", func() bool { return s.detail() != nil && s.detail().Priorities[0] == engine.High })
}

func TestRunWaitsForItsTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &Window{
			cfg: Config{Engine: engine.New(engine.Config{})}, desktop: nowhere{}, dispatch: func(func()) {},
			commands: newLane(), opens: newLane(), looks: newLane(), makes: newLane(),
		}
		w.ctx, w.cancel = context.WithCancel(t.Context())
		release, ended := make(chan struct{}), false
		w.opens.add(func(ctx context.Context) func() {
			<-ctx.Done()
			<-release
			return func() { t.Error("shown after the end") }
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			if err := w.Run(ctx); err != nil {
				t.Error(err)
			}
			ended = true
		}()
		synctest.Wait()
		cancel()
		synctest.Wait()
		if ended {
			t.Error("Run has returned while a task was under way")
		}
		close(release)
		synctest.Wait()
		if !ended {
			t.Error("Run has not returned")
		}
	})
}
