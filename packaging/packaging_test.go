//go:build linux

package packaging

import (
	"context"
	"encoding/xml"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const id = "io.github.piecewise.Piecewise"

// computer is a directory of commands that stands for what is installed: only
// these and the base system's own are found.
type computer struct {
	bin    string
	policy string // stands for /usr/sbin/policy-rc.d
	env    []string
}

// inputs reads what other programs run for a test, so that go test does not
// repeat an old result when only that has changed.
func inputs(t *testing.T) {
	t.Helper()
	for _, pattern := range []string{"*.sh", "linux/*", "../Makefile", "../assets/icon*.svg", "../assets/icons/*"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			read(t, name)
		}
	}
}

// newComputer links the base system's commands that the scripts use.
func newComputer(t *testing.T) computer {
	t.Helper()
	inputs(t)
	c := computer{bin: t.TempDir(), policy: filepath.Join(t.TempDir(), "policy-rc.d")}
	c.env = []string{"PATH=" + c.bin, "HOME=" + t.TempDir(), "POLICY_RC_D=" + c.policy}
	for _, name := range []string{"sh", "dirname", "basename", "sed", "uname", "chmod", "rm"} {
		path, err := exec.LookPath(name)
		if err != nil {
			t.Skipf("needs %s", name)
		}
		if err := os.Symlink(path, filepath.Join(c.bin, name)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

// add puts a command onto the computer.
func (c computer) add(t *testing.T, name, script string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

// run runs a script of this directory in the project's root without a terminal.
func (c computer) run(t *testing.T, script string, args ...string) (output string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/bin/sh", append([]string{"packaging/" + script}, args...)...)
	cmd.Dir = ".."
	cmd.Env = c.env
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestPackages(t *testing.T) {
	const nothingInstalled = "exit 1"
	tests := []struct {
		name     string
		set      string
		commands map[string]string
		code     int
		says     string
	}{
		{"all there", "compiler", map[string]string{"gcc": "", "g++": ""}, 0, ""},
		{"window all there", "window", map[string]string{"gcc": "", "g++": "", "pkg-config": ""}, 0, ""},
		{"headers missing", "window", map[string]string{
			"gcc": "", "g++": "", "pkg-config": "exit 1", "apt-get": "", "dpkg-query": nothingInstalled, "id": "echo 0",
		}, 0, "Installing: gcc g++ pkg-config libgl1-mesa-dev xorg-dev libwayland-dev libxkbcommon-dev"},
		{"part is installed", "compiler", map[string]string{
			"apt-get": "", "dpkg-query": `for p; do :; done; [ "$p" = gcc ] && printf installed`, "id": "echo 0",
		}, 0, "Installing: g++"},
		{"user without a terminal", "compiler", map[string]string{
			"apt-get": "echo never; exit 9", "dpkg-query": nothingInstalled, "id": "echo 1000", "sudo": "echo never",
		}, 1, "sudo apt-get install gcc g++"},
		{"other system", "compiler", map[string]string{}, 1, "Install"},
		{"macOS", "window", map[string]string{"uname": "echo Darwin"}, 1, "xcode-select"},
		{"Windows", "window", map[string]string{"uname": "echo MINGW64_NT"}, 1, "MSYS2"},
		{"no such set", "everything", map[string]string{}, 2, "usage"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newComputer(t)
			for name, script := range tt.commands {
				os.Remove(filepath.Join(c.bin, name))
				c.add(t, name, script)
			}
			out, code := c.run(t, "linux/packages.sh", tt.set)
			if code != tt.code || !strings.Contains(out, tt.says) || strings.Contains(out, "never") {
				t.Errorf("exit code %d, want %d; said %q, want %q", code, tt.code, out, tt.says)
			}
			if tt.says == "" && out != "" {
				t.Errorf("said %q, want nothing", out)
			}
		})
	}
}

// No server that a package brings may start: it would be open to the network.
func TestPackagesStartNoServices(t *testing.T) {
	c := newComputer(t)
	c.add(t, "id", "echo 0")
	c.add(t, "dpkg-query", "exit 1")
	c.add(t, "apt-get", `"$POLICY_RC_D"; echo "policy $?"`)
	c.add(t, "systemctl", `echo systemctl "$@"`)
	out, code := c.run(t, "linux/packages.sh", "test")
	if code != 0 || strings.Count(out, "policy 101") != 2 {
		t.Errorf("exit code %d, said %q, want the policy in force for update and install", code, out)
	}
	for _, service := range []string{"transmission-daemon", "opentracker"} {
		if !strings.Contains(out, "systemctl disable --quiet "+service) {
			t.Errorf("%s stays enabled: %s", service, out)
		}
	}
	if _, err := os.Stat(c.policy); err == nil {
		t.Error("the policy stayed behind")
	}

	// An administrator's own policy stays as it is.
	if err := os.WriteFile(c.policy, []byte("#!/bin/sh\nexit 7\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, _ := c.run(t, "linux/packages.sh", "test"); !strings.Contains(out, "policy 7") {
		t.Errorf("said %q, want the policy that was there", out)
	}
	if !strings.Contains(read(t, c.policy), "exit 7") {
		t.Error("the policy that was there is lost")
	}
}

func TestGo(t *testing.T) {
	tests := []struct {
		name, version string // no version: no Go
		code          int
		says          string
	}{
		{"none", "", 1, "https://go.dev/dl/"},
		{"too old", "go1.19.8", 1, "Go here is go1.19.8"},
		{"fetches", "go1.22.2", 0, "toolchain=auto"},
		{"right", "go1.26.8", 0, "toolchain=local"},
		{"later", "go1.30", 0, "toolchain=local"},
		{"development", "devel go1.27-abcdef", 0, "toolchain=local"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newComputer(t)
			c.env = append(c.env, "GOTOOLCHAIN=local")
			if tt.version == "" {
				if _, err := os.Stat("/usr/local/go/bin/go"); err == nil {
					t.Skip("Go is where it is looked for without PATH")
				}
			} else {
				c.add(t, "go", `[ "$1" = env ] && { echo "`+tt.version+`"; exit; }; echo "$@" toolchain=$GOTOOLCHAIN`)
			}
			c.add(t, "gcc", "")
			c.add(t, "g++", "")
			out, code := c.run(t, "build.sh", "headless")
			if code != tt.code || !strings.Contains(out, tt.says) {
				t.Errorf("exit code %d, want %d; said %q, want %q", code, tt.code, out, tt.says)
			}
			if code == 0 && !strings.Contains(out, "build -tags ci,migrated_fynedo,nosqlite") {
				t.Errorf("said %q, want a build without OpenGL", out)
			}
		})
	}
}

func TestInstall(t *testing.T) {
	inputs(t)
	binary := filepath.Join(t.TempDir(), "built")
	if err := os.WriteFile(binary, []byte("program"), 0o600); err != nil {
		t.Fatal(err)
	}
	dest := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "make", "-C", "..", "install", "PREFIX=/opt/p", "DESTDIR="+dest, "BINARY="+binary)
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("needs make")
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("make install: %v\n%s", err, out)
	}
	share := filepath.Join(dest, "opt/p/share")
	desktop := filepath.Join(share, "applications", id+".desktop")
	metainfo := filepath.Join(share, "metainfo", id+".metainfo.xml")
	modes := map[string]os.FileMode{
		filepath.Join(dest, "opt/p/bin/piecewise"): 0o755,
		desktop:  0o644,
		metainfo: 0o644,
		filepath.Join(share, "licenses/piecewise/LICENSE"):             0o644,
		filepath.Join(share, "icons/hicolor/16x16/apps", id+".png"):    0o644,
		filepath.Join(share, "icons/hicolor/512x512/apps", id+".png"):  0o644,
		filepath.Join(share, "icons/hicolor/scalable/apps", id+".svg"): 0o644,
	}
	for path, mode := range modes {
		fi, err := os.Stat(path)
		if err != nil {
			t.Error(err)
		} else if fi.Mode() != mode {
			t.Errorf("%s has mode %v, want %v", path, fi.Mode(), mode)
		}
	}
	validate(t, "desktop-file-validate", desktop)
	validate(t, "appstreamcli", "validate", "--no-net", metainfo)
}

func validate(t *testing.T, name string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Logf("%s is not installed", name)
		return
	}
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", name, err, out)
	}
}

// What a desktop is told must be the same everywhere, or it does not find the
// window that belongs to a start.
func TestFilesAgree(t *testing.T) {
	desktop := read(t, "linux/"+id+".desktop")
	for _, line := range []string{
		"Exec=piecewise %U", "Icon=" + id, "StartupWMClass=Piecewise",
		"MimeType=application/x-bittorrent;x-scheme-handler/magnet;",
	} {
		if !strings.Contains(desktop, line+"\n") {
			t.Errorf("the desktop entry lacks %q", line)
		}
	}
	var component struct {
		ID         string   `xml:"id"`
		Launchable string   `xml:"launchable"`
		Types      []string `xml:"provides>mediatype"`
		Releases   []struct {
			Version string `xml:"version,attr"`
		} `xml:"releases>release"`
	}
	if err := xml.Unmarshal([]byte(read(t, "linux/"+id+".metainfo.xml")), &component); err != nil {
		t.Fatal(err)
	}
	if component.ID != id || component.Launchable != id+".desktop" || len(component.Types) != 2 {
		t.Errorf("the metainfo says %+v", component)
	}
	app := read(t, "../FyneApp.toml")
	if !strings.Contains(app, `ID = "`+id+`"`) || !strings.Contains(app, `Version = "`+component.Releases[0].Version+`"`) {
		t.Errorf("FyneApp.toml and the metainfo disagree on id or version %s", component.Releases[0].Version)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
