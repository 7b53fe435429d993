package terminal

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"piecewise/engine"
)

func TestParseWindow(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", "/data")
	tests := []struct {
		args string
		want Window
	}{
		{"", Window{Config: engine.Config{Profile: "/data/piecewise"}}},
		{"a.torrent magnet:?xt=urn:btih:00 https://x/y.torrent", Window{
			Config:  engine.Config{Profile: "/data/piecewise"},
			Sources: []string{"a.torrent", "magnet:?xt=urn:btih:00", "https://x/y.torrent"},
		}},
		{"--profile /p a.torrent --dir /d --no-dht --no-lsd --no-port-mapping", Window{
			Config:  engine.Config{Profile: "/p", Dir: "/d", NoDHT: true, NoLSD: true, NoPortMapping: true},
			Sources: []string{"a.torrent"},
		}},
		{"--loopback --listen 127.0.0.5:0 --peer 127.0.0.1:1 --peer [::1]:2", Window{
			Config: engine.Config{Profile: "/data/piecewise", Loopback: true, Listen: netip.MustParseAddrPort("127.0.0.5:0")},
			Peers:  []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:1"), netip.MustParseAddrPort("[::1]:2")},
		}},
		{"--listen :6881", Window{Config: engine.Config{Profile: "/data/piecewise", Listen: netip.MustParseAddrPort("0.0.0.0:6881")}}},
		{"--loopback --listen :6881", Window{
			Config: engine.Config{Profile: "/data/piecewise", Loopback: true, Listen: netip.MustParseAddrPort("0.0.0.0:6881")},
		}},
		{"--up-limit 2MiB --down-limit 500kB/s --super-seed --encryption require --no-utp", Window{Config: engine.Config{
			Profile: "/data/piecewise", UpLimit: 2 << 20, DownLimit: 500_000, SuperSeed: true,
			Encryption: engine.EncryptionRequire, NoUTP: true,
		}}},
		{"--no-upload --encryption off", Window{Config: engine.Config{
			Profile: "/data/piecewise", NoUpload: true, Encryption: engine.EncryptionOff,
		}}},
		{"--up-limit 1234 --encryption prefer", Window{Config: engine.Config{
			Profile: "/data/piecewise", UpLimit: 1234, Encryption: engine.EncryptionPrefer,
		}}},
		{"--preallocate", Window{Config: engine.Config{Profile: "/data/piecewise", Preallocate: true}}},
		{"--no-super-seed", Window{Config: engine.Config{Profile: "/data/piecewise", NoSuperSeed: true}}},
		{"--encryption allow", Window{Config: engine.Config{Profile: "/data/piecewise", Encryption: engine.EncryptionAllow}}},
		{"demo --profile /p", Window{Config: engine.Config{Profile: "/p"}, Demo: true}},
	}
	for _, tt := range tests {
		c, err := Parse(strings.Fields(tt.args))
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.args, err)
			continue
		}
		if got, ok := c.Window(); !ok || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("Parse(%q) = %+v, %v, want %+v", tt.args, got, ok, tt.want)
		}
	}
}

func TestParseCommand(t *testing.T) {
	for _, args := range []string{
		"get a.torrent", "get a b --json --seed", "--dir /d get a", "get --loopback --peer 127.0.0.1:1 a", "get --peer 192.0.2.1:5 --listen 192.0.2.2:0 a",
		"show a", "show --json a", "verify a --dir /d", "demo --terminal",
	} {
		c, err := Parse(strings.Fields(args))
		if err != nil {
			t.Errorf("Parse(%q): %v", args, err)
			continue
		}
		if _, ok := c.Window(); ok || c.run == nil {
			t.Errorf("Parse(%q) is for the window", args)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	tests := map[string]string{
		"--nonsense":                         "unknown flag --nonsense",
		"get":                                `expected "<source> ..."`,
		"show a b":                           "unexpected argument b",
		"get a --listen nowhere":             `"nowhere" is not ADDR:PORT`,
		"get a --peer 1.2.3.4":               "not an ip:port",
		"get a --peer 1.2.3.4:0":             "has no port",
		"get a --loopback --peer 1.2.3.4:5":  "is not on this machine",
		"--loopback --listen 192.168.1.1:80": "is not on this machine",
		"a --json":                           "unknown flag --json",
		"get a --up-limit fast":              `"fast" is not a rate such as 2MiB or 500kB`,
		"get a --down-limit=-5MB":            `"-5MB" is not a rate`,
		"get a --up-limit 0":                 `"0" is not between 1kB and 1TB a second`,
		"get a --down-limit 5":               `"5" is not between`,
		"get a --up-limit 2000TB":            `"2000TB" is not between`,
		"get a --up-limit 99999999999EB":     "--up-limit",
		"get a --encryption maybe":           `--encryption: "maybe" is not allow, prefer, require or off`,
		"get a --no-upload --super-seed":     "--no-upload leaves nothing",
		"get a --no-upload --up-limit 1MB":   "--no-upload leaves nothing",
	}
	for args, want := range tests {
		_, err := Parse(strings.Fields(args))
		var out bytes.Buffer
		code := Report(&out, err)
		if err == nil || code != 2 || !strings.Contains(out.String(), want) {
			t.Errorf("Parse(%q): code %d, %q, want 2 and %q", args, code, out.String(), want)
		}
		if strings.Count(out.String(), "\n") != 1 {
			t.Errorf("Parse(%q) tells %q, want one line", args, out.String())
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	tests := map[string]string{
		"--help":        "Exit codes: 0 all went well",
		"get --help":    "--json",
		"get a -h":      "--seed",
		"get -h":        "allow (only if they",
		"--version":     "piecewise " + Version,
		"get --version": "piecewise " + Version,
	}
	for args, want := range tests {
		c, err := Parse(strings.Fields(args))
		if err != nil {
			t.Errorf("Parse(%q): %v", args, err)
			continue
		}
		var out, errs bytes.Buffer
		code := c.Run(t.Context(), Stdio{Out: &out, Err: &errs})
		if _, ok := c.Window(); ok || code != 0 || errs.Len() > 0 || !strings.Contains(out.String(), want) {
			t.Errorf("%q: code %d, %q %q, want %q", args, code, out.String(), errs.String(), want)
		}
	}
}

func TestReport(t *testing.T) {
	why := errors.New("why")
	tests := []struct {
		err  error
		code int
	}{
		{nil, 0},
		{why, 1},
		{&usageError{why}, 2},
		{&startError{why}, 3},
		{fmt.Errorf("run: %w", &startError{why}), 3},
		{engine.ErrProfileInUse, 3},
		{errInterrupted, 130},
	}
	for _, tt := range tests {
		if got := Report(&bytes.Buffer{}, tt.err); got != tt.code {
			t.Errorf("Report(%v) = %d, want %d", tt.err, got, tt.code)
		}
	}
}

func TestGetProfile(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", "/state")
	t.Chdir(t.TempDir())
	of := func(dir string, sources ...string) string {
		p, err := getProfile(dir, sources)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	here := of(".", "a", "b")
	if ok, _ := filepath.Match("/state/piecewise/get/????????????????", here); !ok {
		t.Errorf("the profile is %q", here)
	}
	abs, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	if same := of(abs, "a", "b"); same != here {
		t.Errorf("%q and %q for the same folder", here, same)
	}
	for _, other := range []string{of("..", "a", "b"), of(".", "a"), of(".", "ab"), of(".", "b", "a")} {
		if other == here {
			t.Errorf("%q for different downloads", here)
		}
	}
	t.Setenv("XDG_STATE_HOME", "relative")
	t.Setenv("HOME", "/home/me")
	if got := of(".", "a"); !strings.HasPrefix(got, "/home/me/.local/state/piecewise/get/") {
		t.Errorf("without XDG_STATE_HOME the profile is %q", got)
	}
}
