package ipfilter

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
)

func read(t testing.TB, text string) (*Filter, Report) {
	t.Helper()
	var b Builder
	rep, err := b.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return b.Filter(), rep
}

func TestLines(t *testing.T) {
	tests := []struct {
		line, has, not string // addresses
		bad            string
	}{
		{"000.000.000.000 - 000.255.255.255 , 000 , Bogon", "0.0.0.0 0.255.255.255 ::ffff:0.1.2.3", "1.0.0.0 ::1", ""},
		{"010.020.030.040-010.020.030.041,100,x", "10.20.30.40 10.20.30.41", "10.20.30.39 10.20.30.42", ""},
		{"1.2.3.4 - 1.2.3.9 , 127 , lowest that counts", "1.2.3.4", "", ""},
		{"1.2.3.4 - 1.2.3.9 , 128 , allowed", "", "1.2.3.4", ""},
		{"1.2.3.4 - 1.2.3.9 ,", "1.2.3.9", "", ""},
		{"Some: company, Inc:1.2.3.4-1.2.3.9", "1.2.3.4", "1.2.3.3", ""},
		{"9.9.9.9:1.2.3.4-1.2.3.9", "1.2.3.4", "9.9.9.9", ""},
		{"1.2.3.0/24", "1.2.3.0 1.2.3.255", "1.2.2.255 1.2.4.0", ""},
		{"1.2.3.77/24", "1.2.3.0", "", ""},
		{"0.0.0.0/0", "255.255.255.255 0.0.0.0", "::1", ""},
		{"::/0", "::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "1.2.3.4", ""},
		{"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::", ""},
		{"2001:db8::1-2001:db8::5", "2001:db8::3", "2001:db8::6", ""},
		{"2001:db8::1 - 2001:db8::5 , 0 , six", "2001:db8::5", "2001:db8::", ""},
		{"2001:db8::7", "2001:db8::7", "2001:db8::8", ""},
		{"  \t\r", "", "1.2.3.4", ""},
		{"# 1.2.3.4", "", "1.2.3.4", ""},
		{"// 1.2.3.4", "", "1.2.3.4", ""},
		{"1.2.3.9-1.2.3.4", "", "1.2.3.5", "ends before it begins"},
		{"bad:1.2.3.9-1.2.3.4", "", "1.2.3.5", "ends before it begins"},
		{"1.2.3.4-::1", "", "1.2.3.4", "the other"},
		{"1.2.3.4.5", "", "1.2.3.4", "no range"},
		{"1.2.3.256", "", "", "no range"},
		{"1.2.3.4/33", "", "1.2.3.4", "no range"},
		{"fe80::1%eth0", "", "fe80::1", "no range"},
		{"example.org", "", "", "no range"},
	}
	for _, tt := range tests {
		r, err := parseLine(tt.line)
		if (err != nil) != (tt.bad != "") || err != nil && !strings.Contains(err.Error(), tt.bad) {
			t.Errorf("%q: %v", tt.line, err)
			continue
		}
		var all ranges
		if r.from.IsValid() {
			all.add(r.from, r.to)
		}
		f := all.filter()
		for _, ip := range strings.Fields(tt.has) {
			if !f.Has(netip.MustParseAddr(ip)) {
				t.Errorf("%q does not have %s", tt.line, ip)
			}
		}
		for _, ip := range strings.Fields(tt.not) {
			if f.Has(netip.MustParseAddr(ip)) {
				t.Errorf("%q has %s", tt.line, ip)
			}
		}
	}
}

// Ranges that overlap, touch or hold each other become one, at both ends of the
// address space, too.
func TestMerge(t *testing.T) {
	f, rep := read(t, "1.0.0.5-1.0.0.9\n1.0.0.0-1.0.0.4\n1.0.0.2-1.0.0.3\n1.0.0.11\n255.255.255.0/24\n255.255.255.255\n"+
		"ffff::/16\nffff:ffff::/32\n::\n::1\n::3")
	if f.Ranges() != 3+3 || rep.Rules != 11 || rep.Bad != 0 {
		t.Errorf("%d ranges of %+v", f.Ranges(), rep)
	}
	for ip, want := range map[string]bool{
		"0.255.255.255": false, "1.0.0.0": true, "1.0.0.9": true, "1.0.0.10": false, "1.0.0.11": true, "1.0.0.12": false,
		"255.255.255.255": true, "::1": true, "::2": false, "::3": true, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff": true, "fffe:ffff::": false,
	} {
		if got := f.Has(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %t", ip, got)
		}
	}
	if (*Filter)(nil).Has(netip.MustParseAddr("1.2.3.4")) || f.Has(netip.Addr{}) {
		t.Error("what is nothing is blocked")
	}
}

// A Filter has what any of its ranges has: asked of every address near their ends.
func TestFilterHasItsRanges(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var all ranges
		plain := make([]range4, 1+random.IntN(12))
		for i := range plain {
			from := uint32(random.IntN(60))
			plain[i] = range4{from, from + uint32(random.IntN(8))}
			all.add(at4(plain[i].from), at4(plain[i].to))
		}
		f := all.filter()
		for n := range uint32(80) {
			want := false
			for _, r := range plain {
				want = want || r.from <= n && n <= r.to
			}
			if f.Has(at4(n)) != want {
				t.Fatalf("%v: %d is %t", plain, n, !want)
			}
		}
	}
}

func at4(n uint32) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

func TestReport(t *testing.T) {
	long := strings.Repeat("x", 5000)
	_, rep := read(t, "\ufeff1.2.3.4\r\nnonsense \x01\xff here\n"+long+"\n1.2.3.5\n# 7\n5.6.7.8")
	want := "line 2, “nonsense \ufffd here”: it is no range of addresses"
	if rep.Rules != 3 || rep.Bad != 2 || rep.FirstBad != want {
		t.Errorf("%+v", rep)
	}
	_, rep = read(t, long+"\n1.2.3.4")
	if rep.Bad != 1 || len([]rune(rep.FirstBad)) > 120 {
		t.Errorf("%+v", rep)
	}
	for _, text := range []string{"<html>\n<body>", "PK\x03\x04"} {
		var b Builder
		if _, err := b.Read(strings.NewReader(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if f, rep := read(t, ""); f.Ranges() != 0 || rep != (Report{}) {
		t.Errorf("of nothing comes %+v", rep)
	}
}

func packed(t testing.TB, r io.Reader) io.Reader {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.Copy(w, r); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &out
}

func TestGzip(t *testing.T) {
	var b Builder
	rep, err := b.Read(packed(t, strings.NewReader("1.2.3.4\n5.6.7.8")))
	if err != nil || rep.Rules != 2 || !b.Filter().Has(netip.MustParseAddr("5.6.7.8")) {
		t.Errorf("%+v, %v", rep, err)
	}
	whole := packed(t, strings.NewReader(strings.Repeat("1.2.3.4\n5.6.7.8\n", 5000))).(*bytes.Buffer).Bytes()
	b = Builder{}
	if _, err := b.Read(bytes.NewReader(whole[:len(whole)/2])); err == nil {
		t.Error("half a packed file is taken for a whole one")
	}
}

// repeated is an endless text.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// What is too large ends with an error, whether it is packed or not, and whatever it
// has in it.
func TestTooLarge(t *testing.T) {
	most := int64(1 << 20)
	for _, text := range []string{strings.Repeat("#", 1<<16), "#\n", "1.2.3.4\n", p2bMark + "\x02" + strings.Repeat("n", 100)} {
		b := Builder{maxBytes: most}
		if _, err := b.Read(packed(t, io.LimitReader(&repeated{text: text}, most+1))); !errors.Is(err, ErrBytes) {
			t.Errorf("a bomb of %.9q: %v", text, err)
		}
	}
	b := Builder{maxRanges: 1000}
	if _, err := b.Read(&repeated{text: "1.2.3.4\n"}); !errors.Is(err, ErrRanges) || b.all.len() != 1000 {
		t.Errorf("%d ranges: %v", b.all.len(), err)
	}
}

func TestP2B(t *testing.T) {
	tests := []struct {
		name, data string
		rules, bad int
		has        string
	}{
		{"version 2", "\x02one\x00\x01\x02\x03\x04\x01\x02\x03\x09two\x00\x05\x06\x07\x08\x05\x06\x07\x08", 2, 0, "5.6.7.8"},
		{"version 3", "\x03\x00\x00\x00\x02one\x00two\x00\x00\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04\x01\x02\x03\x09", 1, 0, "1.2.3.9"},
		{"cut short", "\x02one\x00\x01\x02\x03\x04\x01\x02\x03\x09two\x00\x05\x06", 1, 1, "1.2.3.4"},
		{"cut short in a name", "\x02one\x00\x01\x02\x03\x04\x01\x02\x03\x09tw", 1, 1, "1.2.3.4"},
		{"turned round", "\x01one\x00\x01\x02\x03\x09\x01\x02\x03\x04two\x00\x05\x06\x07\x08\x05\x06\x07\x08", 1, 1, "5.6.7.8"},
		{"counts that lie", "\x03\x00\x00\x00\x00\xff\xff\xff\xff\x00\x00\x00\x01\x01\x02\x03\x04\x01\x02\x03\x09", 1, 1, "1.2.3.9"},
	}
	for _, tt := range tests {
		f, rep := read(t, p2bMark+tt.data)
		if rep.Rules != tt.rules || rep.Bad != tt.bad || !f.Has(netip.MustParseAddr(tt.has)) {
			t.Errorf("%s: %+v", tt.name, rep)
		}
	}
	var b Builder
	if _, err := b.Read(strings.NewReader(p2bMark + "\x09")); err == nil {
		t.Error("a version that does not exist is read")
	}
}

func TestGate(t *testing.T) {
	var g Gate
	ip, other := netip.MustParseAddr("1.2.3.4"), netip.MustParseAddr("1.2.3.5")
	if g.Refuses(ip) {
		t.Error("without a filter somebody is refused")
	}
	if g.Shut(); !g.Refuses(other) || g.Refused() != 0 {
		t.Error("before the filter is made somebody comes in, or is counted")
	}
	f, _ := read(t, "1.2.3.4")
	g.Set(f)
	for range 2 {
		if !g.Refuses(ip) || g.Refuses(other) || g.Refused() != 1 {
			t.Errorf("%d refused", g.Refused())
		}
	}
	if g.Set(nil); g.Refuses(ip) {
		t.Error("what is no longer filtered is refused")
	}
}

// many returns a list of n ranges that do not touch.
func many(n int) string {
	var text strings.Builder
	for i := range n {
		a := at4(uint32(i) * 8000)
		fmt.Fprintf(&text, "some name of a company, number %d:%v-%v\n", i, a, at4(uint32(i)*8000+99))
	}
	return text.String()
}

func BenchmarkHas(b *testing.B) {
	f, rep := read(b, many(500_000))
	if f.Ranges() != 500_000 {
		b.Fatalf("%d ranges, %+v", f.Ranges(), rep)
	}
	random := rand.New(rand.NewPCG(1, 2))
	asked := make([]netip.Addr, 1<<16)
	for i := range asked {
		asked[i] = at4(random.Uint32())
	}
	for i := 0; b.Loop(); i++ {
		f.Has(asked[i&(1<<16-1)])
	}
	b.ReportMetric(float64(8*len(f.from4))/1e6, "MB")
}

func BenchmarkRead(b *testing.B) {
	text := many(500_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		read(b, text)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("001.002.003.004 - 001.002.003.255 , 000 , a\nb:1.2.3.4-1.2.3.5\n1.2.3.0/24\n2001:db8::/32"))
	f.Add([]byte(p2bMark + "\x02one\x00\x01\x02\x03\x04\x01\x02\x03\x09"))
	f.Add([]byte(p2bMark + "\x03\x00\x00\x00\x01one\x00\x00\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04\x01\x02\x03\x09"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, r := range []io.Reader{bytes.NewReader(data), packed(t, bytes.NewReader(data))} {
			var b Builder
			rep, err := b.Read(r)
			if rep.Rules < 0 || rep.Bad < 0 || (rep.Bad == 0) != (rep.FirstBad == "") || rep.Rules != b.all.len() {
				t.Fatalf("%+v with %d ranges, %v", rep, b.all.len(), err)
			}
			plain := b.all
			filter := b.Filter()
			for _, x := range plain.four {
				if x.to < x.from || !filter.Has(at4(x.from)) || !filter.Has(at4(x.to)) {
					t.Fatalf("%v is not in it", x)
				}
			}
			for i := range filter.from4[:max(0, len(filter.from4)-1)] {
				if uint64(filter.to4[i])+1 >= uint64(filter.from4[i+1]) {
					t.Fatal("ranges touch")
				}
			}
		}
	})
}
