package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// linkIcon is two links of a chain; Fyne's theme has none.
var linkIcon = theme.NewThemedResource(fyne.NewStaticResource("link.svg", []byte(
	`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">`+
		`<path d="M10 7H7A5 5 0 0 0 7 17H10V15H7A3 3 0 0 1 7 9H10Z" fill="#000000"/>`+
		`<path d="M14 7V9H17A3 3 0 0 1 17 15H14V17H17A5 5 0 0 0 17 7Z" fill="#000000"/>`+
		`<path d="M8 11H16V13H8Z" fill="#000000"/></svg>`)))
