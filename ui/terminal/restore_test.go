package terminal

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"piecewise/engine"
)

// TestRestore lists the backup that a program has made, and asks for it.
func TestRestore(t *testing.T) {
	profile := t.TempDir()
	restore := func(args ...string) (code int, out, errs string) {
		c, err := Parse(append([]string{"restore", "--profile", profile}, args...))
		if err != nil {
			t.Fatal(err)
		}
		var o, e bytes.Buffer
		code = c.Run(t.Context(), Stdio{&o, &e})
		return code, o.String(), e.String()
	}
	if code, out, _ := restore(); code != 0 || out != "There is no backup yet.\n" {
		t.Errorf("%d, %q", code, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	e := engine.New(engine.Config{Profile: profile, Loopback: true, Listen: netip.MustParseAddrPort("127.0.0.1:0"), NoDHT: true, NoLSD: true, NoPortMapping: true})
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for ctx.Err() == nil {
		select {
		case <-e.Updates():
		case <-look.C:
			if list, _ := e.Backups(ctx); len(list) > 0 {
				cancel()
			}
		}
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	code, out, _ := restore()
	name, _, _ := strings.Cut(out, " ")
	if code != 0 || !strings.HasSuffix(out, "0 torrents\n") {
		t.Fatalf("%d, %q", code, out)
	}
	if code, _, errs := restore("x"); code != 3 || !strings.Contains(errs, "there is no backup") {
		t.Errorf("%d, %q", code, errs)
	}
	if code, out, errs := restore(name); code != 0 || !strings.Contains(out, "next start") {
		t.Errorf("%d, %q, %q", code, out, errs)
	}
}
