package ui

import (
	"errors"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
)

// timesEditor has a line for each period of a timetable.
type timesEditor struct {
	f       *form
	content fyne.CanvasObject
	lines   *fyne.Container
	periods []*periodLine
}

// periodLine is one period: its days, and from when to when.
type periodLine struct {
	p        engine.Period
	from, to *field
	content  fyne.CanvasObject
}

// week is the days as the lines have them.
var week = []struct {
	name string
	day  time.Weekday
}{
	{"Mo", time.Monday},
	{"Tu", time.Tuesday},
	{"We", time.Wednesday},
	{"Th", time.Thursday},
	{"Fr", time.Friday},
	{"Sa", time.Saturday},
	{"Su", time.Sunday},
}

// workdays are what a new line begins with.
var workdays = engine.Period{Days: 1<<time.Monday | 1<<time.Tuesday | 1<<time.Wednesday | 1<<time.Thursday | 1<<time.Friday, From: 8 * 60, To: 18 * 60}

func newTimesEditor(f *form, t engine.Timetable) *timesEditor {
	e := &timesEditor{f: f, lines: container.NewVBox()}
	for _, p := range t {
		e.add(p)
	}
	more := f.press("Add a time", func() {
		e.f.touched = true
		line := e.add(workdays)
		e.lines.Refresh()
		f.canvas.Focus(line.from)
	})
	e.content = container.NewVBox(e.lines, container.NewHBox(more))
	return e
}

// timetable returns what the lines say.
func (e *timesEditor) timetable() engine.Timetable {
	var t engine.Timetable
	for _, l := range e.periods {
		t = append(t, l.p)
	}
	return t
}

func (e *timesEditor) add(p engine.Period) *periodLine {
	l := &periodLine{p: p}
	days := container.NewHBox()
	for _, w := range week {
		bit := engine.Days(1) << w.day
		days.Add(e.f.tick(w.name, l.p.Days.Has(w.day), func(on bool) {
			l.p.Days &^= bit
			if on {
				l.p.Days |= bit
			}
		}))
	}
	l.from = e.f.ask("Times", format.Clock(p.From), "8:00", l.readFrom)
	l.to = e.f.ask("Times", format.Clock(p.To), "18:00", clockInto(&l.p.To))
	remove := e.f.press("Remove", func() { e.remove(l) })
	clock := fyne.NewSize(60, l.from.MinSize().Height)
	l.content = container.NewHBox(days, container.NewGridWrap(clock, l.from), widget.NewLabel("to"),
		container.NewGridWrap(clock, l.to), remove)
	e.periods = append(e.periods, l)
	e.lines.Add(l.content)
	return l
}

func (e *timesEditor) remove(l *periodLine) {
	e.periods = slices.DeleteFunc(e.periods, func(o *periodLine) bool { return o == l })
	e.f.forget(l.from, l.to)
	e.lines.Remove(l.content)
	e.f.canvas.Focus(e.f.asked[0].field)
	e.f.changed()
}

func (l *periodLine) readFrom(text string) error {
	if l.p.Days == 0 {
		return errors.New("choose at least one day")
	}
	if err := clockInto(&l.p.From)(text); err != nil {
		return err
	}
	if l.p.From == 24*60 {
		return errors.New("24:00 is the end of a day: begin at 0:00 of the next one")
	}
	return nil
}

func clockInto(minutes *int) func(string) error {
	return func(text string) error {
		n, err := format.ParseClock(text)
		if err == nil {
			*minutes = n
		}
		return err
	}
}
