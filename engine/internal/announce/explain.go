package announce

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"os"
	"syscall"

	"piecewise/engine/internal/route"
)

// explain returns a failure as a sentence for people, without the address: that
// may hold the user's passkey.
func explain(err error) string {
	var refusal *refusedError
	var closed *route.ClosedError
	var barred *route.RefusedError
	var proxy *route.ProxyError
	var certificate *tls.CertificateVerificationError
	var unknown *net.DNSError
	switch {
	case errors.As(err, &refusal):
		if refusal.reason == "" {
			return "the tracker refuses, without a reason"
		}
		return refusal.reason
	case errors.As(err, &closed):
		return clean(closed.Reason)
	case errors.As(err, &barred):
		return clean(barred.Error())
	case errors.As(err, &proxy):
		return clean(proxy.Error())
	case errors.Is(err, route.ErrRedirects), errors.Is(err, route.ErrScheme), errors.Is(err, route.ErrDowngrade):
		return "the tracker cannot be reached: " + redirect(err).Error()
	case errors.As(err, &certificate):
		return clean("the tracker's certificate is not valid: " + certificate.Err.Error())
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return "the tracker's host name is not known"
	case errors.As(err, &unknown):
		return "the tracker's host name cannot be looked up"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens at the tracker's address"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "the tracker's network cannot be reached"
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, errSilent):
		return errSilent.Error()
	}
	var broken *url.Error
	if errors.As(err, &broken) {
		err = broken.Err
	}
	return clean(err.Error())
}

// redirect returns which rule a redirect breaks.
func redirect(err error) error {
	for _, rule := range []error{route.ErrRedirects, route.ErrScheme, route.ErrDowngrade} {
		if errors.Is(err, rule) {
			return rule
		}
	}
	return err
}
