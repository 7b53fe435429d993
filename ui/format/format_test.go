package format

import (
	"testing"
	"time"
)

func TestSize(t *testing.T) {
	tests := map[int64]string{
		-1: None, 0: "0 B", 7: "7 B", 15: "15 B", 999: "999 B", 1000: "1.00 kB", 1004: "1.00 kB", 1005: "1.01 kB",
		999_499: "999 kB", 999_500: "1.00 MB", 999_999: "1.00 MB", 1_000_000: "1.00 MB", 660_000_000: "660 MB",
		9_200_000: "9.20 MB", 5_912_345_678: "5.91 GB", 1e9: "1.00 GB", 1e12: "1.00 TB", 1e15: "1.00 PB", 1e18: "1.00 EB",
		999_999_999_999: "1.00 TB", 1<<63 - 1: "9.22 EB",
	}
	for in, want := range tests {
		if got := Size(in); got != want {
			t.Errorf("Size(%d) = %q, want %q", in, got, want)
		}
	}
}

func TestRate(t *testing.T) {
	for in, want := range map[int64]string{-5: None, 0: None, 512: "512 B/s", 9_200_000: "9.20 MB/s"} {
		if got := Rate(in); got != want {
			t.Errorf("Rate(%d) = %q, want %q", in, got, want)
		}
	}
}

func TestCount(t *testing.T) {
	for in, want := range map[int]string{-1: None, 0: "0", 2114: "2,114"} {
		if got := Count(in); got != want {
			t.Errorf("Count(%d) = %q, want %q", in, got, want)
		}
	}
	if got := Plural(1, "peer", "peers") + ", " + Plural(1234, "peer", "peers"); got != "1 peer, 1,234 peers" {
		t.Errorf("Plural = %q", got)
	}
}

func TestPercent(t *testing.T) {
	tests := []struct {
		part, whole int64
		want        string
	}{
		{0, 0, "100 %"},
		{0, 10, "0 %"},
		{-1, 10, "0 %"},
		{1, 3, "33 %"},
		{999_999, 1_000_000, "99 %"},
		{1<<62 - 1, 1 << 62, "99 %"},
		{10, 10, "100 %"},
		{11, 10, "100 %"},
	}
	for _, tt := range tests {
		if got := Percent(tt.part, tt.whole); got != tt.want {
			t.Errorf("Percent(%d, %d) = %q, want %q", tt.part, tt.whole, got, tt.want)
		}
	}
}

func TestRatio(t *testing.T) {
	for in, want := range map[float64]string{0: None, 0.004: "0.00", 1: "1.00", 12.34: "12.3", 123.4: "123", 12345: "12,345"} {
		if got := Ratio(in); got != want {
			t.Errorf("Ratio(%v) = %q, want %q", in, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	const day = 24 * time.Hour
	tests := map[time.Duration]string{
		-1: None, 0: "0 s", 14 * time.Second: "14 s", 59999 * time.Millisecond: "59 s", 3*time.Minute + 50*time.Second: "3 min",
		2*time.Hour + 5*time.Minute: "2 h 5 min", 2 * time.Hour: "2 h", 3*day + 4*time.Hour: "3 d 4 h", 40 * day: "40 d",
		500 * day: "over a year", 1<<63 - 1: "over a year",
	}
	for in, want := range tests {
		if got := Duration(in); got != want {
			t.Errorf("Duration(%d) = %q, want %q", in, got, want)
		}
	}
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	tests := []struct{ got, want string }{
		{Ago(now.Add(-3*time.Minute), now), "3 minutes ago"},
		{Ago(time.Time{}, now), None},
		{In(now.Add(3*time.Minute), now), "in 3 min"},
		{In(now.Add(-time.Minute), now), "now"},
		{In(time.Time{}, now), None},
		{Moment(now), "21 Nov 2026, 12:00"},
		{Moment(time.Time{}), None},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
}
