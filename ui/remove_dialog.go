package ui

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
	"piecewise/ui/view"
)

// mostListed is how many files the remove dialog names.
const mostListed = 200

// askRemove looks up what would be deleted, and then asks.
func (w *Window) askRemove() {
	rows := w.chosen.rows
	w.looks.add(func(ctx context.Context) func() {
		var files []string
		for _, r := range rows {
			more, err := w.cfg.Engine.Removal(ctx, r.ID)
			if err != nil {
				return func() { w.explain("Cannot see which files there are", sentenceOf(err)) }
			}
			files = append(files, more...)
		}
		return func() { w.showRemove(rows, files) }
	})
}

// showRemove asks whether to keep the files. What Enter does keeps them.
func (w *Window) showRemove(rows []*view.Row, files []string) {
	title := "Remove " + rows[0].Title + "?"
	if len(rows) > 1 {
		title = fmt.Sprintf("Remove %s?", format.Plural(len(rows), "torrent", "torrents"))
	}
	remove := func(trash bool) func() { return func() { w.remove(rows, trash) } }
	sh := &sheet{title: title}
	if len(files) == 0 {
		sh.content = wrapped("None of its files is on disk yet, so nothing is deleted.")
		sh.size = fyne.NewSize(480, 130)
		sh.choices = []choice{{label: "Remove from the list", run: remove(false)}, {label: "Cancel"}}
		w.sheets.show(sh)
		return
	}
	head := wrapped("Its files stay where they are, unless you put them in the trash. These would go there, " +
		format.Plural(len(files), "file", "files") + ":")
	list := widget.NewLabel(listing(files))
	list.TextStyle.Monospace = true
	list.SizeName = theme.SizeNameCaptionText
	sh.content = container.NewBorder(head, nil, nil, nil, container.NewScroll(list))
	sh.size = fyne.NewSize(680, 380)
	sh.choices = []choice{
		{label: "Remove from the list", run: remove(false)},
		{label: "Remove and put files in the trash", danger: true, run: remove(true)},
		{label: "Cancel"},
	}
	w.sheets.show(sh)
}

func (w *Window) remove(rows []*view.Row, trash bool) {
	ids := make([]engine.ID, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	w.command("Removing", func(ctx context.Context) error {
		for _, id := range ids {
			if err := w.cfg.Engine.Remove(ctx, id, trash); err != nil {
				return err
			}
		}
		return nil
	})
}

// listing names files, one a line, and counts those it leaves out.
func listing(files []string) string {
	var b strings.Builder
	for _, f := range files[:min(len(files), mostListed)] {
		b.WriteString(format.Text(f) + "\n")
	}
	if more := len(files) - mostListed; more > 0 {
		fmt.Fprintf(&b, "and %s more\n", format.Count(more))
	}
	return b.String()
}

func wrapped(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Wrapping = fyne.TextWrapWord
	return l
}
