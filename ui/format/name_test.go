package format

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestName(t *testing.T) {
	tests := map[string]string{
		"debian-13.iso":      "debian-13.iso",
		"a\u202egnp.exe":     `a\u202egnp.exe`,
		"a\u2066b\u2069":     `a\u2066b\u2069`,
		"\u200e\u200f\u061c": `\u200e\u200f\u061c`,
		"zero\u200bwidth":    `zero\u200bwidth`,
		"\ufeffbom":          `\ufeffbom`,
		"two\nlines\r\t":     `two\nlines\r\t`,
		"nul\x00esc\x1b[0m":  `nul\u0000esc\u001b[0m`,
		"c1\u0085":           `c1\u0085`,
		"bad\xff\xc3":        `bad\xff\xc3`,
		"\u2028\u2029":       `\u2028\u2029`,
		"nb\u00a0sp":         `nb\u00a0sp`,
		"tag\U000e0041":      `tag\U000e0041`,
		"filler\u3164":       `filler\u3164`,
		"שלום עולם":          "שלום עולם",
		"日本語　é":              "日本語　é",
		"😀":                  "😀",
		"":                   "",
	}
	for in, want := range tests {
		if got := Name(in); got != want {
			t.Errorf("Name(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Name(strings.Repeat("é", 1000)); got != strings.Repeat("é", 300)+"…" {
		t.Errorf("a long name has %d runes", utf8.RuneCountInString(got))
	}
	if got := Name(strings.Repeat("e", 300)); strings.HasSuffix(got, "…") {
		t.Error("a name of 300 runes is cut")
	}
	if got := Text(strings.Repeat("e", 300) + "\n"); !strings.HasSuffix(got, `e\n`) {
		t.Errorf("Text cuts like Name: %q", got)
	}
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"plain", "a\u202egnp.exe", "\x00\x1b\x7f\u0085", "bad\xff", strings.Repeat("é", 400), "שלום\u200f", "\U000e0041"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Name(s)
		if !utf8.ValidString(got) {
			t.Fatalf("Name(%q) = %q is no valid UTF-8", s, got)
		}
		for _, r := range got {
			if r < ' ' || r >= 0x7f && r < 0xa0 || hostile(r) {
				t.Fatalf("Name(%q) = %q lets %U through", s, got, r)
			}
		}
		if n := utf8.RuneCountInString(got); n > maxName*10+1 {
			t.Fatalf("Name of %d bytes has %d runes", len(s), n)
		}
	})
}
