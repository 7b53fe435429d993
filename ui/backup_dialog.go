package ui

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"piecewise/engine"
	"piecewise/ui/format"
)

// askRestore looks up which backups there are, and then asks for one of them.
func (w *Window) askRestore() {
	w.looks.add(func(ctx context.Context) func() {
		list, err := w.cfg.Engine.Backups(ctx)
		return func() {
			switch {
			case err != nil:
				w.explain("Cannot see which backups there are", sentenceOf(err))
			case len(list) == 0:
				w.explain("There is no backup yet", "The list and the settings are backed up once a day, if they have changed.")
			default:
				w.showBackups(list)
			}
		}
	})
}

// showBackups lets the user choose a backup. Nothing is chosen at first.
func (w *Window) showBackups(list []engine.Backup) {
	labels := make([]string, len(list))
	chosen := -1
	for i, b := range list {
		labels[i] = b.Time.Local().Format("Monday, 2 January 2006, 15:04:05") + " · " + format.Plural(b.Torrents, "torrent", "torrents")
	}
	pick := widget.NewRadioGroup(labels, nil)
	pick.OnChanged = func(label string) {
		chosen = -1
		for i := range labels {
			if labels[i] == label {
				chosen = i
			}
		}
	}
	head := wrapped("Piecewise quits. When it is started again, the list and the settings are those of the backup. " +
		"What they replace is kept beside it, and no file of a torrent is touched.")
	w.sheets.show(&sheet{
		title: "Restore a backup", size: fyne.NewSize(560, 360),
		content: container.NewBorder(head, nil, nil, nil, container.NewVScroll(pick)),
		choices: []choice{
			{label: "Restore and quit", stay: func() bool { return chosen < 0 }, run: func() { w.restoreBackup(list[chosen].Name) }},
			{label: "Cancel"},
		},
	})
}

func (w *Window) restoreBackup(name string) {
	w.commands.add(func(ctx context.Context) func() {
		err := w.cfg.Engine.RestoreBackup(ctx, name)
		return func() {
			if err != nil {
				w.explain("The backup cannot be restored", sentenceOf(err))
				return
			}
			w.quit()
		}
	})
}
