//go:build linux || freebsd || openbsd || netbsd

package desktop

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// bus starts a message bus of the test's own and returns a connection to it.
func bus(t *testing.T) *dbus.Conn {
	t.Helper()
	daemon, err := exec.LookPath("dbus-daemon")
	if err != nil {
		t.Skip("needs dbus-daemon")
	}
	dir, err := os.MkdirTemp("", "pw") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	config := filepath.Join(dir, "bus.conf")
	xml := fmt.Sprintf(`<busconfig><type>session</type><listen>unix:path=%s/bus</listen><policy context="default">
		<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>`, dir)
	if err := os.WriteFile(config, []byte(xml), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(daemon, "--config-file="+config, "--nofork", "--nopidfile", "--nosyslog", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("dbus-daemon said no address: %v", err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
	conn, err := dbus.Connect(strings.TrimSpace(address))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// portal plays the desktop's part.
type portal struct {
	conn    *dbus.Conn
	version uint32
	refuse  bool
	respond func(p *portal, sender string, path dbus.ObjectPath)
	asked   chan map[string]dbus.Variant
}

func (p *portal) Get(_, property string) (dbus.Variant, *dbus.Error) {
	if property != "version" {
		return dbus.Variant{}, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", nil)
	}
	return dbus.MakeVariant(p.version), nil
}

func (p *portal) OpenFile(sender dbus.Sender, _, _ string, options map[string]dbus.Variant) (dbus.ObjectPath, *dbus.Error) {
	if p.refuse {
		return "", dbus.NewError("org.freedesktop.portal.Error.Failed", nil)
	}
	own := strings.ReplaceAll(strings.TrimPrefix(string(sender), ":"), ".", "_")
	path := dbus.ObjectPath(portalPath + "/request/" + own + "/" + options["handle_token"].Value().(string))
	p.asked <- options
	if p.respond != nil {
		p.respond(p, string(sender), path)
	}
	return path, nil
}

// answer sends a response to one connection only, as the real portal does.
func (p *portal) answer(sender string, path dbus.ObjectPath, code uint32, uris ...string) {
	msg := &dbus.Message{
		Type: dbus.TypeSignal,
		Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldPath:        dbus.MakeVariant(path),
			dbus.FieldInterface:   dbus.MakeVariant(portalRequest),
			dbus.FieldMember:      dbus.MakeVariant("Response"),
			dbus.FieldDestination: dbus.MakeVariant(sender),
			dbus.FieldSignature:   dbus.MakeVariant(dbus.ParseSignatureMust("ua{sv}")),
		},
		Body: []any{code, map[string]dbus.Variant{"uris": dbus.MakeVariant(uris)}},
	}
	p.conn.Send(msg, nil)
}

func (p *portal) open(t *testing.T) {
	t.Helper()
	p.conn = bus(t)
	p.asked = make(chan map[string]dbus.Variant, 1)
	for _, iface := range []string{portalChooser, "org.freedesktop.DBus.Properties"} {
		if err := p.conn.Export(p, portalPath, iface); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.conn.RequestName(portalName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
}

func TestPortalAsks(t *testing.T) {
	p := &portal{version: 4, respond: func(p *portal, sender string, path dbus.ObjectPath) {
		p.answer(sender, path+"other", 0, "file:///wrong") // somebody else's dialog
		p.answer(sender, path, 0, "file:///tmp/a%20b+c%25.torrent", "file:///%C3%BC")
	}}
	p.open(t)
	s := newScreen(t)
	var r reply
	s.PickTorrents(t.Context(), r.many)
	s.step(t)
	if want := []string{"/tmp/a b+c%.torrent", "/ü"}; r.err != nil || !slices.Equal(r.paths, want) {
		t.Errorf("chosen %q, %v, want %q", r.paths, r.err, want)
	}
	options := <-p.asked
	if options["multiple"].Value() != true || !strings.Contains(options["filters"].String(), "[eE]") {
		t.Errorf("asked with %v", options)
	}
}

// A portal refuses options of other types than it knows.
func TestOptionTypes(t *testing.T) {
	want := map[string]string{
		"handle_token": "s", "accept_label": "s", "modal": "b", "multiple": "b", "directory": "b",
		"filters": "a(sa(us))", "current_folder": "ay",
	}
	for _, q := range []question{{torrents: true}, {start: "/tmp"}} {
		for name, v := range q.options("token") {
			if got := v.Signature().String(); got != want[name] {
				t.Errorf("%s has type %s, want %q", name, got, want[name])
			}
		}
	}
}

func TestPortalFolder(t *testing.T) {
	p := &portal{version: 3, respond: func(p *portal, sender string, path dbus.ObjectPath) {
		p.answer(sender, path, 0, "file:///srv")
	}}
	p.open(t)
	s := newScreen(t)
	start := t.TempDir()
	var r reply
	s.PickFolder(t.Context(), start, r.one)
	s.step(t)
	if r.err != nil || !slices.Equal(r.paths, []string{"/srv"}) {
		t.Errorf("chosen %+v", r)
	}
	options := <-p.asked
	if options["directory"].Value() != true || string(options["current_folder"].Value().([]byte)) != start+"\x00" {
		t.Errorf("asked with %v", options)
	}
}

func TestPortalDecidesNothing(t *testing.T) {
	for code := range uint32(2) {
		p := &portal{version: 4, respond: func(p *portal, sender string, path dbus.ObjectPath) {
			p.answer(sender, path, code+1)
		}}
		p.open(t)
		s := newScreen(t)
		r := reply{err: errors.New("not called")}
		s.PickFolder(t.Context(), "", r.one)
		s.step(t)
		if r.err != nil || r.paths[0] != "" {
			t.Errorf("code %d: %+v, want nothing", code+1, r)
		}
	}
}

func TestPortalAnswersNonsense(t *testing.T) {
	p := &portal{version: 4, respond: func(p *portal, sender string, path dbus.ObjectPath) {
		p.answer(sender, path, 0, "sftp://host/file")
	}}
	p.open(t)
	s := newScreen(t)
	var r reply
	s.PickTorrents(t.Context(), r.many)
	s.step(t)
	if r.err == nil {
		t.Errorf("chosen %+v, want an error", r)
	}
}

func TestUselessPortalLeavesItToFyne(t *testing.T) {
	for name, p := range map[string]*portal{"refuses": {version: 4, refuse: true}, "too old": {version: 2}} {
		t.Run(name, func(t *testing.T) {
			p.open(t)
			s := newScreen(t)
			var r reply
			s.PickFolder(t.Context(), "", r.one)
			s.step(t)
			if r.calls != 0 || s.win.Canvas().Overlays().Top() == nil {
				t.Errorf("answered %+v instead of showing a dialog", r)
			}
			tap(t, s.win, "Cancel")
		})
	}
}

func TestBusWithoutPortal(t *testing.T) {
	bus(t)
	s := newScreen(t)
	var r reply
	s.PickTorrents(t.Context(), r.many)
	s.step(t)
	tap(t, s.win, "Cancel")
	if r.calls != 1 {
		t.Errorf("%d answers", r.calls)
	}
}

func TestPortalGoes(t *testing.T) {
	p := &portal{version: 4}
	p.open(t)
	s := newScreen(t)
	var r reply
	s.PickTorrents(t.Context(), r.many)
	<-p.asked
	if _, err := p.conn.ReleaseName(portalName); err != nil {
		t.Fatal(err)
	}
	s.step(t)
	if r.err == nil {
		t.Errorf("answered %+v, want an error", r)
	}
}

func TestEndedContextEndsThePortalsDialog(t *testing.T) {
	p := &portal{version: 4}
	p.open(t)
	s := newScreen(t)
	ctx, cancel := context.WithCancel(t.Context())
	var r reply
	s.PickTorrents(ctx, r.many)
	<-p.asked
	cancel()
	s.step(t)
	if !errors.Is(r.err, context.Canceled) {
		t.Errorf("answered %+v, want context.Canceled", r)
	}
}

func TestFileManagerSelectsFile(t *testing.T) {
	conn := bus(t)
	got := make(chan []string, 1)
	show := func(uris []string, _ string) *dbus.Error {
		got <- uris
		return nil
	}
	err := conn.ExportMethodTable(map[string]any{"ShowItems": show}, "/org/freedesktop/FileManager1", "org.freedesktop.FileManager1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RequestName("org.freedesktop.FileManager1", dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a b")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := newScreen(t)
	opened := errors.New("not called")
	s.OpenFolder(t.Context(), file, func(err error) { opened = err })
	s.step(t)
	if opened != nil || len(s.app.opened) != 0 {
		t.Errorf("error %v, opened %q, want neither", opened, s.app.opened)
	}
	if uris := <-got; !slices.Equal(uris, []string{fileURL(file).String()}) {
		t.Errorf("shown %q", uris)
	}
}

// silent is a socket that takes connections and never says anything.
func silent(t *testing.T, path string) {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
}

func TestSilentBusCostsLittle(t *testing.T) {
	if testing.Short() {
		t.Skip("waits two seconds")
	}
	dir, err := os.MkdirTemp("", "pw")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	silent(t, dir+"/bus")
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", dir)
	began := time.Now()
	_, err = ask(t.Context(), question{torrents: true})
	if d := time.Since(began); !errors.Is(err, errNoPortal) || d > 2*portalPatience {
		t.Errorf("ask: %v after %v", err, d)
	}
}
