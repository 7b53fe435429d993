package terminal

import (
	"slices"
	"strings"
	"testing"

	"piecewise/engine"
)

func TestBar(t *testing.T) {
	v, m, p, f := engine.Verified, engine.Missing, engine.Partial, engine.Failed
	tests := []struct {
		name   string
		pieces *engine.Pieces
		cells  int
		want   string
	}{
		{"no metadata", nil, 4, "····"},
		{"no pieces", engine.NewPieces(nil), 2, "··"},
		{"no room", engine.UniformPieces(3, v), 0, ""},
		{"negative room", engine.UniformPieces(3, v), -1, ""},
		{"one piece", engine.UniformPieces(1, v), 3, "███"},
		{"each a cell", engine.NewPieces([]engine.PieceState{v, m, p, f}), 4, "█···"},
		{"half", engine.NewPieces([]engine.PieceState{v, m, v, m}), 2, "▄▄"},
		{"stretched", engine.NewPieces([]engine.PieceState{v, m}), 4, "██··"},
		{"uneven", engine.NewPieces([]engine.PieceState{v, v, m}), 2, "█▄"},
	}
	for _, tt := range tests {
		if got := bar(tt.pieces, tt.cells, false); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// One piece among 100,000 that differs from the rest is seen.
func TestBarLosesNoPiece(t *testing.T) {
	for _, at := range []int{0, 1, 49_999, 99_999} {
		states := slices.Repeat([]engine.PieceState{engine.Verified}, 100_000)
		states[at] = engine.Missing
		if got := bar(engine.NewPieces(states), 79, false); strings.Count(got, "█") != 78 {
			t.Errorf("missing piece %d: %q", at, got)
		}
		states = make([]engine.PieceState, 100_000)
		states[at] = engine.Verified
		if got := bar(engine.NewPieces(states), 79, false); strings.Count(got, "▁") != 1 {
			t.Errorf("verified piece %d: %q", at, got)
		}
		states[at] = engine.Failed
		if got := bar(engine.NewPieces(states), 79, true); !strings.Contains(got, colorFailed) {
			t.Errorf("failed piece %d: %q", at, got)
		}
	}
}

func TestBarColor(t *testing.T) {
	pieces := engine.NewPieces([]engine.PieceState{engine.Verified, engine.Verified, engine.Requested, engine.Missing})
	want := colorVerified + "██" + colorActive + "·" + colorMissing + "·" + colorOff
	if got := bar(pieces, 4, true); got != want {
		t.Errorf("bar = %q, want %q", got, want)
	}
}

func TestClip(t *testing.T) {
	tests := []struct {
		in      string
		columns int
		want    string
	}{
		{"abc", 3, "abc"},
		{"abcd", 3, "abc"},
		{"", 3, ""},
		{"日本語", 4, "日本"},
		{"日本語", 5, "日本"},
		{"e\u0301x", 1, "e\u0301"},
		{"🎞🎞", 2, "🎞🎞"},
		{"abc", 0, ""},
		{"abc", -1, ""},
	}
	for _, tt := range tests {
		if got := clip(tt.in, tt.columns); got != tt.want {
			t.Errorf("clip(%q, %d) = %q, want %q", tt.in, tt.columns, got, tt.want)
		}
	}
}
