package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// actions are all that the user can do, and the menus made from them.
type actions struct {
	w     *Window
	all   []*action
	menus *fyne.MainMenu
	items map[*action]*fyne.MenuItem // of the main menu
}

// find returns the action with an id, or nil.
func (a *actions) find(id string) *action {
	i := slices.IndexFunc(a.all, func(x *action) bool { return x.id == id })
	if i < 0 {
		return nil
	}
	return a.all[i]
}

// perform does an action, or says why it cannot be done. While a dialog is
// shown, ours or the desktop's, only texts in it can be edited, and the program
// can be left.
func (a *actions) perform(x *action) {
	covered := a.w.win.Canvas().Overlays().Top() != nil
	if a.typed(x) || covered && !x.quit {
		return
	}
	if why := x.disabled(); why != "" {
		a.w.say(why)
		return
	}
	x.run()
}

// typed gives a shortcut to the text field that has the keyboard, if one has:
// the main menu would take it away.
func (a *actions) typed(x *action) bool {
	field, ok := a.w.win.Canvas().Focused().(interface {
		fyne.Shortcutable
		SelectedText() string
	})
	if !ok {
		return false
	}
	switch s := x.shortcut.(type) {
	case *fyne.ShortcutPaste:
		field.TypedShortcut(&fyne.ShortcutPaste{Clipboard: a.w.cfg.App.Clipboard()})
		return true
	case *fyne.ShortcutSelectAll:
		field.TypedShortcut(s)
		return true
	}
	return false
}

// typedKey does the action of a key that nothing else had a use for.
func (a *actions) typedKey(ev *fyne.KeyEvent) {
	if a.w.sheets.typedKey(ev) {
		return
	}
	for _, x := range a.all {
		if x.key == ev.Name {
			a.perform(x)
			return
		}
	}
}

func (a *actions) mainMenu() *fyne.MainMenu {
	a.items = make(map[*action]*fyne.MenuItem)
	a.menus = fyne.NewMainMenu()
	for _, x := range a.all {
		i := slices.IndexFunc(a.menus.Items, func(m *fyne.Menu) bool { return m.Label == x.menu })
		if i < 0 {
			i = len(a.menus.Items)
			a.menus.Items = append(a.menus.Items, fyne.NewMenu(x.menu))
		}
		a.items[x] = a.item(x)
		a.menus.Items[i].Items = appendItem(a.menus.Items[i].Items, x, a.items[x])
	}
	return a.menus
}

// contextMenu is the menu of the selected torrents.
func (a *actions) contextMenu(at fyne.Position) {
	var items []*fyne.MenuItem
	for _, x := range a.all {
		if x.context {
			items = appendItem(items, x, a.item(x))
		}
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), a.w.win.Canvas(), at)
}

func appendItem(items []*fyne.MenuItem, x *action, item *fyne.MenuItem) []*fyne.MenuItem {
	if x.first && len(items) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
	}
	return append(items, item)
}

func (a *actions) item(x *action) *fyne.MenuItem {
	item := fyne.NewMenuItem(x.label, func() { a.perform(x) })
	item.Icon = x.icon
	item.IsQuit = x.quit
	item.Shortcut = x.shortcut
	if x.key != "" {
		item.Shortcut = &desktop.CustomShortcut{KeyName: x.key}
	}
	item.Disabled = x.disabled() != ""
	item.Checked = x.checked != nil && x.checked()
	return item
}

// refresh shows in menu and toolbar what can be done now.
func (a *actions) refresh() {
	changed := false
	for x, item := range a.items {
		disabled, checked := x.disabled() != "", x.checked != nil && x.checked()
		changed = changed || item.Disabled != disabled || item.Checked != checked
		item.Disabled, item.Checked = disabled, checked
	}
	if changed {
		a.menus.Refresh()
	}
	if a.w.toolbar != nil {
		a.w.toolbar.refresh()
	}
}
