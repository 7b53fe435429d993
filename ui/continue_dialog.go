package ui

import (
	"fmt"

	"fyne.io/fyne/v2"

	"piecewise/ui/format"
)

// askContinue asks whether torrents may write to files that were there before them.
// What Enter does leaves them as they are.
func (w *Window) askContinue() {
	var titles []string
	for _, r := range w.chosen.rows {
		if inTheWay(r.Torrent) {
			titles = append(titles, r.Title)
		}
	}
	if len(titles) == 0 {
		return
	}
	title := "Continue in the files of " + titles[0] + "?"
	if len(titles) > 1 {
		title = fmt.Sprintf("Continue in the files of %s?", format.Plural(len(titles), "torrent", "torrents"))
	}
	w.sheets.show(&sheet{
		title: title,
		content: wrapped("Files were there before the torrent and are not as it wants them. If you continue, they are the torrent's from now on: " +
			"what is right in them stays, all else is replaced by what the torrent has there. " +
			"Do this for downloads that another program has begun, not for files whose content you want to keep."),
		size: fyne.NewSize(560, 170),
		choices: []choice{
			{label: "Leave them as they are"},
			{label: "Continue in them", danger: true, run: func() {
				w.each("Continuing", inTheWay, w.cfg.Engine.Continue)
			}},
			{label: "Cancel"},
		},
	})
}
