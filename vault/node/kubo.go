package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ipfs/boxo/files"
	"github.com/ipfs/go-cid"
	"github.com/ipfs/kubo/client/rpc"
)

// Options say where a Kubo node is and how to be let in.
type Options struct {
	// URL is "https://host:port", with a path where a proxy serves it below one; "/api/v0" is not part of it.
	URL string
	// Addresses are further ones of the same storage, "https://host:port", tried in turn after the URL's whenever a
	// connection is made: it may be reached otherwise at home than away.
	Addresses []string
	// Token is "bearer:SECRET" or "basic:USER:PASSWORD". Without a prefix, what holds a colon is USER:PASSWORD, and
	// anything else a bearer secret. "": none.
	Token string
	// TLSFingerprint is the SHA-256 of the leaf certificate in hex, colons allowed. "": the system's roots decide.
	TLSFingerprint string
	// TLSHost is the name for which the system's roots must vouch, at whatever address; beside a fingerprint, a
	// certificate for it is accepted as well. "": the URL's host.
	TLSHost string
	// AllowHTTP permits plain http beyond this computer.
	AllowHTTP bool
	// Meter counts what is sent and received, and limits it; storages may share it. nil: no limits.
	Meter *Meter
}

// Kubo is a Node reached over the RPC of a Kubo daemon.
type Kubo struct {
	api      *rpc.HttpApi
	gateway  *gateway
	idle     func() // closes connections that no call uses
	patience patience
	pinning  keyedLock
	meters   meters
	place
}

var _ Node = (*Kubo)(nil)

// Dial returns the node at opts.URL; nothing is sent before the first call.
func Dial(opts Options) (*Kubo, error) {
	u, err := address(opts.URL, opts.AllowHTTP, opts.TLSFingerprint != "")
	if err != nil {
		return nil, err
	}
	config, err := tlsConfig(opts.TLSFingerprint, opts.TLSHost)
	if err != nil {
		return nil, err
	}
	localOnly := u.Scheme == "http" && !opts.AllowHTTP
	m := meters{own: new(Meter), shared: opts.Meter, limits: opts.Meter}
	auth, err := authorization(opts.Token)
	if err != nil {
		return nil, err
	}
	dial := dialer(localOnly, m)
	t := httpTransport(dial, config, loopback(u.Hostname()))
	if len(opts.Addresses) > 0 || opts.TLSHost != "" {
		r, err := newRoutes(u, opts.Addresses, dial, config)
		if err != nil {
			return nil, err
		}
		t.DialTLSContext = r.dial
		if opts.TLSHost != "" { // what a proxy of many names goes by
			u.Host = opts.TLSHost
		}
	}
	k, err := newKubo(u.String(), func() string { return auth }, t, m)
	if err != nil {
		return nil, err
	}
	switch {
	case opts.TLSFingerprint != "":
		k.proof = "pinned"
	case u.Scheme == "https":
		k.proof = "public"
	}
	return k, nil
}

// newKubo makes a client of base, whose connections are measured by m. auth is the header of the moment.
func newKubo(addr string, auth func() string, base *http.Transport, m meters) (*Kubo, error) {
	door := &transport{base: base, auth: auth}
	api, err := rpc.NewURLApiWithClient(addr, &http.Client{Transport: door}) // no Timeout: each call has its own
	if err != nil {
		return nil, fmt.Errorf("connect to storage: %w", err)
	}
	at, err := url.Parse(addr)
	if err != nil {
		return nil, fmt.Errorf("connect to storage: not an address") // its text may hold a secret
	}
	return &Kubo{
		api: api, gateway: newGateway(addr, door), idle: base.CloseIdleConnections, patience: defaultPatience, meters: m,
		place: place{at: at, auth: auth, base: base},
	}, nil
}

// Sent returns how many bytes went to this storage, counted as a Meter does.
func (k *Kubo) Sent() int64 { return k.meters.own.Sent() }

// Received returns how many bytes came from this storage.
func (k *Kubo) Received() int64 { return k.meters.own.Received() }

// Close closes the connections that no call is using.
func (k *Kubo) Close() error {
	k.idle()
	return nil
}

// call is one request.
type call struct {
	op      string // what is tried, in words, for errors
	command string // "pin/ls"
	args    []string
	opts    map[string]string
	body    io.Reader // sent as the one file of a multipart body; nil: none
	sends   int64     // bytes of body
	gets    int64     // about the most bytes that the answer can have; 0: few
	limit   limit
	exchange
}

const (
	smallAnswer = 1 << 20  // bytes: the answer that says one thing
	listAnswer  = 64 << 20 // bytes: about 500,000 pins or links
	likelyList  = 4 << 20  // bytes: what a list has where there are many
)

// do sends c and gives the answer's body to read, which must consume it to the end.
func (k *Kubo) do(ctx context.Context, c *call, read func(io.Reader) error) error {
	if c.most == 0 {
		c.most = smallAnswer
	}
	inner, end := begin(ctx, c.limit, &c.exchange)
	defer end()
	deadline := c.limit.deadline
	if k.meters.limits != nil {
		deadline += k.meters.limits.slowed(c.sends+small, c.gets+small)
	}
	req := k.api.Request(c.command, c.args...).Option("timeout", nodeTimeout(ctx, deadline).String())
	for name, value := range c.opts {
		req = req.Option(name, value)
	}
	if c.body != nil {
		// Not FileBody: it asks for the version first, which a token need not allow.
		file := files.NewReaderFile(io.NopCloser(c.body))
		dir := files.NewSliceDirectory([]files.DirEntry{files.FileEntry("roost.car", file)})
		req = req.Body(files.NewMultiFileReader(dir, false, false))
	}
	resp, err := req.Send(inner)
	if err == nil {
		err = read(resp.Output)
		if closeErr := resp.Cancel(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.op, explain(ctx, inner, err))
	}
	return nil
}

// nodeTimeout is a little less than the time that the call has, so that the node gives up first, lets its locks go, and
// says so.
func nodeTimeout(ctx context.Context, deadline time.Duration) time.Duration {
	if end, ok := ctx.Deadline(); ok {
		deadline = min(deadline, time.Until(end))
	}
	return max(deadline-min(deadline/10, 5*time.Second), time.Millisecond).Round(time.Millisecond)
}

// Info implements Node.
func (k *Kubo) Info(ctx context.Context) (Info, error) {
	var answer struct{ ID, AgentVersion string }
	start := time.Now()
	err := k.do(ctx, &call{op: "ask storage who it is", command: "id", limit: k.patience.quick}, func(r io.Reader) error {
		if err := decodeOne(r, &answer); err != nil {
			return err
		}
		if answer.ID == "" {
			return nonsense("it names no peer id")
		}
		return nil
	})
	if err != nil {
		return Info{}, err
	}
	version := answer.AgentVersion
	if name, rest, ok := strings.Cut(version, "/"); ok && (name == "kubo" || name == "go-ipfs") {
		version, _, _ = strings.Cut(rest, "/") // "kubo/0.43.0/commit"
	}
	return Info{PeerID: answer.ID, Version: version, Latency: time.Since(start)}, nil
}

// Usage implements Node. Objects is 0: counting them takes the node a walk over its disk.
func (k *Kubo) Usage(ctx context.Context) (Usage, error) {
	var answer struct{ RepoSize, StorageMax *uint64 }
	c := &call{
		op: "ask storage for its space", command: "repo/stat", limit: k.patience.quick,
		opts: map[string]string{"size-only": "true"},
	}
	err := k.do(ctx, c, func(r io.Reader) error {
		if err := decodeOne(r, &answer); err != nil {
			return err
		}
		if answer.RepoSize == nil || int64(*answer.RepoSize) < 0 {
			return nonsense("it names no size")
		}
		return nil
	})
	if err != nil {
		return Usage{}, err
	}
	u := Usage{RepoSize: int64(*answer.RepoSize)}
	if answer.StorageMax != nil {
		u.StorageMax = max(int64(*answer.StorageMax), 0) // 2⁶⁴-1 is "no limit"
	}
	return u, nil
}

// GC implements Node.
func (k *Kubo) GC(ctx context.Context) error {
	c := &call{
		op: "free up space on storage", command: "repo/gc", limit: k.patience.gc,
		opts:     map[string]string{"stream-errors": "true"},
		exchange: exchange{most: 16 << 30}, // about 90 bytes for each removed block, none kept
	}
	return k.do(ctx, c, readGC)
}

// keyedLock lets one call at a time work on the pin of a CID, so that looking whether it is pinned and pinning it are
// one step for all callers of this client.
type keyedLock struct {
	mu   sync.Mutex
	held map[cid.Cid]chan struct{} // closed when free
}

// acquire waits for c. The returned function lets it go.
func (l *keyedLock) acquire(ctx context.Context, c cid.Cid) (release func(), err error) {
	for {
		l.mu.Lock()
		busy, taken := l.held[c]
		if !taken {
			if l.held == nil {
				l.held = make(map[cid.Cid]chan struct{})
			}
			free := make(chan struct{})
			l.held[c] = free
			l.mu.Unlock()
			return func() {
				l.mu.Lock()
				delete(l.held, c)
				l.mu.Unlock()
				close(free)
			}, nil
		}
		l.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, fmt.Errorf("%w: %w", ErrTimeout, ctx.Err())
			}
			return nil, ctx.Err()
		}
	}
}
