//go:build linux || freebsd || openbsd || netbsd

package desktop

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver"
	"github.com/godbus/dbus/v5"
)

const (
	portalName    = "org.freedesktop.portal.Desktop"
	portalPath    = "/org/freedesktop/portal/desktop"
	portalChooser = "org.freedesktop.portal.FileChooser"
	portalRequest = "org.freedesktop.portal.Request"

	withFolders    = 3 // the FileChooser version that can choose folders
	portalPatience = 2 * time.Second
)

// ask lets the portal show its dialog and waits for the decision. Its error is
// errNoPortal as long as no dialog was shown.
func ask(ctx context.Context, q question) ([]string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // closes the connection, and with it the portal's dialog
	conn, err := openPortal(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPortal, err)
	}
	defer conn.Close()

	token := "piecewise" + strings.ToLower(rand.Text())
	own := strings.ReplaceAll(strings.TrimPrefix(conn.Names()[0], ":"), ".", "_")
	path := dbus.ObjectPath(portalPath + "/request/" + own + "/" + token)
	signals, err := listen(ctx, conn, path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPortal, err)
	}
	var handle dbus.ObjectPath
	err = conn.Object(portalName, portalPath).
		CallWithContext(ctx, portalChooser+".OpenFile", 0, q.parent, q.title, q.options(token)).Store(&handle)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoPortal, err)
	}
	return await(ctx, signals, path)
}

// openPortal connects and makes sure, in a short time, that there is a portal
// with the dialog that is needed.
func openPortal(ctx context.Context, q question) (*dbus.Conn, error) {
	conn, err := sessionBusWithin(ctx, portalPatience)
	if err != nil {
		return nil, err
	}
	short, cancel := context.WithTimeout(ctx, portalPatience)
	defer cancel()
	var version uint32
	err = conn.Object(portalName, portalPath).
		CallWithContext(short, "org.freedesktop.DBus.Properties.Get", 0, portalChooser, "version").Store(&version)
	if err == nil && !q.torrents && !q.file && version < withFolders {
		err = fmt.Errorf("file chooser of version %d has no folders", version)
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return conn, nil
}

// sessionBusWithin gives up on a bus that accepts but does not greet.
func sessionBusWithin(ctx context.Context, patience time.Duration) (*dbus.Conn, error) {
	own, giveUp := context.WithCancel(ctx)
	timer := time.AfterFunc(patience, giveUp)
	conn, err := sessionBus(own)
	if !timer.Stop() && err == nil {
		return nil, errors.Join(errors.New("the session bus is too slow"), conn.Close())
	}
	if err != nil {
		giveUp()
		return nil, err
	}
	context.AfterFunc(conn.Context(), giveUp)
	return conn, nil
}

// listen subscribes to the answer, before the question so that it cannot be
// missed, and to the portal's end, after which none would come.
func listen(ctx context.Context, conn *dbus.Conn, path dbus.ObjectPath) (<-chan *dbus.Signal, error) {
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	err := conn.AddMatchSignalContext(ctx, dbus.WithMatchObjectPath(path),
		dbus.WithMatchInterface(portalRequest), dbus.WithMatchMember("Response"))
	if err != nil {
		return nil, err
	}
	return signals, conn.AddMatchSignalContext(ctx, dbus.WithMatchSender("org.freedesktop.DBus"),
		dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, portalName))
}

func await(ctx context.Context, signals <-chan *dbus.Signal, path dbus.ObjectPath) ([]string, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case s, ok := <-signals:
			switch {
			case !ok:
				return nil, errors.New("the session bus has gone")
			case s.Name == portalRequest+".Response" && s.Path == path:
				return chosen(s.Body)
			case s.Name == "org.freedesktop.DBus.NameOwnerChanged" && len(s.Body) == 3 && s.Body[0] == portalName && s.Body[2] == "":
				return nil, errors.New("the desktop portal has gone")
			}
		}
	}
}

// chosen reads an answer: a code, which is 0 unless the dialog was left without
// a decision, and the names.
func chosen(body []any) ([]string, error) {
	var code uint32
	var results map[string]dbus.Variant
	if err := dbus.Store(body, &code, &results); err != nil {
		return nil, fmt.Errorf("read the portal's answer: %w", err)
	}
	if code != 0 {
		return nil, nil
	}
	var uris []string
	if err := results["uris"].Store(&uris); err != nil {
		return nil, fmt.Errorf("read the portal's answer: %w", err)
	}
	paths := make([]string, 0, len(uris))
	for _, uri := range uris {
		u, err := url.Parse(uri)
		if err != nil {
			return nil, fmt.Errorf("read the portal's answer: %w", err)
		}
		if u.Scheme != "file" || !filepath.IsAbs(u.Path) {
			return nil, fmt.Errorf("%s is not a file on this computer", uri)
		}
		paths = append(paths, u.Path)
	}
	return paths, nil
}

// rule and filter have the shapes of the portal's (us) and (sa(us)).
type rule struct {
	Kind    uint32 // 0 = glob pattern
	Pattern string
}

type filter struct {
	Name  string
	Rules []rule
}

func (q question) options(token string) map[string]dbus.Variant {
	o := map[string]dbus.Variant{
		"handle_token": dbus.MakeVariant(token),
		"accept_label": dbus.MakeVariant(q.accept),
		"modal":        dbus.MakeVariant(true),
	}
	if q.torrents {
		o["multiple"] = dbus.MakeVariant(true)
		o["filters"] = dbus.MakeVariant([]filter{
			{"Torrents", []rule{{0, "*.[tT][oO][rR][rR][eE][nN][tT]"}}},
			{"All files", []rule{{0, "*"}}},
		})
	} else if !q.file {
		o["directory"] = dbus.MakeVariant(true)
	}
	if q.start != "" {
		o["current_folder"] = dbus.MakeVariant(append([]byte(q.start), 0))
	}
	return o
}

// windowHandle lets the dialog stay above our window; on Wayland that would
// need a protocol that Fyne does not speak.
func windowHandle(win fyne.Window) string {
	native, ok := win.(driver.NativeWindow)
	if !ok {
		return ""
	}
	handle := ""
	native.RunNative(func(c any) {
		if x11, ok := c.(driver.X11WindowContext); ok && x11.WindowHandle != 0 {
			handle = "x11:" + strconv.FormatUint(uint64(x11.WindowHandle), 16)
		}
	})
	return handle
}

// showItem asks the file manager to select a file.
func showItem(ctx context.Context, path string) error {
	conn, err := sessionBusWithin(ctx, portalPatience)
	if err != nil {
		return err
	}
	defer conn.Close()
	// A file manager that has to be started first takes its time.
	ctx, cancel := context.WithTimeout(ctx, 5*portalPatience)
	defer cancel()
	return conn.Object("org.freedesktop.FileManager1", "/org/freedesktop/FileManager1").
		CallWithContext(ctx, "org.freedesktop.FileManager1.ShowItems", 0, []string{fileURL(path).String()}, "").Err
}
