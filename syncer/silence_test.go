package syncer

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// TestAStorageThatAnnouncesIsSilencedByACheck: by Roost where its key opens that, else a person is told the line.
func TestAStorageThatAnnouncesIsSilencedByACheck(t *testing.T) {
	d := nodetest.StartKubo(t, func(c nodetest.Config) { c.Set("Routing.Type", "dhtserver"); c.Set("Provide.Enabled", true) })
	e := testEngine(t, d.Node(t), testEntropy(t))
	find := func() NodeCheck {
		t.Helper()
		n, err := e.CheckNode(t.Context(), "storage")
		must(t, err)
		i := slices.IndexFunc(n.Checks, func(c NodeCheck) bool { return c.Name == "silent" })
		if i < 0 {
			t.Fatalf("whether it announces was not looked at: %+v", n.Checks)
		}
		return n.Checks[i]
	}
	if c := find(); c.OK || !c.Fix || c.Problem.Code != "announces" || !strings.Contains(c.Problem.Detail, node.SilenceLine) || !strings.Contains(c.Action, node.SilenceLine) {
		t.Errorf("a storage that announces is checked as %+v, %+v", c, c.Problem)
	}
	must(t, e.FixNode(t.Context(), "storage", "silent"))
	if c := find(); c.OK || c.Fix || c.Problem.Code != "still_announces" {
		t.Errorf("one that was told, and not started again, is checked as %+v, %+v", c, c.Problem)
	}
	d.Stop(t)
	d.Start(t)
	e = reopen(t, e, d.Node(t))
	if c := find(); !c.OK || c.Message != "It tells nobody which blocks it has." {
		t.Errorf("after it was started again: %+v", c)
	}

	// In front of this one a program lets its settings be read, and not changed.
	d = nodetest.StartKubo(t, func(c nodetest.Config) { c.Set("Routing.Type", "dhtserver"); c.Set("Provide.Enabled", true) })
	k, err := node.Dial(node.Options{URL: readOnly(t, d.URL), Token: d.Token})
	must(t, err)
	t.Cleanup(func() { k.Close() })
	e = testEngine(t, k, testEntropy(t))
	if c := find(); c.OK || !c.Fix {
		t.Errorf("one that announces is checked as %+v", c)
	}
	err = e.FixNode(t.Context(), "storage", "silent")
	if p := Describe(err); p.Code != "announces" || !strings.Contains(p.Detail, node.SilenceLine) {
		t.Errorf("what cannot be changed from here ends with %v", err)
	}
	if err := testEngine(t, newPeer("one"), testEntropy(t)).FixNode(t.Context(), "storage", "silent"); !errors.Is(err, ErrUsage) {
		t.Errorf("one that is no Kubo was told: %v", err)
	}
}

// readOnly is a proxy that lets settings be read, and nothing be changed in them.
func readOnly(t *testing.T, to string) string {
	t.Helper()
	there, err := url.Parse(to)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(there)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/config") && len(r.URL.Query()["arg"]) > 1 {
			http.Error(w, "403 - Forbidden", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL
}
