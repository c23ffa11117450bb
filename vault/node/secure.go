package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// address checks and cleans the URL of an RPC.
func address(raw string, allowHTTP, pinned bool) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	switch {
	case err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("read storage address: not of the form https://host:port") // its text may hold a secret
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("read storage address: only scheme, host, port and path may be given")
	case u.Scheme == "http" && pinned:
		return nil, fmt.Errorf("read storage address: %w: a certificate is pinned, but the address is plain http", ErrInsecure)
	case u.Scheme == "http" && !allowHTTP && !loopback(u.Hostname()):
		return nil, fmt.Errorf("connect to %s: %w: plain http beyond this computer", u.Host, ErrInsecure)
	}
	u.Path = strings.TrimSuffix(strings.TrimRight(u.Path, "/"), "/api/v0")
	return u, nil
}

// Loopback says whether a storage's address is one of this computer, by its name alone.
func Loopback(address string) bool {
	u, err := url.Parse(strings.TrimSpace(address))
	return err == nil && loopback(u.Hostname())
}

// loopback says whether a host is this computer, by its name alone.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// authorization turns a token into a header. The forms are Kubo's: "bearer:…" and "basic:user:password"; without a
// prefix, what holds a colon is user:password, anything else a bearer token. "" is no header.
func authorization(token string) (string, error) {
	token = strings.TrimSpace(token)
	if strings.ContainsFunc(token, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", fmt.Errorf("read token: it holds a control character")
	}
	for _, prefix := range []string{"bearer:", "bearer "} {
		if len(token) > len(prefix) && strings.EqualFold(token[:len(prefix)], prefix) {
			return "Bearer " + strings.TrimSpace(token[len(prefix):]), nil
		}
	}
	basic, isBasic := strings.CutPrefix(token, "basic:")
	switch {
	case token == "":
		return "", nil
	case isBasic && !strings.Contains(basic, ":"):
		return "", fmt.Errorf("read token: not of the form basic:user:password")
	case isBasic || strings.Contains(token, ":"):
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(basic)), nil
	default:
		return "Bearer " + token, nil
	}
}

// tlsConfig verifies against the system's roots, for host where one is given; or, with a fingerprint, accepts that leaf
// certificate, whoever issued it, whatever name and dates it bears. With both, either will do.
func tlsConfig(fingerprint, host string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if fingerprint == "" {
		return config, nil
	}
	want, err := hex.DecodeString(strings.ReplaceAll(strings.TrimSpace(fingerprint), ":", ""))
	if err != nil || len(want) != sha256.Size {
		return nil, fmt.Errorf("read certificate fingerprint: not 64 hexadecimal digits")
	}
	config.InsecureSkipVerify = true // VerifyConnection, which also runs on resumption, takes its place
	config.VerifyConnection = func(state tls.ConnectionState) error {
		if len(state.PeerCertificates) == 0 {
			return fmt.Errorf("%w: none shown", ErrCertificate)
		}
		got := sha256.Sum256(state.PeerCertificates[0].Raw)
		if bytes.Equal(got[:], want) || host != "" && vouched(state.PeerCertificates, host) {
			return nil
		}
		return fmt.Errorf("%w: its fingerprint is %x", ErrCertificate, got)
	}
	return config, nil
}

// vouched tells whether the system's roots say that a chain is host's.
func vouched(chain []*x509.Certificate, host string) bool {
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, err := chain[0].Verify(x509.VerifyOptions{DNSName: host, Intermediates: between})
	return err == nil
}

type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// dialer connects; with localOnly the address must be this computer's, whatever the name resolved to. Every connection
// is measured by m.
func dialer(localOnly bool, m meters) dialFunc {
	d := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}
	if localOnly {
		d.Control = func(_, addr string, _ syscall.RawConn) error {
			if host, _, err := net.SplitHostPort(addr); err != nil || !loopback(host) {
				return fmt.Errorf("%w: plain http beyond this computer", ErrInsecure)
			}
			return nil
		}
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &listeningConn{Conn: m.wrap(conn)}, nil
	}
}

// listeningConn goes on reading when writing fails. A storage that is full answers in the middle of an upload and hangs
// up; Go's client would report the failed write and throw the answer away. So what cannot be written is dropped, and
// what is read decides: the answer, or the end of the connection.
type listeningConn struct {
	net.Conn
	deaf atomic.Bool // the other side takes no more
}

func (c *listeningConn) Write(p []byte) (int, error) {
	if !c.deaf.Load() {
		n, err := c.Conn.Write(p)
		if err == nil || errors.Is(err, net.ErrClosed) { // closed by us
			return n, err
		}
		c.deaf.Store(true)
	}
	return len(p), nil
}

// mostConnections is how many calls a backup makes at once.
const mostConnections = 64

// httpTransport keeps connections open for as many calls as a backup makes at once. HTTP/2 stays off: one connection
// for all streams is slower here.
func httpTransport(dial dialFunc, config *tls.Config, local bool) *http.Transport {
	t := &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    10 * time.Second,
		ExpectContinueTimeout:  time.Second,
		DisableCompression:     true, // blocks do not shrink, and a small answer could grow without end
		MaxIdleConns:           mostConnections,
		MaxIdleConnsPerHost:    mostConnections,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: 64 << 10,
		WriteBufferSize:        64 << 10,
		ReadBufferSize:         64 << 10,
		TLSNextProto:           map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	if !local {
		t.Proxy = http.ProxyFromEnvironment
	}
	return t
}
