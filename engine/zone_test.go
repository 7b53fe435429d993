package engine

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

// zoneOf is a time zone file (RFC 8536) of one offset from UTC.
func zoneOf(offset time.Duration) []byte {
	b := append([]byte("TZif"), make([]byte, 16+4*4)...)
	b = binary.BigEndian.AppendUint32(b, 1) // types
	b = binary.BigEndian.AppendUint32(b, 4) // characters
	b = binary.BigEndian.AppendUint32(b, uint32(offset/time.Second))
	return append(b, 0, 0, 'X', 'X', 'X', 0)
}

// TestTimeZone moves the computer while a timetable holds. The fake clock begins at
// midnight UTC.
func TestTimeZone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "localtime")
		ok(t, os.WriteFile(file, zoneOf(0), 0o600))
		e, stop := serve(t, &fakeControl{})
		defer stop()
		ok(t, e.do(t.Context(), func(s *state) error { s.zone, s.zoneFile = time.UTC, file; s.watchZone(); return nil }))
		v := now(e).Settings
		v.Timetable = Timetable{{Days: EveryDay, From: 9 * 60, To: 10 * 60}}
		ok(t, e.SetSettings(t.Context(), v))
		if got := now(e).Turtle; got.On || got.Until.Hour() != 9 {
			t.Errorf("at midnight: %+v", got)
		}
		ok(t, os.WriteFile(file, zoneOf(9*time.Hour), 0o600))
		time.Sleep(2 * time.Minute)
		if got := now(e).Turtle; !got.On || got.Until.Hour() != 10 || !got.Until.Equal(time.Date(2000, 1, 1, 1, 0, 0, 0, time.UTC)) {
			t.Errorf("nine hours further east: %+v", got)
		}
	})
}
