package ui

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
)

func TestNoBackup(t *testing.T) {
	w := newWindow(t)
	w.apply(engine.Update{Snapshot: aSnapshot()})
	w.actions.perform(w.actions.find("restore"))
	run(t, w.looks)
	if !w.sheets.open() || w.sheets.current.title != "There is no backup yet" {
		t.Error("it is not said that there is no backup")
	}
}

// TestRestoreDialog wants a backup to be chosen, and the program to go on if it cannot
// be restored.
func TestRestoreDialog(t *testing.T) {
	w := newWindow(t)
	quit := 0
	w.cfg.Quit = func() { quit++ }
	w.apply(engine.Update{Snapshot: aSnapshot()})
	w.showBackups([]engine.Backup{
		{Name: "20261125-120000.db", Time: noon, Torrents: 12},
		{Name: "20261124-120000.db", Time: noon.Add(-24 * time.Hour), Torrents: 1},
	})
	pick := radioOf(w.sheets.current.content)
	if len(pick.Options) != 2 || !strings.HasSuffix(pick.Options[0], "· 12 torrents") || !strings.HasSuffix(pick.Options[1], "· 1 torrent") {
		t.Errorf("the backups are %q", pick.Options)
	}
	key(w, fyne.KeyReturn)
	if !w.sheets.open() || len(w.commands.waiting) > 0 {
		t.Fatal("a backup is restored that nobody chose")
	}
	pick.SetSelected(pick.Options[1])
	key(w, fyne.KeyReturn)
	run(t, w.commands)
	if quit != 0 || !w.sheets.open() || w.sheets.current.title != "The backup cannot be restored" {
		t.Error("the program ended without a backup to restore")
	}
}

func radioOf(o fyne.CanvasObject) *widget.RadioGroup {
	switch o := o.(type) {
	case *widget.RadioGroup:
		return o
	case *container.Scroll:
		return radioOf(o.Content)
	case *fyne.Container:
		for _, part := range o.Objects {
			if r := radioOf(part); r != nil {
				return r
			}
		}
	}
	return nil
}
