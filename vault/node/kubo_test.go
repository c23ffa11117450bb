package node_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// dial returns a client that waits 2 s for anything.
func dial(t *testing.T, opts node.Options) *node.Kubo {
	t.Helper()
	k, err := node.Dial(opts)
	if err != nil {
		t.Fatal(err)
	}
	node.Hurry(k, 2*time.Second, 2*time.Second)
	t.Cleanup(func() { k.Close() })
	return k
}

// calls is every method of a node, with arguments that could work.
func calls(n node.Node) map[string]func(context.Context) error {
	b := nodetest.Raw([]byte("block"))
	return map[string]func(context.Context) error{
		"Info":      func(ctx context.Context) error { _, err := n.Info(ctx); return err },
		"Import":    func(ctx context.Context) error { return n.Import(ctx, b.CID, []node.Block{b}) },
		"Put":       func(ctx context.Context) error { return n.Put(ctx, []node.Block{b}) },
		"Get":       func(ctx context.Context) error { _, err := n.Get(ctx, b.CID); return err },
		"Stat":      func(ctx context.Context) error { _, err := n.Stat(ctx, b.CID); return err },
		"PinAdd":    func(ctx context.Context) error { return n.PinAdd(ctx, b.CID, "x") },
		"PinUpdate": func(ctx context.Context) error { return n.PinUpdate(ctx, b.CID, nodetest.Dir().CID) },
		"PinRemove": func(ctx context.Context) error { return n.PinRemove(ctx, b.CID) },
		"Pins":      func(ctx context.Context) error { _, err := n.Pins(ctx); return err },
		"Pinned":    func(ctx context.Context) error { _, err := n.Pinned(ctx, b.CID); return err },
		"Link":      func(ctx context.Context) error { return n.Link(ctx, "/a", b.CID) },
		"Unlink":    func(ctx context.Context) error { return n.Unlink(ctx, "/a") },
		"List":      func(ctx context.Context) error { _, err := n.List(ctx, "/a"); return err },
		"Usage":     func(ctx context.Context) error { _, err := n.Usage(ctx); return err },
		"GC":        func(ctx context.Context) error { return n.GC(ctx) },
	}
}

// serve answers every request in one way.
func serve(t *testing.T, h http.HandlerFunc) string {
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

// respond is a handler with a fixed answer.
func respond(status int, kind, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = nil
		if kind != "" {
			w.Header().Set("Content-Type", kind)
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// raw speaks without HTTP's help, one answer for each connection, which it then closes.
func raw(t *testing.T, answer string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.Read(make([]byte, 64<<10))
				io.WriteString(c, answer)
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func kuboError(text string) string {
	return fmt.Sprintf(`{"Message":%q,"Code":0,"Type":"error"}`, text)
}

func TestWhatIsNoKuboNeverSucceeds(t *testing.T) {
	const json = "application/json"
	for name, c := range map[string]struct {
		url  string
		want error
	}{
		"web page":             {serve(t, respond(200, "text/html; charset=utf-8", "<html>Welcome</html>")), node.ErrProtocol},
		"web page not found":   {serve(t, respond(404, "text/html", "<html>404</html>")), node.ErrProtocol},
		"command not found":    {serve(t, respond(404, "text/plain", "404 page not found")), node.ErrProtocol},
		"get only":             {serve(t, respond(405, "text/plain", "no")), node.ErrProtocol},
		"garbage":              {serve(t, respond(200, json, "\x00\xff{{{")), node.ErrProtocol},
		"another shape":        {serve(t, respond(200, json, `[1,2,3]`)), node.ErrProtocol},
		"another shape, twice": {serve(t, respond(200, json, `["a"] ["b"]`)), node.ErrProtocol},
		"login page":           {serve(t, respond(302, "text/html", "")), node.ErrProtocol},
		"no content":           {serve(t, respond(204, "", "")), node.ErrProtocol},
		"unauthorized":         {serve(t, respond(401, "text/html", "")), node.ErrUnauthorized},
		"forbidden":            {serve(t, respond(403, "text/plain", "no")), node.ErrUnauthorized},
		"forbidden as Kubo":    {serve(t, respond(403, json, kuboError("file does not exist"))), node.ErrUnauthorized},
		"upload limit":         {serve(t, respond(413, "text/html", "")), node.ErrProtocol},
		"too many":             {serve(t, respond(429, "text/plain", "")), node.ErrUnreachable},
		"proxy without node":   {serve(t, respond(502, "text/html", "<html>Bad gateway")), node.ErrUnreachable},
		"proxy timeout":        {serve(t, respond(504, "text/html", "")), node.ErrUnreachable},
		"disk full":            {serve(t, respond(500, json, kuboError("write: no space left on device"))), node.ErrNoSpace},
		"disk full, webdav":    {serve(t, respond(507, "text/plain", "")), node.ErrNoSpace},
		"shutting down":        {serve(t, respond(500, json, kuboError("context canceled"))), node.ErrUnreachable},
		"node gave up":         {serve(t, respond(500, json, kuboError("context deadline exceeded"))), node.ErrTimeout},
		"error of a stranger":  {serve(t, respond(500, "text/html", "file does not exist")), node.ErrProtocol},
		"error without type":   {serve(t, respond(500, "", "is not pinned")), node.ErrProtocol},
		"not HTTP":             {raw(t, "SSH-2.0-OpenSSH_9.6\r\n"), node.ErrProtocol},
		"without an end":       {raw(t, "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{}"), node.ErrProtocol},
		"cut":                  {raw(t, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"Pins\""), node.ErrUnreachable},
		"cut chunk":            {raw(t, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{\"P"), node.ErrUnreachable},
		"hangs up":             {raw(t, ""), node.ErrUnreachable},
		"failed stream": {raw(t, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\nTrailer: X-Stream-Error\r\n"+
			"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Stream-Error: no space left on device\r\n\r\n"), node.ErrNoSpace},
	} {
		t.Run(name, func(t *testing.T) {
			for method, call := range calls(dial(t, node.Options{URL: c.url})) {
				err := call(t.Context())
				if method == "Get" && errors.Is(err, node.ErrProtocol) {
					continue // a block is never JSON, whatever comes after
				}
				if !errors.Is(err, c.want) {
					t.Errorf("%s: got %v, want %v", method, err, c.want)
				}
			}
		})
	}
}

// An empty answer is how Kubo says yes to some commands. It must not be a yes to the others.
func TestEmptyAnswerIsNoAnswer(t *testing.T) {
	for _, body := range []string{"", "{}", "null"} {
		k := dial(t, node.Options{URL: serve(t, respond(200, "application/json", body))})
		for method, call := range calls(k) {
			switch err := call(t.Context()); {
			case method == "GC", method == "Pins" && body == "{}": // {} is Kubo's list of no pins
			case body == "" && (method == "Link" || method == "Unlink"):
			case err == nil:
				t.Errorf("%s: %q was taken for success", method, body)
			case method == "Get" && errors.Is(err, node.ErrWrongBytes):
			case !errors.Is(err, node.ErrProtocol):
				t.Errorf("%s: %q gave %v", method, body, err)
			}
		}
	}
}

func TestNodeThatSendsForeverIsCutOff(t *testing.T) {
	forever := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for chunk := []byte(strings.Repeat(`{"Progress":1}`+"\n ", 4096)); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	refusing := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.WriteHeader(http.StatusForbidden)
		for chunk := make([]byte, 64<<10); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	for method, call := range calls(dial(t, node.Options{URL: forever})) {
		start := time.Now()
		if err := call(t.Context()); !errors.Is(err, node.ErrProtocol) && !errors.Is(err, node.ErrWrongBytes) && !errors.Is(err, node.ErrTimeout) {
			t.Errorf("%s: got %v", method, err)
		}
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("%s took %v", method, took)
		}
	}
	for method, call := range calls(dial(t, node.Options{URL: refusing})) {
		if err := call(t.Context()); !errors.Is(err, node.ErrUnauthorized) {
			t.Errorf("%s: got %v, want ErrUnauthorized", method, err)
		}
	}
}

func TestSilenceEndsInTimeout(t *testing.T) {
	quit := make(chan struct{})
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { <-quit }))
	defer silent.Close()
	stuck := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasSuffix(r.URL.Path, "block/get") {
			w.Header().Set("Content-Type", "application/vnd.ipld.raw")
		}
		io.WriteString(w, `{`)
		w.(http.Flusher).Flush()
		<-quit
	}))
	defer stuck.Close()
	defer close(quit)
	for _, url := range []string{silent.URL, stuck.URL} {
		k := dial(t, node.Options{URL: url})
		node.Hurry(k, time.Hour, 100*time.Millisecond)
		for method, call := range calls(k) {
			if err := call(t.Context()); !errors.Is(err, node.ErrTimeout) || errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v, want ErrTimeout", method, err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(20*time.Millisecond, cancel)
		if err := k.GC(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, node.ErrTimeout) {
			t.Errorf("a call that we ended: %v", err)
		}
	}
}

// A slow node is not a silent one: as long as bytes move, only the deadline counts.
func TestSlowIsNotSilent(t *testing.T) {
	data := bytes.Repeat([]byte("slow"), 5)
	slow := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.ipld.raw")
		for _, b := range data {
			w.Write([]byte{b})
			w.(http.Flusher).Flush()
			time.Sleep(20 * time.Millisecond)
		}
	})
	k := dial(t, node.Options{URL: slow})
	node.Hurry(k, time.Minute, 200*time.Millisecond)
	got, err := k.Get(t.Context(), nodetest.Raw(data).CID)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestOtherBytesAreNeverReturned(t *testing.T) {
	b := nodetest.Raw([]byte("what was asked for"))
	for _, answer := range []string{"something else", "", "what was asked for and more", strings.Repeat("x", node.MaxBlockSize+2)} {
		k := dial(t, node.Options{URL: serve(t, respond(200, "application/vnd.ipld.raw", answer))})
		if data, err := k.Get(t.Context(), b.CID); !errors.Is(err, node.ErrWrongBytes) || data != nil {
			t.Errorf("got %d bytes, %v", len(data), err)
		}
	}
}

// The story: a full server answers in the middle of an upload and hangs up. The person must read "full", not "broken".
func TestRefusalDuringAnUploadIsHeard(t *testing.T) {
	full := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "dag/import") {
			respond(500, "application/json", kuboError("path is not pinned"))(w, r)
			return
		}
		io.CopyN(io.Discard, r.Body, 1<<20)
		w.Header().Set("Connection", "close")
		respond(500, "application/json", kuboError("no space left on device"))(w, r)
	})
	k := dial(t, node.Options{URL: full})
	node.Hurry(k, 30*time.Second, 30*time.Second)
	data := bytes.Repeat([]byte{1}, 1<<20)
	b := nodetest.Raw(data)
	blocks := make([]node.Block, 32)
	for i := range blocks {
		blocks[i] = b
	}
	for range 10 {
		if err := k.Import(t.Context(), b.CID, blocks); !errors.Is(err, node.ErrNoSpace) {
			t.Fatalf("got %v, want ErrNoSpace", err)
		}
	}
}

func TestRedirectIsNotFollowed(t *testing.T) {
	var reached atomic.Bool
	target := serve(t, func(http.ResponseWriter, *http.Request) { reached.Store(true) })
	k := dial(t, node.Options{Token: "secret", URL: serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, target+r.URL.RequestURI(), http.StatusTemporaryRedirect)
	})})
	for method, call := range calls(k) {
		if err := call(t.Context()); !errors.Is(err, node.ErrProtocol) {
			t.Errorf("%s: got %v, want ErrProtocol", method, err)
		}
	}
	if reached.Load() {
		t.Error("the token was carried to another address")
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	const print = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	for _, c := range []struct {
		opts     node.Options
		insecure bool
	}{
		{node.Options{URL: "http://192.168.1.20:5001"}, true},
		{node.Options{URL: "http://example.org"}, true},
		{node.Options{URL: "http://localhost.example.org"}, true},
		{node.Options{URL: "http://[2001:db8::1]:5001"}, true},
		{node.Options{URL: "http://127.0.0.1:5001", TLSFingerprint: print}, true},
		{node.Options{URL: ""}, false},
		{node.Options{URL: "192.168.1.20:5001"}, false},
		{node.Options{URL: "ftp://127.0.0.1"}, false},
		{node.Options{URL: "https://"}, false},
		{node.Options{URL: "https://me:hunter2@example.org"}, false},
		{node.Options{URL: "https://example.org/?token=hunter2"}, false},
		{node.Options{URL: "https://example.org", TLSFingerprint: "abcd"}, false},
		{node.Options{URL: "https://example.org", Token: "hunter2\n\nX: y"}, false},
	} {
		_, err := node.Dial(c.opts)
		if err == nil || errors.Is(err, node.ErrInsecure) != c.insecure || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", c.opts.URL, err)
		}
	}
	for _, opts := range []node.Options{
		{URL: "http://192.168.1.20:5001", AllowHTTP: true},
		{URL: "http://localhost:5001/"},
		{URL: "http://[::1]:5001"},
		{URL: "http://127.8.9.10"},
		{URL: "https://example.org/ipfs/api/v0/", TLSFingerprint: strings.ToUpper(print[:2]) + ":" + print[2:]},
	} {
		if _, err := node.Dial(opts); err != nil {
			t.Errorf("%s: %v", opts.URL, err)
		}
	}
}

func TestAPathBeforeTheAPIIsKept(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/storage/api/v0/id" || r.Header.Get("Authorization") != "Bearer s" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		respond(200, "application/json", `{"ID":"12D3","AgentVersion":"kubo/0.43.0/abc"}`)(w, r)
	})
	for _, suffix := range []string{"/storage", "/storage/", "/storage/api/v0", "/storage/api/v0/"} {
		info, err := dial(t, node.Options{URL: url + suffix, Token: "bearer:s"}).Info(t.Context())
		if err != nil || info.Version != "0.43.0" {
			t.Errorf("%s: %+v, %v", suffix, info, err)
		}
	}
}

func TestCertificateIsPinned(t *testing.T) {
	h := respond(200, "application/json", `{"ID":"12D3","AgentVersion":"kubo/0.43.0"}`)
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	sum := sha256.Sum256(s.Certificate().Raw)
	right := hex.EncodeToString(sum[:])
	sum[0] ^= 1
	for print, want := range map[string]error{
		right:                      nil,
		hex.EncodeToString(sum[:]): node.ErrCertificate,
		"":                         node.ErrCertificate, // nobody that the system trusts signed it
	} {
		k := dial(t, node.Options{URL: s.URL, TLSFingerprint: print})
		for range 2 {
			if _, err := k.Info(t.Context()); !errors.Is(err, want) {
				t.Errorf("with pin %q: got %v, want %v", print, err, want)
			}
		}
	}
	plain := serve(t, h)
	for _, url := range []string{strings.Replace(s.URL, "https", "http", 1), strings.Replace(plain, "http", "https", 1)} {
		if _, err := dial(t, node.Options{URL: url}).Info(t.Context()); !errors.Is(err, node.ErrProtocol) {
			t.Errorf("another scheme at %s: got %v, want ErrProtocol", url, err)
		}
	}
}

func TestWhatNobodyAnswersIsUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for method, call := range calls(dial(t, node.Options{URL: "http://" + l.Addr().String(), Token: "bearer:hunter2"})) {
		if err := call(t.Context()); !errors.Is(err, node.ErrUnreachable) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want ErrUnreachable", method, err)
		}
	}
}

func TestWrongTokenIsUnauthorized(t *testing.T) {
	d := nodetest.StartKubo(t, func(c nodetest.Config) { c.Allow("/api/v0/id", "/api/v0/repo/stat") })
	for _, token := range []string{"", "bearer:wrong", "me:wrong", d.Token} { // the last may not use these paths
		k := dial(t, node.Options{URL: d.URL, Token: token})
		for method, call := range calls(k) {
			if token == d.Token && (method == "Info" || method == "Usage") {
				continue
			}
			if err := call(t.Context()); !errors.Is(err, node.ErrUnauthorized) || errors.Is(err, node.ErrNotFound) {
				t.Errorf("%s with %q: got %v, want ErrUnauthorized", method, token, err)
			}
		}
		// With the body on its way as well: 32 MiB are refused, not "connection broken".
		data := bytes.Repeat([]byte{2}, 1<<20)
		blocks := make([]node.Block, 32)
		for i := range blocks {
			blocks[i] = nodetest.Raw(data)
		}
		if err := k.Put(t.Context(), blocks); !errors.Is(err, node.ErrUnauthorized) {
			t.Errorf("a large upload with %q: got %v, want ErrUnauthorized", token, err)
		}
	}
}

func TestCARIsTheBytesThatKuboExports(t *testing.T) {
	d := nodetest.StartKubo(t)
	leaf, empty := nodetest.Raw(bytes.Repeat([]byte("leaf"), 100)), nodetest.Raw(nil)
	sub := nodetest.Dir(node.Entry{Name: "leaf", CID: leaf.CID})
	root := nodetest.Dir(node.Entry{Name: "a", CID: empty.CID}, node.Entry{Name: "b", CID: sub.CID})
	blocks := []node.Block{root, empty, sub, leaf} // depth first, as it exports
	k := d.Node(t)
	if err := k.Import(t.Context(), root.CID, blocks); err != nil {
		t.Fatal(err)
	}
	want := d.Run(t, "dag", "export", "--progress=false", root.CID.String())
	for _, size := range []int{1, 7, 64 << 10} { // however it is read
		var got bytes.Buffer
		if _, err := io.CopyBuffer(struct{ io.Writer }{&got}, node.CAR(root.CID, blocks), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("our CAR is %x, Kubo's %x", got.Bytes(), want)
		}
	}
}

func TestDamageOnTheStoragesDiskIsSeen(t *testing.T) {
	d := nodetest.StartKubo(t)
	k := d.Node(t)
	b := nodetest.Raw(bytes.Repeat([]byte("x"), 1000))
	if err := k.Put(t.Context(), []node.Block{b}); err != nil {
		t.Fatal(err)
	}
	d.DamageBlock(t, b.CID)
	if _, err := k.Get(t.Context(), b.CID); !errors.Is(err, node.ErrWrongBytes) {
		t.Errorf("got %v, want ErrWrongBytes", err)
	}
	d.LoseBlock(t, b.CID)
	if _, err := k.Get(t.Context(), b.CID); !errors.Is(err, node.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

// A pin whose child is missing hangs, and while a GC waits behind it every other pin call hangs too, whatever timeout=
// says. Only our own deadline ends them.
func TestHungPinEndsByOurDeadline(t *testing.T) {
	d := nodetest.StartKubo(t)
	lost := nodetest.Raw([]byte("lost"))
	root := nodetest.Dir(node.Entry{Name: "lost", CID: lost.CID})
	k := d.Node(t)
	if err := k.Put(t.Context(), []node.Block{root}); err != nil {
		t.Fatal(err)
	}
	hasty := dial(t, node.Options{URL: d.URL, Token: d.Token})
	node.Hurry(hasty, time.Hour, 700*time.Millisecond) // no progress, though the node sends a beat every half second
	start := time.Now()
	if err := hasty.PinAdd(context.Background(), root.CID, "x"); !errors.Is(err, node.ErrTimeout) {
		t.Errorf("a pin without its child: got %v, want ErrTimeout", err)
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %v", took)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	hung := make(chan error, 2)
	go func() { hung <- k.PinAdd(ctx, root.CID, "x") }()
	time.Sleep(200 * time.Millisecond) // nothing on the node tells that it holds the lock
	go func() { hung <- k.GC(ctx) }()
	time.Sleep(200 * time.Millisecond)
	waiting := dial(t, node.Options{URL: d.URL, Token: d.Token})
	start = time.Now()
	if err := waiting.PinRemove(t.Context(), nodetest.Dir().CID); !errors.Is(err, node.ErrTimeout) {
		t.Errorf("a call behind a waiting GC: got %v, want ErrTimeout", err)
	}
	if took := time.Since(start); took > 4*time.Second {
		t.Errorf("it took %v", took)
	}
	cancel()
	<-hung
	<-hung
}

func TestDaemonThatDiesDuringAnImportIsUnreachable(t *testing.T) {
	d := nodetest.StartKubo(t)
	k := d.Node(t)
	var blocks []node.Block
	for i := range 200 {
		blocks = append(blocks, nodetest.Raw(append(bytes.Repeat([]byte{1}, 1<<20), byte(i))))
	}
	done := make(chan error)
	go func() {
		for {
			if err := k.Import(t.Context(), blocks[0].CID, blocks); err != nil {
				done <- err
				return
			}
		}
	}()
	time.Sleep(100 * time.Millisecond)
	d.Kill(t)
	if err := <-done; !errors.Is(err, node.ErrUnreachable) {
		t.Errorf("got %v, want ErrUnreachable", err)
	}
	d.Start(t)
	if _, err := d.Node(t).Pins(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestUsageTellsTheLimitItWasGiven(t *testing.T) {
	d := nodetest.StartKubo(t, func(c nodetest.Config) { c.Set("Datastore.StorageMax", "3GB") })
	for _, want := range []int64{3_000_000_000, 0} {
		u, err := d.Node(t).Usage(t.Context())
		if err != nil || u.StorageMax != want || u.RepoSize <= 0 {
			t.Errorf("got %+v, %v; want a limit of %d", u, err, want)
		}
		d.Stop(t)
		d.Change(t, func(c nodetest.Config) { c.Set("Datastore.StorageMax", "") })
		d.Start(t)
	}
}

func BenchmarkImport(b *testing.B) {
	d := nodetest.StartKubo(b)
	k := d.Node(b)
	blocks := make([]node.Block, 64)
	for b.Loop() {
		b.StopTimer()
		var entries []node.Entry
		for i := range blocks {
			blocks[i] = nodetest.Raw(fmt.Appendf(bytes.Repeat([]byte{7}, 1<<20-32), "%032d", time.Now().UnixNano()))
			entries = append(entries, node.Entry{Name: fmt.Sprint(i), CID: blocks[i].CID})
		}
		root := nodetest.Dir(entries...)
		b.StartTimer()
		if err := k.Import(b.Context(), root.CID, append(blocks[:64:64], root)); err != nil {
			b.Fatal(err)
		}
		b.SetBytes(64 << 20)
	}
}
