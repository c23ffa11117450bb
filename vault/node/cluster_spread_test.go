package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/ipfs/go-cid"
)

// A cluster that does not know how much room our own member has leaves that out, and our own would let the pin go, be the one that was
// chosen gone or not: all of them hold it then. Real ones do this when they were too busy to tell.
func TestWhatOurOwnMemberWouldLetGoIsHeldByAll(t *testing.T) {
	root := cid.MustParse("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku")
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		most := r.FormValue("replication-max")
		asked = append(asked, most)
		chosen := []string{"another"}
		if most == "-1" {
			chosen = nil
		}
		text, err := json.Marshal(chosen)
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"cid":%q,"replication_factor_max":%s,"allocations":%s}`, root, most, text)
	}))
	defer server.Close()
	k, err := Dial(Options{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	c, err := DialCluster(k, ClusterOptions{URL: server.URL, Copies: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.self = Member{ID: "own"}
	p, err := c.spread(t.Context(), clusterPin{root: root, copies: 0})
	if err != nil || !p.on("own") {
		t.Errorf("it is held as %+v, %v", p, err)
	}
	asked = slices.DeleteFunc(asked, func(most string) bool { return most == "" }) // Kubo for its address
	if !slices.Equal(asked, []string{"1", "-1"}) {
		t.Errorf("the cluster was asked for %q", asked)
	}
}
