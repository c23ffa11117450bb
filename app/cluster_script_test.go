package main

import (
	"os"
	"strconv"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"roost/vault/node/nodetest"
)

// clusterOf is the real cluster of a script: two members.
type clusterOf struct {
	one, two *nodetest.Member
}

// cluster start: a cluster of two real members. $NODE and $MEMBER are the first one's Kubo, $OTHER the second's, $CLUSTER is the
// first one's API, and cluster-password has what that asks for. cluster stop NAME, cluster start-again NAME: of one of them, "one"
// or "two". cluster await N: until so many hold the newest state, as roost says, which is told to do what it can.
func cluster(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: cluster start|stop NAME|start-again NAME|await N")
	}
	s := of(ts)
	named := func() *nodetest.Member {
		if len(args) != 2 || s.cluster == nil {
			ts.Fatalf("usage: cluster %s NAME, after cluster start", args[0])
		}
		if args[1] == "one" {
			return s.cluster.one
		}
		return s.cluster.two
	}
	switch args[0] {
	case "start":
		one := nodetest.StartMember(s.tb, "one", nil)
		s.cluster = &clusterOf{one, nodetest.StartMember(s.tb, "two", one)}
		ts.Setenv("NODE", one.Kubo.URL)
		ts.Setenv("MEMBER", one.Kubo.URL)
		ts.Setenv("OTHER", s.cluster.two.Kubo.URL)
		ts.Setenv("CLUSTER", one.API)
		ts.Check(os.WriteFile(ts.MkAbs("cluster-password"), []byte(one.Token()+"\n"), 0o600))
		awaitMembers(ts, s, 2)
	case "stop":
		named().Stop(s.tb)
	case "start-again":
		named().Start(s.tb)
		awaitMembers(ts, s, 2)
	case "await":
		for end := time.Now().Add(2 * time.Minute); ; time.Sleep(300 * time.Millisecond) {
			if err := ts.Exec("roost", "node", "check", "group", "--fix"); err != nil { // which may be too early
				ts.Logf("%v", err)
			}
			ts.Check(ts.Exec("roost", "node", "list", "--json"))
			held, err := jsonAt(ts.ReadFile("stdout"), "nodes.1.cluster.held")
			ts.Check(err)
			if held == args[1] {
				return
			}
			if time.Now().After(end) {
				ts.Fatalf("%s hold it, want %s", held, args[1])
			}
		}
	default:
		ts.Fatalf("cluster %s", args[0])
	}
}

// awaitMembers waits until the first member knows of so many that answer.
func awaitMembers(ts *testscript.TestScript, s *script, want int) {
	c := s.cluster.one.Node(s.tb, 0)
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		all, err := c.Members(s.tb.Context())
		ts.Check(err)
		there := 0
		for _, m := range all {
			if m.Reason == "" {
				there++
			}
		}
		if there == want {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s", "there are "+strconv.Itoa(there)+" members")
		}
	}
}
