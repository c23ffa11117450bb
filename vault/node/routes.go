package node

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"
)

// routes are the addresses of one storage. Each new connection goes to the one that worked last; when that fails, to the
// others in the order given. A route works when TLS says that the storage is there: on another network its home address
// may be somebody else's printer.
type routes struct {
	addrs  []string // host:port
	tcp    dialFunc
	config *tls.Config

	mu   sync.Mutex
	best int       // the address that worked last
	back time.Time // when the first one is preferred again
}

const (
	routeHead     = time.Second      // that one address has before the next is tried beside it
	routePatience = 20 * time.Second // for each of them
	routeReturn   = 10 * time.Minute // after which the way home is tried first again
)

// newRoutes lists the address of u and the further ones, which are all of https.
func newRoutes(u *url.URL, further []string, tcp dialFunc, config *tls.Config) (*routes, error) {
	r := &routes{tcp: tcp, config: config}
	for i, raw := range append([]string{u.String()}, further...) {
		a, err := address(raw, false, true)
		if err != nil {
			return nil, err
		}
		if i > 0 && a.Path != "" {
			return nil, fmt.Errorf("read storage address: a further one has no path")
		}
		port := a.Port()
		if port == "" {
			port = "443"
		}
		r.addrs = append(r.addrs, net.JoinHostPort(a.Hostname(), port))
	}
	return r, nil
}

// dial makes a connection, whatever address it is asked for. An address that is silent does not hold up the next one.
func (r *routes) dial(ctx context.Context, network, _ string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, routePatience)
	type attempt struct {
		route int
		conn  net.Conn
		err   error
	}
	order := r.order()
	ended := make(chan attempt)
	running, errs := 0, []error(nil)
	defer func() { // the others lose, and are waited for elsewhere
		cancel()
		go func() {
			for ; running > 0; running-- {
				if a := <-ended; a.err == nil {
					a.conn.Close()
				}
			}
		}()
	}()
	next := time.NewTimer(0)
	defer next.Stop()
	for len(errs) < len(r.addrs) {
		select {
		case <-next.C:
			if len(order) == 0 {
				continue
			}
			i := order[0]
			order = order[1:]
			running++
			go func() {
				conn, err := r.try(ctx, network, r.addrs[i])
				ended <- attempt{i, conn, err}
			}()
			next.Reset(routeHead)
		case a := <-ended:
			running--
			if a.err == nil {
				r.worked(a.route)
				return a.conn, nil
			}
			errs = append(errs, fmt.Errorf("at %s: %w", r.addrs[a.route], a.err))
			next.Reset(0)
		}
	}
	return nil, together(errs)
}

// order lists the routes, the one to prefer first.
func (r *routes) order() []int {
	first := r.first()
	order := []int{first}
	for i := range r.addrs {
		if i != first {
			order = append(order, i)
		}
	}
	return order
}

func (r *routes) try(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := r.tcp(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	config := r.config
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(addr) // newRoutes joined it
	}
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secured, nil
}

func (r *routes) first() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Now().After(r.back) {
		return 0
	}
	return r.best
}

func (r *routes) worked(i int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); i != r.best || now.After(r.back) {
		r.best, r.back = i, now.Add(routeReturn)
	}
}

// together is what the attempts say as one. Somebody else's certificate at one address means nothing while another one
// cannot be reached: then that is what is wrong.
func together(errs []error) error {
	var wrong, unreachable []error
	for _, err := range errs {
		if explained := explainWire(err); errors.Is(explained, ErrCertificate) {
			wrong = append(wrong, explained)
		} else {
			unreachable = append(unreachable, err)
		}
	}
	if len(unreachable) == 0 {
		return errors.Join(wrong...)
	}
	for _, err := range wrong {
		unreachable = append(unreachable, fmt.Errorf("somebody else answers: %s", err)) // no ErrCertificate any more
	}
	return errors.Join(unreachable...)
}
