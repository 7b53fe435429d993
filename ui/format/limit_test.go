package format

import (
	"strings"
	"testing"
)

func TestLimit(t *testing.T) {
	tests := []struct {
		rate int64
		want string
	}{
		{-1, ""},
		{0, "nothing"},
		{500_000, "500 kB/s"},
		{512_000, "500 KiB/s"},
		{1_500_000, "1.5 MB/s"},
		{2 << 20, "2 MiB/s"},
		{3 << 19, "1.5 MiB/s"},
		{1_234_567, "1234567 B/s"},
		{1_000, "1 kB/s"},
		{5e9, "5 GB/s"},
		{1 << 62, "4611686018427387904 B/s"},
	}
	for _, tt := range tests {
		if got := Limit(tt.rate); got != tt.want {
			t.Errorf("Limit(%d) = %q, want %q", tt.rate, got, tt.want)
		}
		if got, err := ParseLimit(tt.want); tt.rate <= mostLimit && (err != nil || got != tt.rate) {
			t.Errorf("ParseLimit(%q) = %d, %v, want %d", tt.want, got, err, tt.rate)
		}
	}
}

func TestParseLimit(t *testing.T) {
	tests := []struct {
		text string
		want int64
	}{
		{" Unlimited ", NoLimit},
		{"none", NoLimit},
		{"500 kB", 500_000},
		{"500KB/s", 500_000},
		{"500k", 500_000},
		{"2 mib", 2 << 20},
		{"2 Mi", 2 << 20},
		{"1,5 MB", 1_500_000},
		{".5 MB", 500_000},
		{"2000 b", 2000},
	}
	for _, tt := range tests {
		if got, err := ParseLimit(tt.text); err != nil || got != tt.want {
			t.Errorf("ParseLimit(%q) = %d, %v, want %d", tt.text, got, err, tt.want)
		}
	}
	refused := map[string]string{
		"abc": "not a rate", "-5 MB": "not a rate", "0": "let nothing through", "0 kB": "let nothing through",
		"500": "500 kB or 500 MB", "5 parsecs": "not a unit", "5 B": "between 1 kB and 1 TB", "9 PB": "not a unit",
		"2000 TB": "between 1 kB and 1 TB", "NaN": "not a rate", "Inf kB": "not a rate", "0x10 MB": "not a rate",
		"1e3 MB": "not a rate", "1 2 MB": "not a rate", "\u202e5 MB": "not a rate",
	}
	for text, want := range refused {
		if got, err := ParseLimit(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseLimit(%q) = %d, %v, want %q", text, got, err, want)
		}
	}
}

func TestParseNumber(t *testing.T) {
	words := map[string]int{"": -2, "automatic": -1}
	for text, want := range map[string]int{"": -2, " Automatic": -1, "12": 12, "1": 1} {
		if got, err := ParseNumber(text, 1, words); err != nil || got != want {
			t.Errorf("ParseNumber(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]string{"0": "not between 1 and", "x": "whole number", "1.5": "whole number", "70000": "65,535", "-1": "between"} {
		if got, err := ParseNumber(text, 1, words); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseNumber(%q) = %d, %v, want %q", text, got, err, want)
		}
	}
}

func TestClock(t *testing.T) {
	for text, want := range map[string]int{"8:00": 480, "08:30": 510, "22.15": 1335, "7": 420, "24:00": 1440, "0:00": 0} {
		if got, err := ParseClock(text); err != nil || got != want {
			t.Errorf("ParseClock(%q) = %d, %v, want %d", text, got, err, want)
		}
		if got, err := ParseClock(Clock(want)); err != nil || got != want {
			t.Errorf("%q does not come back: %d, %v", Clock(want), got, err)
		}
	}
	for _, text := range []string{"", "x", "24:01", "25", "8:60", "8:5", "-1:00", "8:00 pm"} {
		if got, err := ParseClock(text); err == nil {
			t.Errorf("ParseClock(%q) = %d", text, got)
		}
	}
}
