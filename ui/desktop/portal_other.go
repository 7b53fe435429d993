//go:build !(linux || freebsd || openbsd || netbsd)

package desktop

import (
	"context"

	"fyne.io/fyne/v2"
)

func ask(context.Context, question) ([]string, error) { return nil, errNoPortal }

func windowHandle(fyne.Window) string { return "" }

func showItem(context.Context, string) error { return errNoPortal }
