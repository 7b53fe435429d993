package webseed

import (
	"net/http"
	"testing"
	"time"

	"piecewise/engine/internal/transfer"
)

// BenchmarkDownload gets 64 MiB from a web server on this machine, at once or with an
// answer that takes 40 ms to begin, as over a long line. Run it with -benchtime 4x.
func BenchmarkDownload(b *testing.B) {
	for _, delay := range []time.Duration{0, 40 * time.Millisecond} {
		b.Run("delay="+delay.String(), func(b *testing.B) {
			s := newShare(b, "v1", 64<<20)
			v := serve(b, s, func(http.ResponseWriter, *http.Request, []byte) bool {
				time.Sleep(delay)
				return false
			})
			b.SetBytes(s.length)
			for b.Loop() {
				newLeech(b, s, transfer.Limits{}, v.URL+"/").complete()
			}
			asked, conns := v.requests()
			b.ReportMetric(float64(len(asked))/float64(b.N), "requests/op")
			b.ReportMetric(float64(conns)/float64(b.N), "connections/op")
		})
	}
}
