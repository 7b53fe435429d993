package announce

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// authority signs certificates of servers.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

// sign makes a certificate that the authority signs, or that is signed by itself.
func (a *authority) sign(t *testing.T, template *x509.Certificate, bySelf bool) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(2)
	parent, signer := a.cert, a.key
	if bySelf {
		parent, signer = template, key
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func TestCertificates(t *testing.T) {
	a := newAuthority(t)
	now := time.Now()
	local := []net.IP{net.IPv4(127, 0, 0, 1)}
	for name, test := range map[string]struct {
		template x509.Certificate
		bySelf   bool
		want     string // in the message; "" is let through
	}{
		"good":           {x509.Certificate{IPAddresses: local, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}, false, ""},
		"expired":        {x509.Certificate{IPAddresses: local, NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)}, false, "expired"},
		"not yet valid":  {x509.Certificate{IPAddresses: local, NotBefore: now.Add(time.Hour), NotAfter: now.Add(2 * time.Hour)}, false, "not yet valid"},
		"wrong host":     {x509.Certificate{DNSNames: []string{"tracker.example"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}, false, "cannot validate certificate"},
		"other address":  {x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 9)}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}, false, "not 127.0.0.1"},
		"signed by self": {x509.Certificate{IPAddresses: local, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}, true, "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				fmt.Fprint(w, "d8:intervali1800e5:filesdee")
			}))
			server.Config.ErrorLog = log.New(io.Discard, "", 0)
			server.TLS = &tls.Config{Certificates: []tls.Certificate{a.sign(t, &test.template, test.bySelf)}}
			server.StartTLS()
			defer server.Close()
			roots := x509.NewCertPool()
			roots.AddCert(a.cert)
			n := testNetwork(t, func(c *Config) { c.roots = roots })
			_, err := n.announce(t.Context(), request{url: server.URL + "/announce"})
			_, scraped := n.scrape(t.Context(), server.URL+"/announce", [][20]byte{{1}})
			if test.want == "" {
				if err != nil || scraped != nil || asked.Load() != 2 {
					t.Error(err, scraped)
				}
				return
			}
			for _, err := range []error{err, scraped} {
				if err == nil || !strings.Contains(explain(err), test.want) || !strings.Contains(explain(err), "certificate") {
					t.Errorf("%v, want %q", err, test.want)
				}
			}
			if asked.Load() > 0 {
				t.Error("a request was sent all the same: the passkey is out")
			}
		})
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	a := newAuthority(t)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("asked") }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	template := x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{a.sign(t, &template, false)}, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}
	server.StartTLS()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(a.cert)
	if _, err := testNetwork(t, func(c *Config) { c.roots = roots }).announce(t.Context(), request{url: server.URL + "/announce"}); err == nil {
		t.Error("TLS 1.1 is spoken")
	}
}
