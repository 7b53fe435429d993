package admit

import "testing"

// International names are taken in their ASCII form, in which look-alikes can be told
// apart.
func TestInternationalHosts(t *testing.T) {
	for raw, want := range map[string]string{
		"http://bücher.example/announce":      "http://xn--bcher-kva.example/announce",
		"udp://трекер.рф:6969":                "udp://xn--e1aaowdh.xn--p1ai:6969",
		"https://аpple.example:8443/announce": "https://xn--pple-43d.example:8443/announce",
		"http://a\u200bb.example/announce":    "",
	} {
		got, err := trackerURL(raw)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q becomes %q, %v, want %q", raw, got, err, want)
		}
	}
}
