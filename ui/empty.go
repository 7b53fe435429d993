package ui

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// newEmpty is what is shown instead of an empty list: where to begin.
func newEmpty(w *Window) fyne.CanvasObject {
	words := widget.NewLabelWithStyle("Drop a .torrent here, open one, or paste a magnet", fyne.TextAlignCenter, fyne.TextStyle{})
	words.SizeName = theme.SizeNameHeadingText
	keys := widget.NewLabelWithStyle("Ctrl+O opens, Ctrl+V pastes a magnet link, an info hash or a link to a .torrent", fyne.TextAlignCenter, fyne.TextStyle{})
	keys.Importance = widget.LowImportance

	open := widget.NewButtonWithIcon("Open a .torrent", theme.FolderOpenIcon(), func() { w.actions.perform(w.actions.find("open")) })
	open.Importance = widget.HighImportance
	row := container.NewHBox(layout.NewSpacer(), open,
		widget.NewButtonWithIcon("Add a link", linkIcon, func() { w.actions.perform(w.actions.find("link")) }))
	if demo := w.actions.find("demo"); demo != nil {
		row.Add(widget.NewButtonWithIcon("See how it works", theme.MediaPlayIcon(), func() { w.actions.perform(demo) }))
	}
	row.Add(layout.NewSpacer())

	icon := canvas.NewImageFromResource(theme.NewThemedResource(theme.DownloadIcon()))
	if w.cfg.Icon != nil {
		icon = canvas.NewImageFromResource(w.cfg.Icon)
	}
	icon.FillMode = canvas.ImageFillContain
	icon.SetMinSize(fyne.NewSize(96, 96))

	gap := canvas.NewRectangle(color.Transparent)
	gap.SetMinSize(fyne.NewSize(1, 10))
	return container.NewCenter(container.NewVBox(icon, gap, words, keys, gap, row))
}
