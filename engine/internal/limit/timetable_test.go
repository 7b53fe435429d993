package limit

import (
	"testing"
	"time"
	_ "time/tzdata"
)

const (
	weekend  = Days(1<<time.Saturday | 1<<time.Sunday)
	workdays = EveryDay &^ weekend
)

func zone(t *testing.T) *time.Location {
	t.Helper()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return berlin
}

// clock reads a time in Berlin: with an offset, since some hours come twice.
func clock(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("2006-01-02T15:04:05Z07:00", s)
	if err != nil {
		t.Fatal(err)
	}
	return at.In(zone(t))
}

func TestTimetable(t *testing.T) {
	office := Timetable{{workdays, 8 * 60, 17*60 + 30}}
	night := Timetable{{1 << time.Friday, 22 * 60, 6 * 60}}
	early := Timetable{{EveryDay, 2*60 + 30, 5 * 60}}
	two := Timetable{{weekend, 0, 0}, {1 << time.Monday, 9 * 60, 10 * 60}}
	for _, c := range []struct {
		name  string
		table Timetable
		now   string
		want  bool
		next  string // empty if it never changes
	}{
		{"empty", nil, "2024-01-01T12:00:00+01:00", false, ""},
		{"always", Timetable{{EveryDay, 0, 0}}, "2024-01-01T12:00:00+01:00", true, ""},
		{"no days", Timetable{{0, 0, 600}}, "2024-01-01T01:00:00+01:00", false, ""},
		{"just before", office, "2024-01-01T07:59:59+01:00", false, "2024-01-01T08:00:00+01:00"},
		{"just on", office, "2024-01-01T08:00:00+01:00", true, "2024-01-01T17:30:00+01:00"},
		{"last minute", office, "2024-01-01T17:29:59+01:00", true, "2024-01-01T17:30:00+01:00"},
		{"just off", office, "2024-01-01T17:30:00+01:00", false, "2024-01-02T08:00:00+01:00"},
		{"over the weekend", office, "2024-01-05T18:00:00+01:00", false, "2024-01-08T08:00:00+01:00"},
		{"past midnight, evening", night, "2024-01-05T23:00:00+01:00", true, "2024-01-06T06:00:00+01:00"},
		{"past midnight, morning", night, "2024-01-06T05:59:00+01:00", true, "2024-01-06T06:00:00+01:00"},
		{"past midnight, the wrong morning", night, "2024-01-05T05:00:00+01:00", false, "2024-01-05T22:00:00+01:00"},
		{"past midnight, the wrong evening", night, "2024-01-06T23:00:00+01:00", false, "2024-01-12T22:00:00+01:00"},
		{"whole days", two, "2024-01-06T00:00:00+01:00", true, "2024-01-08T00:00:00+01:00"},
		{"second period", two, "2024-01-08T09:10:00+01:00", true, "2024-01-08T10:00:00+01:00"},
		{"spring, before", early, "2024-03-31T01:59:00+01:00", false, "2024-03-31T03:00:00+02:00"},
		{"spring, after", early, "2024-03-31T03:00:00+02:00", true, "2024-03-31T05:00:00+02:00"},
		{"autumn, first 2:29", early, "2024-10-27T02:29:00+02:00", false, "2024-10-27T02:30:00+02:00"},
		{"autumn, first 2:45", early, "2024-10-27T02:45:00+02:00", true, "2024-10-27T02:00:00+01:00"},
		{"autumn, second 2:10", early, "2024-10-27T02:10:00+01:00", false, "2024-10-27T02:30:00+01:00"},
		{"autumn, second 2:30", early, "2024-10-27T02:30:00+01:00", true, "2024-10-27T05:00:00+01:00"},
		{"over the spring night", night, "2024-03-29T21:00:00+01:00", false, "2024-03-29T22:00:00+01:00"},
	} {
		t.Run(c.name, func(t *testing.T) {
			now := clock(t, c.now)
			if got := c.table.Active(now); got != c.want {
				t.Errorf("active: %v", got)
			}
			next, changes := c.table.Next(now)
			if changes != (c.next != "") || changes && !next.Equal(clock(t, c.next)) {
				t.Errorf("next: %v %v, want %s", next, changes, c.next)
			}
		})
	}
}

func TestTurtle(t *testing.T) {
	turtle := Turtle{Normal: Rates{Unlimited, Unlimited}, Slow: Rates{100e3, 10e3}}
	want := func(now string, slow bool) {
		t.Helper()
		rates := turtle.Normal
		if slow {
			rates = turtle.Slow
		}
		if got := turtle.Rates(clock(t, now)); got != rates {
			t.Errorf("%s: %v, want %v", now, got, rates)
		}
	}
	want("2024-01-01T12:00:00+01:00", false)
	turtle.Choose(true, clock(t, "2024-01-01T12:00:00+01:00"))
	want("2024-01-01T12:00:00+01:00", true)
	want("2030-01-01T12:00:00+01:00", true)

	turtle = Turtle{Normal: turtle.Normal, Slow: turtle.Slow, Timetable: Timetable{{workdays, 8 * 60, 17 * 60}}}
	want("2024-01-01T12:00:00+01:00", true)
	turtle.Choose(false, clock(t, "2024-01-01T12:00:00+01:00"))
	want("2024-01-01T12:00:00+01:00", false)
	want("2024-01-01T17:00:00+01:00", false)
	want("2024-01-02T08:00:00+01:00", true)
	turtle.Choose(true, clock(t, "2024-01-02T18:00:00+01:00"))
	want("2024-01-02T18:00:00+01:00", true)
	want("2024-01-03T07:59:00+01:00", true)
	want("2024-01-03T17:00:00+01:00", false)
}
