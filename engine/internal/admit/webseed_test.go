package admit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestWebSeeds(t *testing.T) {
	var many []string
	for i := range maxWebSeeds + 3 {
		many = append(many, fmt.Sprintf("http://a/%d", i))
	}
	for _, test := range []struct {
		name      string
		all, kept []string
		dropped   int
		because   string
	}{
		{"none", nil, nil, 0, ""},
		{"good ones", []string{"http://a/b%20c", "HTTPS://A:8/%41?x=/#f", "", "http://a/b%20c"}, []string{"http://a/b%20c", "https://a:8/%41?x=/"}, 0, ""},
		{"a blank", []string{"http://a/b c"}, nil, 1, "blanks"},
		{"other ways", []string{"ftp://a/", "udp://a:1/", "file:///etc/passwd", "a"}, nil, 4, "http"},
		{"a secret", []string{"http://u:p@a/"}, nil, 1, "user name"},
		{"too long", []string{"http://a/" + strings.Repeat("x", maxTrackerURL)}, nil, 1, "too long"},
		{"control characters", []string{"http://a/\x00"}, nil, 1, "cannot be shown"},
		{"too many", many, many[:maxWebSeeds], 3, "more than 32"},
	} {
		kept, dropped := WebSeeds(test.all)
		if !slices.Equal(kept, test.kept) || len(dropped) != test.dropped {
			t.Errorf("%s: kept %q, dropped %q", test.name, kept, dropped)
		}
		for _, why := range dropped {
			if !strings.Contains(why, test.because) {
				t.Errorf("%s: %s", test.name, why)
			}
		}
	}
}

// The list of web seeds may be one URL, and files are known by the names that the
// metainfo has.
func TestURLList(t *testing.T) {
	const info = "4:infod5:filesld6:lengthi3e4:pathl1:a4:b:c.eed6:lengthi4e4:pathl1:deee4:name2:x:12:piece lengthi16384e6:pieces20:hhhhhhhhhhhhhhhhhhhhe"
	for list, want := range map[string]string{
		"8:http://a":                          "[http://a]",
		"l8:http://a0:i5e5:ftp:/9:http://b/e": "[http://a http://b/]",
		"i5e":                                 "[]",
	} {
		got, err := Metainfo([]byte("d" + info + "8:url-list" + list + "e"))
		if err != nil || fmt.Sprint(got.WebSeeds) != want {
			t.Errorf("%s: %v, %v", list, got, err)
			continue
		}
		if got.RawName != "x:" || !got.Files[0].Altered || !slices.Equal(got.Files[0].Raw, []string{"a", "b:c."}) {
			t.Errorf("the names are %q, %+v", got.RawName, got.Files)
		}
	}
}
