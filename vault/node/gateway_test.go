package node_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

const rawBlock = "application/vnd.ipld.raw"

// Whatever stands where a gateway could be: the right block is returned, and what is no gateway is not asked for ever.
func TestGatewayIsBelievedOnlyWhenItsBytesAreRight(t *testing.T) {
	b := nodetest.Raw(bytes.Repeat([]byte("block"), 1000))
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the token was carried to another address") })
	for name, c := range map[string]struct {
		gateway http.HandlerFunc
		asked   int // of 3 blocks read, how many it is asked for
		rpc     int // and the RPC
	}{
		"the block":            {respond(200, rawBlock, string(b.Data)), 3, 0},
		"other bytes":          {respond(200, rawBlock, strings.Repeat("lies!", 1000)), 3, 3},
		"less bytes":           {respond(200, rawBlock, string(b.Data[:4999])), 3, 3},
		"nothing":              {respond(200, rawBlock, ""), 3, 3},
		"not kept here":        {respond(412, "text/plain", "not in cache"), 3, 3},
		"none":                 {respond(404, "text/plain", "404 page not found"), 1, 3},
		"refused":              {respond(403, "text/plain", "no"), 1, 3},
		"overloaded":           {respond(429, "text/plain", "later"), 1, 3},
		"web page":             {respond(200, "text/html", "<html>"), 1, 3},
		"more than a block":    {respond(200, rawBlock, strings.Repeat("x", node.MaxBlockSize+1)), 1, 3},
		"connection that ends": {hangUp(`Content-Length: 5000`), 3, 3},
		"length that nobody told": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", rawBlock)
			w.(http.Flusher).Flush()
			w.Write(b.Data)
		}, 3, 0},
		"answer that is cut": {hangUp(`Transfer-Encoding: chunked`), 3, 3},
		"silence":            {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 1, 3},
		"another address":    {http.RedirectHandler(elsewhere, http.StatusFound).ServeHTTP, 1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			var asked, rpc atomic.Int64
			k := dial(t, node.Options{Token: "secret", URL: serve(t, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") != "Bearer secret" {
					t.Error("asked without the token")
				}
				if r.URL.Path == "/api/v0/block/get" {
					rpc.Add(1)
					respond(200, rawBlock, string(b.Data))(w, r)
					return
				}
				asked.Add(1)
				if r.URL.Path != "/ipfs/"+b.CID.String() || r.URL.RawQuery != "format=raw" || r.Header.Get("Cache-Control") != "only-if-cached" {
					t.Errorf("asked for %s, %v", r.URL, r.Header)
				}
				c.gateway(w, r)
			})})
			node.Hurry(k, 5*time.Second, 200*time.Millisecond)
			for range 3 {
				if got, err := k.Get(t.Context(), b.CID); err != nil || !bytes.Equal(got, b.Data) {
					t.Fatalf("got %d bytes, %v", len(got), err)
				}
			}
			if int(asked.Load()) != c.asked || int(rpc.Load()) != c.rpc {
				t.Errorf("the gateway was asked %d times, the RPC %d times; want %d and %d", asked.Load(), rpc.Load(), c.asked, c.rpc)
			}
		})
	}
}

// hangUp begins an answer under a header and closes the connection.
func hangUp(header string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n%s\r\n\r\n", rawBlock, header)
		c.Close()
	}
}

// The managed node has a gateway for whoever knows the name of a block: what it gives is sealed. It must not give
// anything else, look elsewhere, or serve a page that a browser would trust as one of the RPC's own.
func TestGatewayOfTheManagedNodeGivesBlocksAlone(t *testing.T) {
	m := startManaged(t, t.TempDir())
	page := nodetest.Raw([]byte("<html><script>alert(1)</script></html>"))
	lost := nodetest.Raw([]byte("never stored"))
	if err := m.Node().Put(t.Context(), []node.Block{page}); err != nil {
		t.Fatal(err)
	}
	has(t, m.Node(), page)
	if _, err := m.Node().Get(t.Context(), lost.CID); !errors.Is(err, node.ErrNotFound) {
		t.Errorf("a block that is not there: %v, want ErrNotFound", err)
	}
	ask := func(path, accept string) (*http.Response, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, m.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept", accept)
		start := time.Now()
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("%s took %v", path, took)
		}
		return resp, string(body)
	}
	if resp, body := ask("/ipfs/"+page.CID.String()+"?format=raw", ""); resp.StatusCode != 200 || body != string(page.Data) ||
		resp.Header.Get("Content-Type") != rawBlock || !strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("a block: %s, %q, %v", resp.Status, body, resp.Header)
	}
	for _, path := range []string{
		"/ipfs/" + page.CID.String(), "/ipfs/" + lost.CID.String() + "?format=raw", "/ipns/en.wikipedia-on-ipfs.org/",
		"/api/v0/pin/ls", "/api/v0/files/ls",
	} {
		if resp, body := ask(path, "text/html"); resp.StatusCode == 200 {
			t.Errorf("%s: %s, %q", path, resp.Status, body)
		}
	}
}
