package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"roost/syncer"
)

func nodeCommand() *command {
	return &command{name: "node", beside: []string{"device"}, about: "the storages; the computers: list, retire, revoke", subs: []*command{
		{name: "node list", run: nodeList, help: "list: the storages of this backup."},
		{
			name: "node check", usage: []string{"[NAME] [--fix]"}, most: 1, run: nodeCheck,
			help:  "check: look at everything about a storage that can be wrong.",
			flags: []flag{{name: "fix", help: "do what Roost can about it, and look again"}},
		},
		{
			name: "node add", usage: []string{"[NAME] (--node URL [--token-file F] | --code-file F | --local [DIR]) [--cluster URL …]"}, most: 1, run: nodeAdd,
			help: `add: one more storage. Everything is copied there, and it counts from then on. With --cluster it is several that act as
one: the node is a member's, and what is saved there counts when as many members hold it as are wanted.`,
			flags: storageFlags, ownHelp: true,
		},
		{
			name: "node copies", usage: []string{"[NAME] N|all"}, least: 1, most: 2, run: nodeCopies,
			help: `copies: how many members of a cluster shall hold everything; all: as many as there are now.`,
		},
		{name: "node find", run: nodeFind, help: "find: the storages that tell this network of themselves."},
		{
			name: "node limit", usage: []string{"[NAME] SIZE"}, least: 1, most: 2, run: nodeLimit,
			help: `limit: the storage holds so much in all, such as 500GB, or none for no limit. At 80 % of it Roost says so, and at the
limit new data waits.`,
		},
		{
			name: "node move", usage: []string{"OLD [--to URL [--token-file F] | --code-file F | --local DIR] [--clean-old]"}, least: 1, most: 1, run: nodeMove,
			help: `move: copy everything to a new storage, read all of it back, restore from there to try it, and only then let it take
OLD's place. Without a new one: go on.`,
			flags: append([]flag{
				{name: "to", arg: "URL", help: "the new storage"},
				{name: "clean-old", help: "at the end, clean the old storage and stop using it"},
			}, storageFlags...),
			ownHelp: true,
		},
		{
			name: "node remove", usage: []string{"NAME [--lost]"}, least: 1, most: 1, run: nodeRemove,
			help:  "remove: this storage is not used any longer. What it holds stays there.",
			flags: []flag{{name: "lost", help: "it is broken for good: go on from what others have"}},
		},
		nodeNetworkCommand(),
		nodeKitCommand(),
	}}
}

type nodesAnswer struct {
	Nodes  []nodeJSON  `json:"nodes"`
	Copies *copiesJSON `json:"copies,omitempty"` // of a list; a check looks at one storage
}

type nodeJSON struct {
	Name   string      `json:"name"`
	URL    string      `json:"url"`
	State  string      `json:"state"` // safe, copying, waiting, needs_you
	Checks []checkJSON `json:"checks"`

	Confirmed stamp `json:"confirmed"` // when it last confirmed to hold this computer's newest state

	Cluster *clusterJSON `json:"cluster,omitempty"` // of several storages that act as one
}

type clusterJSON struct {
	URL     string       `json:"url"`
	Copies  int          `json:"copies"` // members that shall hold everything, as a number
	Held    int          `json:"held"`   // members that hold this computer's newest state
	Known   bool         `json:"known"`  // they were asked; false: nothing is saved yet, or nobody answers
	Members []memberJSON `json:"members"`
}

type memberJSON struct {
	Name  string `json:"name"`
	ID    string `json:"id"`
	State string `json:"state"` // holds, waiting, failed, away, spare, there
	Since stamp  `json:"since"` // when it was first seen so; null: it holds it, or that is not known
}

func newCluster(c *syncer.ClusterStatus) *clusterJSON {
	if c == nil {
		return nil
	}
	return &clusterJSON{URL: c.URL, Copies: c.Wanted, Held: c.Held, Known: c.Known, Members: append([]memberJSON{}, newMembers(c.Members)...)}
}

func newMembers(list []syncer.MemberStatus) (out []memberJSON) {
	for _, m := range list {
		out = append(out, memberJSON{m.Called(), m.ID, m.State, stamp(m.Since)})
	}
	return out
}

// people are the lines about the members: how many hold the newest state, and who does not.
func (c *clusterJSON) people(w io.Writer) {
	if c == nil {
		return
	}
	if c.Known {
		fmt.Fprintf(w, "  %d of %d members hold it\n", min(c.Held, c.Copies), c.Copies)
	}
	for _, m := range c.Members {
		line := "  " + shown(m.Name) + ": " + memberWords(m.State)
		if t := time.Time(m.Since); !t.IsZero() && m.State != syncer.MemberThere {
			line += " since " + when(t)
		}
		fmt.Fprintln(w, line)
	}
}

func memberWords(state string) string {
	switch state {
	case syncer.MemberHolds:
		return "holds it"
	case syncer.MemberWaiting:
		return "on its way to it"
	case syncer.MemberFailed:
		return "could not get it"
	case syncer.MemberAway:
		return "does not answer"
	case syncer.MemberSpare:
		return "not needed for it"
	default:
		return "answers"
	}
}

type checkJSON struct {
	Name    string `json:"name"`
	OK      bool   `json:"ok"`
	Message string `json:"message"`
	Action  string `json:"action"`
	Fix     bool   `json:"fix"` // Roost can do something about it by itself: --fix
}

func (a *nodesAnswer) add(n syncer.NodeInfo) {
	j := nodeJSON{n.Name, n.URL, n.State, []checkJSON{}, stamp(n.Confirmed), newCluster(n.Cluster)}
	for _, k := range n.Checks {
		j.Checks = append(j.Checks, checkJSON{k.Name, k.OK, k.Message, k.Action, k.Fix})
	}
	a.Nodes = append(a.Nodes, j)
}

func listNodes(ctx context.Context, e engine) (answer, error) {
	nodes, err := e.Nodes(ctx)
	if err != nil {
		return nil, err
	}
	all, err := e.Settings(ctx)
	if err != nil {
		return nil, err
	}
	a := nodesAnswer{Nodes: []nodeJSON{}, Copies: &copiesJSON{Wanted: syncer.WantedCopies(all, len(nodes))}}
	for _, n := range nodes {
		if a.add(n); n.State == syncer.StateSafe {
			a.Copies.Confirmed++
		}
	}
	return a, nil
}

func nodeList(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e engine) error {
		a, err = listNodes(ctx, e)
		return err
	})
	return a, err
}

func nodeCheck(ctx context.Context, c *call) (answer, error) {
	a := nodesAnswer{Nodes: []nodeJSON{}}
	err := c.work(ctx, func(e engine) error {
		names := c.rest
		if len(names) == 0 {
			nodes, err := e.Nodes(ctx)
			if err != nil {
				return err
			}
			for _, n := range nodes {
				names = append(names, n.Name)
			}
		}
		var errs []error
		for _, name := range names {
			n, err := e.CheckNode(ctx, name)
			if err == nil && c.has("fix") {
				n, err = fixed(ctx, e, n)
			}
			if n.Name != "" { // known, if only as out of reach
				a.add(n)
			}
			if err == nil {
				err = failedCheck(n)
			}
			errs = append(errs, err)
		}
		return errors.Join(errs...)
	})
	return a, err
}

// fixed does what can be done about checks that failed, and looks once more when something was.
func fixed(ctx context.Context, e engine, n syncer.NodeInfo) (syncer.NodeInfo, error) {
	did := false
	for _, k := range n.Checks {
		if k.OK || !k.Fix {
			continue
		}
		if err := e.FixNode(ctx, n.Name, k.Name); err != nil {
			return n, err
		}
		did = true
	}
	if !did {
		return n, nil
	}
	return e.CheckNode(ctx, n.Name)
}

// failedCheck is an error that says what the first failed check of a storage says; nil when all is well.
func failedCheck(n syncer.NodeInfo) error {
	for _, k := range n.Checks {
		if !k.OK {
			return &problemError{problem: syncer.Problem{
				Code: "check_failed", Severity: "needs_you", Title: k.Message, Action: k.Action, Exit: syncer.ExitStorage,
			}}
		}
	}
	return nil
}

func nodeAdd(ctx context.Context, c *call) (a answer, err error) {
	opts, err := c.options(ctx)
	if err != nil {
		return nil, err
	}
	how, err := c.storage(ctx, opts.Home)
	if err != nil {
		return nil, err
	}
	if len(c.rest) > 0 {
		how.NodeName = c.rest[0]
	}
	err = c.work(ctx, func(e engine) error {
		if err := e.AddNode(ctx, how); err != nil {
			return err
		}
		a, err = listNodes(ctx, e)
		return err
	})
	return a, err
}

func nodeLimit(ctx context.Context, c *call) (a answer, err error) {
	name, text := "", c.rest[0]
	if len(c.rest) > 1 {
		name, text = c.rest[0], c.rest[1]
	}
	bytes, err := syncer.ParseSize(text)
	if err != nil || bytes == 0 && !strings.EqualFold(text, "none") {
		return nil, usage(c.command, "%q is no size. It is one such as 500GB, or none.", text)
	}
	err = c.work(ctx, func(e engine) error {
		if err := e.SetLimit(ctx, name, bytes); err != nil {
			return err
		}
		a, err = listNodes(ctx, e)
		return err
	})
	return a, err
}

func nodeCopies(ctx context.Context, c *call) (a answer, err error) {
	name, text := "", c.rest[0]
	if len(c.rest) > 1 {
		name, text = c.rest[0], c.rest[1]
	}
	copies, err := readCopies(text)
	if err != nil {
		return nil, usage(c.command, "%v", err)
	}
	err = c.work(ctx, func(e engine) error {
		if err := e.SetCopies(ctx, name, copies); err != nil {
			return err
		}
		a, err = listNodes(ctx, e)
		return err
	})
	return a, err
}

func nodeRemove(ctx context.Context, c *call) (a answer, err error) {
	err = c.work(ctx, func(e engine) error {
		if err := e.RemoveNode(ctx, c.rest[0], c.has("lost")); err != nil {
			return err
		}
		a, err = listNodes(ctx, e)
		return err
	})
	return a, err
}

func (a nodesAnswer) people(w io.Writer) {
	if a.Copies != nil && a.Copies.Wanted > 1 {
		fmt.Fprintln(w, copiesWords(syncer.Copies(*a.Copies)))
	}
	for _, n := range a.Nodes {
		fmt.Fprintf(w, "%s  %s  (%s)\n", shown(n.Name), shown(n.URL), stateWords(n.State))
		n.Cluster.people(w)
		for _, k := range n.Checks {
			mark := "ok "
			if !k.OK {
				mark = "!! "
			}
			fmt.Fprintf(w, "  %s %s\n", mark, shown(k.Message))
			if !k.OK && k.Action != "" {
				fmt.Fprintf(w, "      %s\n", k.Action)
			}
		}
	}
}
