package store

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestBackupDaily makes a backup at the start of many days, and wants the newest seven
// of those on which something had changed.
func TestBackupDaily(t *testing.T) {
	profile, want := filled(t, 3)
	s, _ := reopen(t, profile)
	day := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	for i := range 12 {
		must(t, s.Backup(day))
		must(t, s.Backup(day.Add(backupEvery-time.Second))) // not twice a day
		if i == 5 {
			day = day.Add(backupEvery)
			must(t, s.Backup(day)) // nothing has changed
		}
		want[0].Uploaded++
		must(t, s.Put(want[:1], nil))
		day = day.Add(backupEvery)
	}
	list := Backups(profile)
	if len(list) != backupsKept || list[0].Torrents != 3 || !list[0].Time.Equal(day.Add(-backupEvery)) {
		t.Errorf("backups %+v", list)
	}
	for i, b := range list[1:] {
		if gap := list[i].Time.Sub(b.Time); gap != backupEvery && gap != 2*backupEvery {
			t.Errorf("%v between two backups", gap)
		}
	}
	left, _ := filepath.Glob(filepath.Join(profile, backups, "*"))
	if len(left) != backupsKept {
		t.Errorf("files %q", left)
	}
}

// backedUp makes a profile with three torrents and a backup, and then changes a lot.
func backedUp(t *testing.T) (profile string, want []Record) {
	t.Helper()
	profile, want = filled(t, 3)
	s, _ := reopen(t, profile)
	must(t, s.Backup(time.Now().Add(-time.Hour)))
	changed := want[1]
	changed.Dir, changed.Have, changed.Options, changed.Title = "/elsewhere", bytes.Clone(changed.Have), nil, "lost"
	changed.Have[0] = 1
	added, raw := torrent(77)
	must(t, s.SaveMetainfo(added, raw))
	must(t, s.Put([]Record{changed, added}, [][20]byte{want[0].ID}))
	must(t, s.Relocate(changed))
	must(t, s.DropMetainfo(want[0].ID))
	must(t, s.PutSettings(map[string]int{"a": 2}))
	must(t, s.Close())
	return profile, want
}

func TestRestore(t *testing.T) {
	profile, want := backedUp(t)
	if err := AskRestore(profile, "../piecewise.db"); err == nil {
		t.Error("something else than a backup would be restored")
	}
	must(t, AskRestore(profile, Backups(profile)[0].Name))
	s, notice := reopen(t, profile)
	got, err := s.Records()
	must(t, err)
	if len(got) != 3 || !strings.Contains(notice, "3 torrents") {
		t.Fatalf("%d records, %q", len(got), notice)
	}
	for i, r := range got {
		w := want[i]
		switch r.ID {
		case want[1].ID: // what it is called is restored; where it is, and what is there, is known better
			if r.Title != w.Title || !bytes.Equal(r.Options, w.Options) || r.Dir != "/elsewhere" || r.Have[0] != 1 {
				t.Errorf("%+v", r)
			}
		default: // it is believed as far as its files are as they were, by its stamps
			if w.Live, w.Wrote = (time.Time{}), (time.Time{}); i == 2 {
				w.Live, w.Wrote, w.Outline = r.Live, r.Wrote, r.Outline
			}
			if !reflect.DeepEqual(r, w) {
				t.Errorf("record %d:\n got %+v\nwant %+v", i, r, w)
			}
		}
		if _, err := s.Metainfo(r.ID); err != nil {
			t.Errorf("record %d: %v", i, err)
		}
	}
	settings := map[string]int{}
	if err := s.Settings(&settings); err != nil || settings["a"] != 1 {
		t.Errorf("settings %v, %v", settings, err)
	}
	aside, _ := filepath.Glob(filepath.Join(profile, "piecewise.db.before-restore-*"))
	if len(aside) != 1 || !strings.Contains(notice, aside[0]) {
		t.Errorf("set aside %q, %q", aside, notice)
	}
	must(t, s.Close())
	if _, notice := reopen(t, profile); notice != "" {
		t.Errorf("it is restored again: %q", notice)
	}
}

// TestRestoreDamaged asks for a backup that is damaged before it is used.
func TestRestoreDamaged(t *testing.T) {
	profile, _ := backedUp(t)
	name := Backups(profile)[0].Name
	must(t, AskRestore(profile, name))
	must(t, os.WriteFile(filepath.Join(profile, backups, name), bytes.Repeat([]byte("x"), 40000), 0o600))
	s, notice := reopen(t, profile)
	if got, err := s.Records(); err != nil || len(got) != 3 || got[0].Title != "lost" || !strings.Contains(notice, "could not be restored") {
		t.Errorf("%d records, %v, %q", len(got), err, notice)
	}
	if list := Backups(profile); len(list) != 0 {
		t.Errorf("backups %+v", list)
	}
}

// TestDamagedWithBackup damages the list itself: settings and choices come from the
// backup, what was removed since stays removed, and where data is comes from the
// saved metainfo.
func TestDamagedWithBackup(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"damaged": func(path string) error { return os.WriteFile(path, bytes.Repeat([]byte("x"), 40000), 0o600) },
		"missing": os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			profile, want := backedUp(t)
			must(t, spoil(filepath.Join(profile, "piecewise.db")))
			s, notice := reopen(t, profile)
			got, err := s.Records()
			must(t, err)
			if len(got) != 3 || !strings.Contains(notice, "those of the backup of") {
				t.Fatalf("%d records, %q", len(got), notice)
			}
			for _, r := range got {
				if !r.Recheck || r.ID == want[0].ID {
					t.Errorf("%+v", r)
				}
				if r.ID == want[1].ID && (r.Dir != "/elsewhere" || !bytes.Equal(r.Options, want[1].Options)) {
					t.Errorf("%+v", r)
				}
			}
			settings := map[string]int{}
			if err := s.Settings(&settings); err != nil || settings["a"] != 1 {
				t.Errorf("settings %v, %v", settings, err)
			}
		})
	}
}

// TestKeptMetainfo removes a torrent, and wants its metainfo as long as a backup has it.
func TestKeptMetainfo(t *testing.T) {
	profile, want := backedUp(t)
	s, _ := reopen(t, profile)
	day := time.Now()
	for i := range backupsKept {
		if _, err := os.Stat(s.keptMetainfo(want[0].ID)); err != nil {
			t.Fatalf("after %d days: %v", i, err)
		}
		day = day.Add(backupEvery)
		want[1].Uploaded++
		must(t, s.Put(want[1:2], nil))
		must(t, s.Backup(day))
	}
	if left, _ := filepath.Glob(filepath.Join(profile, backups, "*.torrent")); len(left) > 0 {
		t.Errorf("left %q", left)
	}
}
