package ui

import (
	"context"

	"fyne.io/fyne/v2"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/view"
)

// asEach stands where the torrents differ, and leaves each as it is.
const asEach = "(as each has it)"

// optionsSheet asks for the options of some torrents.
type optionsSheet struct {
	*form
	all     []engine.Options        // of the torrents
	answers []func(*engine.Options) // one for each question; nil leaves it as it is
}

var (
	optionSlots = map[string]int{"": engine.AsSession, "automatic": engine.Automatic}
	optionPeers = map[string]int{"": engine.AsSession, "unlimited": engine.Unlimited}
)

// askOptions shows the options of what is selected.
func (w *Window) askOptions() {
	rows := w.chosen.rows
	title := "Options of " + rows[0].Title
	if len(rows) > 1 {
		title = "Options of " + format.Plural(len(rows), "torrent", "torrents")
	}
	s := newOptionsSheet(&w.sheets, rows)
	sh := &sheet{title: title, content: s.content(), size: fyne.NewSize(600, 430), focus: s.asked[0].field}
	sh.choices = []choice{{label: "Save", stay: s.bad, run: func() { w.saveOptions(rows, s) }}, {label: "Cancel"}}
	s.accept = func() { w.sheets.choose(sh, sh.choices[0]) }
	w.sheets.show(sh)
}

// saveOptions applies the answers to what the torrents have by now.
func (w *Window) saveOptions(rows []*view.Row, s *optionsSheet) {
	s.check()
	chosen := make(map[engine.ID]engine.Options, len(rows))
	for _, r := range rows {
		if now := w.list.Find(r.ID); now != nil {
			chosen[r.ID] = s.answered(now.Options)
		}
	}
	w.command("Setting the options", func(ctx context.Context) error {
		for id, o := range chosen {
			if err := w.cfg.Engine.SetOptions(ctx, id, o); err != nil {
				return err
			}
		}
		return nil
	})
}

func newOptionsSheet(sheets *sheets, rows []*view.Row) *optionsSheet {
	s := &optionsSheet{form: newForm(sheets)}
	for _, r := range rows {
		s.all = append(s.all, r.Options)
	}
	s.row("Download limit", s.rate("Download limit", func(o *engine.Options) *int64 { return &o.Limits.Down }))
	s.row("Upload limit", s.rate("Upload limit", func(o *engine.Options) *int64 { return &o.Limits.Up }))
	s.row("Priority under a limit", pick(s, func(o *engine.Options) *engine.Weight { return &o.Weight },
		[]option[engine.Weight]{{"low", engine.WeightLow}, {"normal", engine.WeightNormal}, {"high", engine.WeightHigh}}))
	s.row("Upload slots", s.number("Upload slots", 0, optionSlots, "automatic", func(o *engine.Options) *int { return &o.Slots }))
	s.row("Connections", s.number("Connections", 1, optionPeers, "unlimited", func(o *engine.Options) *int { return &o.Connections }))
	s.row("Order of the pieces", pick(s, func(o *engine.Options) *bool { return &o.Sequential },
		[]option[bool]{{"rarest first", false}, {"from the beginning to the end", true}}))
	s.row("Before all others", pick(s, func(o *engine.Options) *bool { return &o.EndsFirst },
		[]option[bool]{{"no piece", false}, {"the first and the last of each file", true}}))
	s.row("Super-seeding", pick(s, func(o *engine.Options) *engine.SuperSeed { return &o.SuperSeed },
		[]option[engine.SuperSeed]{
			{"automatic: while the torrent is new", engine.SuperSeedAutomatic},
			{"on", engine.SuperSeedOn},
			{"off", engine.SuperSeedOff},
		}))
	s.note("Super-seeding shows each peer few pieces, so that the first seed sends little more than one copy. " +
		"It ends by itself when the peers have enough copies.")
	return s
}

// answered returns o with the answers.
func (s *optionsSheet) answered(o engine.Options) engine.Options {
	for _, change := range s.answers {
		if change != nil {
			change(&o)
		}
	}
	return o
}

// same returns the text that all torrents have, or asEach.
func (s *optionsSheet) same(text func(*engine.Options) string) string {
	first := text(&s.all[0])
	for i := range s.all {
		if text(&s.all[i]) != first {
			return asEach
		}
	}
	return first
}

// text asks for what is typed; read returns what it changes.
func (s *optionsSheet) text(label, now, empty string, read func(string) (func(*engine.Options), error)) *field {
	i := len(s.answers)
	s.answers = append(s.answers, nil)
	return s.ask(label, now, empty, func(text string) (err error) {
		if s.answers[i] = nil; text == asEach {
			return nil
		}
		s.answers[i], err = read(text)
		return err
	})
}

func (s *optionsSheet) rate(label string, of func(*engine.Options) *int64) *field {
	now := s.same(func(o *engine.Options) string { return format.Limit(*of(o)) })
	return s.text(label, now, "no limit", func(text string) (func(*engine.Options), error) {
		n, err := format.ParseLimit(text)
		return func(o *engine.Options) { *of(o) = n }, err
	})
}

func (s *optionsSheet) number(label string, least int, words map[string]int, none string, of func(*engine.Options) *int) *field {
	now := s.same(func(o *engine.Options) string {
		if *of(o) == words[none] {
			return none
		}
		return numberText(*of(o))
	})
	return s.text(label, now, "as in the settings", func(text string) (func(*engine.Options), error) {
		n, err := format.ParseNumber(text, least, words)
		return func(o *engine.Options) { *of(o) = n }, err
	})
}

// option is one of several values to choose from.
type option[T comparable] struct {
	words string
	value T
}

// pick asks for one of several values.
func pick[T comparable](s *optionsSheet, of func(*engine.Options) *T, options []option[T]) *choiceBox {
	i := len(s.answers)
	s.answers = append(s.answers, nil)
	words := make([]string, len(options))
	for k, o := range options {
		words[k] = o.words
	}
	now := s.same(func(o *engine.Options) string {
		for _, x := range options {
			if *of(o) == x.value {
				return x.words
			}
		}
		return ""
	})
	if now == asEach {
		words = append(words, asEach)
	}
	at := 0
	for k := range words {
		if words[k] == now {
			at = k
		}
	}
	return s.choose(words, at, func(k int) {
		if s.answers[i] = nil; k < len(options) {
			s.answers[i] = func(o *engine.Options) { *of(o) = options[k].value }
		}
	})
}
