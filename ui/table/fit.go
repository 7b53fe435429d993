package table

import (
	"unicode"

	"fyne.io/fyne/v2"
)

const (
	ellipsis = "…"
	mostFits = 4096 // kept results, above what any screen shows
)

// fitter cuts texts to a width. It keeps results, because measuring is slow.
type fitter struct {
	size  float32
	style fyne.TextStyle
	kept  map[fitKey]string
}

type fitKey struct {
	text  string
	width int32 // tenths of a pixel
}

// fit returns text if it is no wider than width, and else as much of its start
// as fits before an ellipsis.
func (f *fitter) fit(text string, width float32) string {
	if text == "" || width <= 0 {
		return ""
	}
	key := fitKey{text, int32(width * 10)}
	if out, ok := f.kept[key]; ok {
		return out
	}
	if f.kept == nil || len(f.kept) >= mostFits {
		f.kept = make(map[fitKey]string)
	}
	out := f.cut(text, width)
	f.kept[key] = out
	return out
}

// reset is called when texts are measured in another way than before.
func (f *fitter) reset(size float32) { *f = fitter{size: size, style: f.style} }

func (f *fitter) width(text string) float32 {
	return fyne.MeasureText(text, f.size, f.style).Width
}

func (f *fitter) cut(text string, width float32) string {
	full := f.width(text)
	if full <= width {
		return text
	}
	runes := []rune(text)
	// Fits with an ellipsis: low runes do, high do not.
	low, high := -1, len(runes)
	for guess := int(float32(len(runes)) * width / full); high-low > 1; guess = (low + high) / 2 {
		guess = min(max(guess, low+1), high-1)
		if f.width(string(runes[:guess])+ellipsis) <= width {
			low = guess
		} else {
			high = guess
		}
	}
	if low < 0 {
		return ""
	}
	for low > 0 && unicode.In(runes[low], unicode.M) {
		low-- // do not part a letter from its marks
	}
	return string(runes[:low]) + ellipsis
}
