package syncer

import (
	"context"
	"fmt"
	"strings"

	"roost/vault"
	"roost/vault/node"
)

// testedCluster is the oldest IPFS Cluster that the tests run against.
var testedCluster = [2]int{1, 1}

// checkGroup looks whether the cluster that a storage acts for can be asked, and is that of this storage; false: it cannot,
// and nothing can be pinned either.
func (e *Engine) checkGroup(ctx context.Context, c connection, add func(name, good string, err error) bool) bool {
	cluster, ok := c.node.(*node.Cluster)
	if !ok {
		return true
	}
	_, err := cluster.Self(ctx)
	return add("group", "It is one of several storages that act as one, and they can be asked.", err)
}

// checkMembers looks at the storages that act as one behind this one: who is there, with which program, and who holds what.
func (e *Engine) checkMembers(ctx context.Context, nc nodeConfig, c connection, add func(name, good string, err error) bool) *ClusterStatus {
	cluster, ok := c.node.(*node.Cluster)
	if !ok || nc.Cluster == nil {
		return nil
	}
	var own *vault.Head
	if st, err := e.state(ctx); err == nil {
		own = st.Own(e.bundle.Device())
	}
	ctx, cancel := context.WithTimeout(ctx, membersPatience)
	defer cancel()
	there, err := cluster.Members(ctx)
	if err != nil {
		add("members", "", err)
		return nil
	}
	add("group-version", groupVersionWords(there), nil)
	s, err := e.askHolding(ctx, nc, cluster, there, own, nil)
	if err != nil && s != nil {
		err = fmt.Errorf("%w%s", err, missingWords(s))
	}
	add("members", membersWords(s), err)
	return s
}

// fixMembers does now what Run does after a while. Errors: ErrUsage where the storage acts for no cluster.
func (e *Engine) fixMembers(ctx context.Context, nc nodeConfig) error {
	if nc.Cluster == nil {
		return fmt.Errorf("%w: the storage %q is one alone", ErrUsage, nc.Name)
	}
	st, err := e.state(ctx)
	if err != nil {
		return err
	}
	return e.refill(ctx, nc, st.Own(e.bundle.Device()), true)
}

// missingWords names who does not hold the newest state.
func missingWords(s *ClusterStatus) string {
	var away, late []string
	for _, m := range s.Members {
		switch m.State {
		case MemberAway:
			away = append(away, m.Called())
		case MemberWaiting, MemberFailed:
			late = append(late, m.Called())
		}
	}
	text := ""
	if len(away) > 0 {
		text += "; these do not answer: " + strings.Join(away, ", ")
	}
	if len(late) > 0 {
		text += "; these do not have it yet: " + strings.Join(late, ", ")
	}
	return text
}

// Called is the member's name, or the end of its id where the cluster never told one.
func (m MemberStatus) Called() string {
	if m.Name != "" {
		return m.Name
	}
	return "…" + m.ID[max(0, len(m.ID)-6):]
}

func membersWords(s *ClusterStatus) string {
	if s == nil || !s.Known {
		return "The storages that act as one answer."
	}
	return "As many of the storages that act as one hold your newest versions as you want."
}

// groupVersionWords says whether the members' programs are new enough, and alike.
func groupVersionWords(all []node.Member) string {
	alike := ""
	for _, m := range all {
		if m.Version == "" { // it does not answer
			continue
		}
		switch older, known := olderThan(testedCluster, m.Version); {
		case !known:
			return "The version of their group's program is not known."
		case older:
			return "Their group's program is older than the one that Roost is tested with. An update is a good idea."
		case alike != "" && alike != m.Version:
			return "Their group's programs are of different versions. An update of the older ones is a good idea."
		}
		alike = m.Version
	}
	return "Their group's program is as new as it has to be."
}
