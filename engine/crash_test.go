package engine

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"piecewise/engine/internal/disk"
	"piecewise/engine/internal/hash"
	"piecewise/engine/internal/plane"
	"piecewise/engine/internal/store"
)

// crashRate is what the seed gives, so that downloads are under way when they are cut.
const crashRate = 6_000_000 // bytes/s

// crashTorrents are made by the seed: one of several files, one of one file, and one
// of which a file of the user's is in the way.
var crashTorrents = map[string]map[string]int{
	"several": {"several/a.bin": 1_500_000, "several/sub/b.bin": 2_100_001, "several/sub/c.bin": 10, "several/empty": 0, "several/d.bin": 2_000_000},
	"one.bin": {"one.bin": 5_000_000},
	"taken":   {"taken/mine.bin": 300_000, "taken/free.bin": 900_000},
}

// decoys are files of the user's, by their paths below the disks.
var decoys = []string{
	"1/data/precious.txt", "1/data/several/notes.txt", "1/data/taken/mine.bin", "2/away/taken/mine.bin",
	"1/other/one.bin.bak", "1/made/x.bin", "1/made/sub/y.bin",
}

// world is two disks, 1 and 2, with a profile, torrents and files of the user's.
type world struct {
	t        *testing.T
	dir      string
	torrents map[string]string // paths of .torrent files, by name
	ids      []ID
	disks    bool // they are file systems of their own, so that a power cut can be made
	sums     map[string][32]byte
}

// TestCrash kills the program at random moments while it downloads, moves, checks,
// creates and removes torrents. Then no piece is claimed that is not right, none that
// was claimed is lost, and no file of the user's is touched. Where file systems can be
// mounted, the power is cut as well: what was not synced is gone.
func TestCrash(t *testing.T) {
	for _, cut := range []bool{false, true} {
		t.Run(map[bool]string{false: "killed", true: "power cut"}[cut], func(t *testing.T) {
			t.Parallel()
			moments := 3
			if os.Getenv("PIECEWISE_E2E") == "full" {
				moments = 100
			}
			w := newWorld(t, cut)
			seed := w.seed()
			for i := range moments {
				w.crash(seed, uint64(i))
				w.audit(i)
				if t.Failed() {
					return
				}
			}
		})
	}
}

func newWorld(t *testing.T, disks bool) *world {
	w := &world{t: t, dir: t.TempDir(), torrents: map[string]string{}, disks: disks, sums: map[string][32]byte{}}
	if disks {
		w.makeDisks()
	}
	for i, name := range decoys {
		path := filepath.Join(w.dir, name)
		b := make([]byte, 200_000+i)
		rand.NewChaCha8([32]byte{byte(i), 9}).Read(b)
		must[any](t)(nil, os.MkdirAll(filepath.Dir(path), 0o755))
		must[any](t)(nil, os.WriteFile(path, b, 0o644))
		w.sums[name] = sha256.Sum256(b)
	}
	if disks {
		w.remount(false)
	}
	return w
}

// makeDisks mounts two file systems, each of a file.
func (w *world) makeDisks() {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		w.t.Skip("only root can mount file systems, on Linux")
	}
	for _, n := range []string{"1", "2"} {
		img, at := w.image(n), filepath.Join(w.dir, n)
		must[any](w.t)(nil, os.Mkdir(at, 0o755))
		f := must[*os.File](w.t)(os.Create(img))
		must[any](w.t)(nil, f.Truncate(192<<20))
		must[any](w.t)(nil, f.Close())
		for _, args := range [][]string{{"mkfs.ext4", "-q", "-F", img}, {"mount", "-o", "loop", img, at}} {
			if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
				w.t.Skipf("no file system can be mounted here: %v: %s", err, out)
			}
		}
		w.t.Cleanup(func() { w.run("umount", at) })
	}
}

func (w *world) image(n string) string { return filepath.Join(w.dir, "disk"+n) }

func (w *world) run(args ...string) {
	w.t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		w.t.Fatalf("%q: %v: %s", args, err, out)
	}
}

// remount takes the disks out and puts them in again. With cut they are then as a
// power cut at the beginning has left them: what is in the file of a disk is what
// its file system had given to it.
func (w *world) remount(cut bool) {
	if cut {
		for _, n := range []string{"1", "2"} {
			w.run("cp", "--sparse=always", w.image(n), w.image(n)+".cut")
		}
	}
	for _, n := range []string{"1", "2"} {
		w.run("umount", filepath.Join(w.dir, n))
		if cut {
			must[any](w.t)(nil, os.Rename(w.image(n)+".cut", w.image(n)))
		}
		w.run("mount", "-o", "loop", w.image(n), filepath.Join(w.dir, n))
	}
}

// seed starts an engine that has all torrents, and gives them slowly.
func (w *world) seed() netip.AddrPort {
	from := w.t.TempDir()
	cfg := loopbackConfig(filepath.Join(from, "p"), from)
	cfg.UpLimit = crashRate
	s := launch(w.t, cfg)
	for _, name := range slices.Sorted(maps.Keys(crashTorrents)) {
		dir := filepath.Join(from, name)
		for file, size := range crashTorrents[name] {
			path := filepath.Join(dir, file)
			b := make([]byte, size)
			rand.NewChaCha8(sha256.Sum256([]byte(file))).Read(b)
			must[any](w.t)(nil, os.MkdirAll(filepath.Dir(path), 0o755))
			must[any](w.t)(nil, os.WriteFile(path, b, 0o644))
		}
		content := must[*Content](w.t)(LookAt(w.t.Context(), filepath.Join(dir, name), nil, ""))
		made := must[*Created](w.t)(Create(w.t.Context(), content, CreateOptions{PieceLength: 32 << 10}, nil))
		w.torrents[name] = filepath.Join(w.dir, name+".torrent")
		must[any](w.t)(nil, os.WriteFile(w.torrents[name], made.Raw, 0o644))
		id := s.add(w.torrents[name], AddOptions{Dir: dir})
		s.awaitState(id, Seeding)
		w.ids = append(w.ids, id)
	}
	return s.addr()
}

// crash runs the program for a moment and kills it.
func (w *world) crash(seed netip.AddrPort, moment uint64) {
	w.t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.count=1")
	child.Env = append(os.Environ(), "PIECEWISE_CRASH="+w.dir, "PIECEWISE_CRASH_SEED="+seed.String(),
		fmt.Sprint("PIECEWISE_CRASH_MOMENT=", moment), "XDG_DATA_HOME="+filepath.Join(w.dir, "1", "xdg"))
	out, err := child.StdoutPipe()
	must[any](w.t)(nil, err)
	must[any](w.t)(nil, child.Start())
	lines := bufio.NewScanner(out)
	ready := false
	for !ready && lines.Scan() {
		ready = lines.Text() == "ready"
	}
	random := rand.New(rand.NewPCG(moment, 1))
	time.Sleep(time.Duration(random.Int64N(int64(3 * time.Second)))) // this is the random moment
	must[any](w.t)(nil, child.Process.Kill())
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	if err := child.Wait(); !ready || err == nil || !strings.Contains(err.Error(), "killed") {
		w.t.Fatalf("the program ended by itself: %v: %q", err, said)
	}
	w.t.Logf("moment %d: %s", moment, strings.Join(said, ", "))
	if w.disks {
		w.remount(true)
	}
}

// TestCrashChild is the program that TestCrash kills.
func TestCrashChild(t *testing.T) {
	dir := os.Getenv("PIECEWISE_CRASH")
	if dir == "" {
		t.Skip("only for TestCrash")
	}
	var moment uint64
	fmt.Sscan(os.Getenv("PIECEWISE_CRASH_MOMENT"), &moment)
	c := &crasher{
		bench: launch(t, loopbackConfig(filepath.Join(dir, "1", "p"), filepath.Join(dir, "1", "data"))),
		dir:   dir, seed: netip.MustParseAddrPort(os.Getenv("PIECEWISE_CRASH_SEED")), random: rand.New(rand.NewPCG(moment, 2)),
	}
	c.await("the list", func(s *Snapshot) bool { return s.Port != 0 })
	fmt.Println("ready")
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		c.act()
		c.pass(time.Duration(c.random.IntN(300)) * time.Millisecond)
	}
}

// crasher does what a hasty user does.
type crasher struct {
	*bench
	dir    string
	seed   netip.AddrPort
	random *rand.Rand
}

// pass takes updates for a while.
func (c *crasher) pass(d time.Duration) {
	for over := time.After(d); ; {
		select {
		case u := <-c.Updates():
			c.snap = u.Snapshot
		case <-over:
			return
		}
	}
}

// act does one thing, as likely as not something useful. What is refused is refused.
func (c *crasher) act() {
	ctx, names := c.t.Context(), slices.Sorted(maps.Keys(crashTorrents))
	name := names[c.random.IntN(len(names))]
	src := must[*Source](c.t)(Open(ctx, filepath.Join(c.dir, name+".torrent"), true))
	if c.snap.Torrent(src.ID) == nil {
		c.say("add", name, nil)
		_, err := c.Add(ctx, src, AddOptions{Peers: []netip.AddrPort{c.seed}})
		c.say("added", name, err)
		return
	}
	folders := []string{"1/data", "1/other", "2/away"}
	switch n := c.random.IntN(20); {
	case n < 5:
		to := folders[c.random.IntN(len(folders))]
		c.say("move to "+to, name, c.Move(ctx, []ID{src.ID}, filepath.Join(c.dir, to)))
	case n < 7:
		c.say("recheck", name, c.Recheck(ctx, src.ID))
	case n < 8:
		c.say("pause", name, c.Pause(ctx, src.ID))
	case n < 10:
		c.say("remove", name, c.Remove(ctx, src.ID, c.random.IntN(4) > 0))
	case n < 11:
		c.create(ctx)
	default:
		c.say("resume", name, c.Resume(ctx, src.ID))
		_ = c.AddPeers(ctx, src.ID, []netip.AddrPort{c.seed})
	}
}

func (c *crasher) say(what, name string, err error) {
	if err != nil {
		what += " (refused)"
	}
	fmt.Println(what, name)
}

// create makes a torrent of the user's files and seeds it, or removes it again.
func (c *crasher) create(ctx context.Context) {
	path := filepath.Join(c.dir, "1", "made.torrent")
	if src, err := Open(ctx, path, true); err == nil && c.snap.Torrent(src.ID) != nil {
		c.say("remove", "made", c.Remove(ctx, src.ID, true))
		return
	}
	content := must[*Content](c.t)(LookAt(ctx, filepath.Join(c.dir, "1", "made"), nil, ""))
	made := must[*Created](c.t)(Create(ctx, content, CreateOptions{PieceLength: 32 << 10}, nil))
	must[any](c.t)(nil, made.Save(path, true)) // as a whole or not at all, after a power cut too
	src := must[*Source](c.t)(Open(ctx, path, true))
	_, err := c.Add(ctx, src, AddOptions{Dir: filepath.Join(c.dir, "1")})
	c.say("create", "made", err)
}

// audit starts the program where it was killed, waits until it has settled, and looks
// at what it claims.
func (w *world) audit(moment int) {
	w.t.Helper()
	profile := filepath.Join(w.dir, "1", "p")
	before := w.records(profile)
	b := launch(w.t, loopbackConfig(profile, ""))
	b.await("an end of all checks and moves", func(s *Snapshot) bool {
		return !slices.ContainsFunc(s.Torrents, func(row *Torrent) bool {
			return row.State == Starting || row.State == Checking || row.Move != nil
		}) && s.Port != 0
	})
	for _, e := range b.events {
		if e.Kind == Notice {
			w.t.Logf("moment %d: notice: %s", moment, e.Text)
		}
	}
	b.stop()
	after := w.records(profile)
	for id, r := range before {
		if _, ok := after[id]; !ok {
			w.t.Errorf("moment %d: %q is not in the list any more", moment, r.Name)
		}
	}
	for id, r := range after {
		w.compare(moment, before[id], r)
	}
	w.sweep(after)
	for _, name := range decoys {
		data, err := os.ReadFile(filepath.Join(w.dir, name))
		if err != nil || sha256.Sum256(data) != w.sums[name] {
			w.t.Errorf("moment %d: the user's file %s was changed: %v", moment, name, err)
		}
	}
}

// sweep removes what removed torrents and moves that were cancelled have left, so that
// nothing is in the way at the next moment.
func (w *world) sweep(list map[ID]store.Record) {
	at := make(map[string]string)
	for _, r := range list {
		at[r.Name] = r.Dir
	}
	for name, files := range crashTorrents {
		for _, folder := range []string{"1/data", "1/other", "2/away"} {
			for file := range files {
				path := filepath.Join(folder, file)
				if at[name] == filepath.Join(w.dir, folder) || slices.Contains(decoys, path) {
					continue
				}
				_ = os.Remove(filepath.Join(w.dir, path)) // it may not be there
				_ = os.Remove(filepath.Join(w.dir, path+".part"))
			}
		}
	}
}

// records reads the list while the program does not run.
func (w *world) records(profile string) map[ID]store.Record {
	w.t.Helper()
	st, notice, err := store.Open(profile)
	must[any](w.t)(nil, err)
	defer st.Close()
	if notice != "" {
		w.t.Errorf("the list was spoiled: %s", notice)
	}
	all := make(map[ID]store.Record)
	for _, r := range must[[]store.Record](w.t)(st.Records()) {
		all[r.ID] = r
	}
	return all
}

// compare hashes all that is claimed of a torrent, and compares it with what was
// claimed before and with what there is.
func (w *world) compare(moment int, before, after store.Record) {
	w.t.Helper()
	path := filepath.Join(w.dir, "1", "made.torrent")
	if name, ok := w.torrents[after.Name]; ok {
		path = name
	}
	src := must[*Source](w.t)(Open(w.t.Context(), path, true))
	t := &torrent{rec: after, meta: src.Meta}
	files := t.files()
	files.Anyway = true
	d := must[*disk.Torrent](w.t)(disk.Open(files))
	defer d.Close()
	there, wrong, lost, unclaimed := MakeBits(src.Meta.Pieces), 0, 0, 0
	must[any](w.t)(nil, hash.Verify(w.t.Context(), d, piecesOf(src.gate), func(piece int, ok bool) {
		if ok {
			there.Set(piece)
		}
	}))
	claimed, was := plane.ParseBits(after.Have, src.Meta.Pieces), plane.ParseBits(before.Have, src.Meta.Pieces)
	for p := range src.Meta.Pieces {
		switch {
		case claimed.Has(p) && !there.Has(p):
			wrong++
		case was.Has(p) && !before.Recheck && !claimed.Has(p):
			lost++
		case there.Has(p) && !claimed.Has(p):
			unclaimed++
		}
	}
	if wrong > 0 || lost > 0 {
		w.t.Errorf("moment %d: of %q %d pieces are claimed that are wrong, and %d are lost that were claimed (%q in %s)",
			moment, after.Name, wrong, lost, after.Fault, after.Dir)
	}
	w.t.Logf("moment %d: %q has %d of %d pieces, %d were claimed before, %d are there and not claimed; %s %q",
		moment, after.Name, claimed.Count(), claimed.Len(), was.Count(), unclaimed, after.Dir, after.Fault)
}
