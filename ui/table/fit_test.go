package table

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"
)

func TestFit(t *testing.T) {
	test.NewTempApp(t)
	f := fitter{size: 13}
	for _, text := range []string{"", "short", "a name that is too long for its column", "שלום עולם זה שם ארוך", "e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301", "🎬🎬🎬🎬🎬🎬"} {
		for _, width := range []float32{-1, 0, 3, 20, 41.7, 80, 500} {
			got := f.fit(text, width)
			if f.width(got) > max(width, 0) {
				t.Errorf("fit(%q, %g) = %q is %g wide", text, width, got, f.width(got))
			}
			start, cut := strings.CutSuffix(got, ellipsis)
			if !strings.HasPrefix(text, start) || cut == (got == text) && text != "" && got != "" {
				t.Errorf("fit(%q, %g) = %q", text, width, got)
			}
			if rest := text[len(start):]; cut && strings.HasPrefix(rest, "\u0301") {
				t.Errorf("fit(%q, %g) = %q parts a letter from its accent", text, width, got)
			}
			if again := f.fit(text, width); again != got {
				t.Errorf("fit(%q, %g) = %q, then %q", text, width, got, again)
			}
		}
	}
	// One more letter must not have fitted.
	long := strings.Repeat("abc ", 20)
	got, _ := strings.CutSuffix(f.fit(long, 100), ellipsis)
	if f.width(long[:len(got)+1]+ellipsis) <= 100 {
		t.Errorf("%q could be longer", got)
	}
}
