package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"roost/vault"
)

// Nodes lists the storages with their present state.
func (e *Engine) Nodes(ctx context.Context) []NodeInfo {
	var out []NodeInfo
	for _, nc := range e.home.cfg.Nodes {
		i := NodeInfo{Name: nc.Name, URL: e.address(nc), State: "safe"}
		if err := e.connect(ctx); err != nil {
			i.State = stateOfError(err)
		} else if _, err := e.node.Info(ctx); err != nil {
			i.State = stateOfError(err)
		}
		i.URL = e.address(nc)
		out = append(out, i)
	}
	return out
}

func (e *Engine) address(nc nodeConfig) string {
	if nc.Dir == "" {
		return nc.URL
	}
	if e.managed != nil {
		return e.managed.URL()
	}
	return nc.Dir
}

func stateOfError(err error) string {
	if unreachableNow(err) {
		return "waiting"
	}
	return "needs_you"
}

// CheckNode looks at one storage closely: each check is one sentence and one action.
func (e *Engine) CheckNode(ctx context.Context, name string) (NodeInfo, error) {
	var nc nodeConfig
	for _, x := range e.home.cfg.Nodes {
		if name == "" || x.Name == name {
			nc = x
			break
		}
	}
	if nc.Name == "" {
		return NodeInfo{}, fmt.Errorf("%w: there is no storage called %q", ErrUsage, name)
	}
	out := NodeInfo{Name: nc.Name, URL: e.address(nc), State: "safe"}
	add := func(name, good string, err error) bool {
		c := NodeCheck{Name: name, OK: err == nil, Message: good}
		if err != nil {
			p := Describe(err)
			c.Message, c.Action = p.Title, p.Action
			out.State = stateOfError(err)
		}
		out.Checks = append(out.Checks, c)
		return c.OK
	}
	err := e.connect(ctx)
	if !add("start", "The storage is set up.", err) {
		return out, nil
	}
	out.URL = e.address(nc)
	info, err := e.node.Info(ctx)
	if !add("reachable", fmt.Sprintf("It answers in %d ms (Kubo %s).", info.Latency.Milliseconds(), info.Version), err) {
		return out, nil
	}
	start := time.Now()
	if !add("write", "Storing, reading and releasing work.", vault.Probe(ctx, e.node, e.bundle)) {
		return out, nil
	}
	out.Checks[len(out.Checks)-1].Message = fmt.Sprintf("Storing, reading and releasing work (%d ms).", time.Since(start).Milliseconds())
	u, err := e.node.Usage(ctx)
	add("space", fmt.Sprintf("It holds %d bytes in all.", u.RepoSize), err)
	st, _, err := e.state(ctx)
	if !add("backup", "Your backup is there and opens.", err) {
		return out, nil
	}
	if len(st.Damaged) > 0 {
		add("backup", "", errors.Join(st.Damaged...))
	}
	if own := st.Own(e.vault.Device()); own != nil {
		add("kept", "It keeps the newest state of this computer.", confirm(ctx, e.node, own))
	}
	return out, nil
}
