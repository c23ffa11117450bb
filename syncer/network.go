package syncer

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"roost/vault/node"
	"roost/vault/node/code"
	"roost/vault/node/private"
)

// How a storage stands to other machines.
const (
	LevelQuiet   = "quiet"   // it looks for nobody and tells nobody; what is stored is given to who has its key
	LevelPrivate = "private" // and to the members of its private network
)

// Network is how a storage that this computer runs stands to other machines. Code and KeyFile are secrets.
type Network struct {
	Storage   string
	Level     string   // LevelQuiet or LevelPrivate; in the first case the rest is empty
	Port      int      // of TCP
	Listen    string   // the one address that it listens at; "": all
	Addresses []string // under which the other members find it
	Members   []string // the addresses of others that it was told
	Code      string   // lets one more storage in
	KeyFile   string   // the same for any IPFS program: the text of its swarm.key
}

// NetworkChange is what is to become of that. One of Make, Join and Leave is set.
type NetworkChange struct {
	Storage  string // "": the one that this computer runs
	Make     bool   // a network of its own
	Join     []byte // a family network code, a connection code of a member, a picture of one, or a key file; nil: none
	Password string // of Join, where it is locked
	Leave    bool   // be a quiet one
	Port     int    // 0: the usual one
	Listen   string // the one address to listen at; "": all
}

// ErrNotRunHere: another machine runs this storage, and only that can change it.
var ErrNotRunHere = errors.New("this storage is run by another machine")

// ownStorage is a storage that this computer runs; "" is the only one of them. Errors: ErrNotRunHere, ErrUsage.
func (e *Engine) ownStorage(ctx context.Context, name string) (nodeConfig, *node.Managed, error) {
	var own []nodeConfig
	for _, nc := range e.home.config().Nodes {
		if nc.Name == name && nc.Dir == "" {
			return nc, nil, fmt.Errorf("%w: %q", ErrNotRunHere, name)
		}
		if nc.Dir != "" && (name == "" || nc.Name == name) {
			own = append(own, nc)
		}
	}
	switch {
	case len(own) == 0 && name == "":
		return nodeConfig{}, nil, fmt.Errorf("%w: this computer runs none", ErrNotRunHere)
	case len(own) != 1:
		return nodeConfig{}, nil, unknownStorage(name)
	}
	c, err := e.reach(ctx, own[0])
	if err != nil {
		return own[0], nil, err
	}
	return own[0], c.managed, nil
}

// Network tells how a storage that this computer runs stands to other machines.
// Errors: ErrNotRunHere, ErrUsage.
func (e *Engine) Network(ctx context.Context, storage string) (*Network, error) {
	nc, m, err := e.ownStorage(ctx, storage)
	if err != nil {
		return nil, err
	}
	return networkOf(nc, m)
}

func networkOf(nc nodeConfig, m *node.Managed) (*Network, error) {
	n, key, own, err := m.Network()
	if err != nil {
		return nil, err
	}
	out := &Network{Storage: nc.Name, Level: LevelQuiet}
	if n == nil {
		return out, nil
	}
	out.Level, out.Port, out.Listen, out.Addresses, out.Members = LevelPrivate, n.Port, n.Listen, own, n.Members
	out.KeyFile = string(key.Text())
	out.Code, err = code.Network{Key: key, Members: private.Known(own, n.Members)}.Encode()
	return out, err
}

// SetNetwork makes a storage that this computer runs a member of a private network, or a quiet one again. It is started
// again for that; what is stored stays.
// Errors: ErrUsage, ErrNotRunHere, node.ErrPortTaken, private.ErrNotKey, those of package code.
func (e *Engine) SetNetwork(ctx context.Context, ch NetworkChange) (*Network, error) {
	wanted, err := ch.network()
	if err != nil {
		return nil, err
	}
	nc, m, err := e.ownStorage(ctx, ch.Storage)
	if err != nil {
		return nil, err
	}
	done, err := e.turns.take(ctx) // no backup while it is started again
	if err != nil {
		return nil, err
	}
	defer done()
	was, key, own, err := m.Network()
	switch {
	case ch.Leave: // also one whose key is lost
		err = m.LeaveNetwork(ctx)
	case err != nil:
	case was != nil && ch.Make:
		return nil, fmt.Errorf("%w: it is in a family network already; leave that first", ErrUsage)
	default:
		n := private.Network{Port: ch.Port, Listen: ch.Listen, Members: wanted.Members}
		if was != nil {
			if n.Port == 0 && n.Listen == "" {
				n.Port, n.Listen = was.Port, was.Listen
			}
			if wanted.Key == key { // told of more members
				n.Members = private.Known(n.Members, was.Members)
			}
			n.Members = private.Without(n.Members, own)
		}
		if n.Port == 0 {
			n.Port = private.DefaultPort
		}
		if cerr := n.Check(); cerr != nil {
			return nil, fmt.Errorf("%w: %w", ErrUsage, cerr)
		}
		err = m.JoinNetwork(ctx, n, wanted.Key)
	}
	if err != nil {
		return nil, err
	}
	return networkOf(nc, m)
}

// network is the one that is wanted; an empty one to leave.
func (ch NetworkChange) network() (code.Network, error) {
	asked := 0
	for _, is := range []bool{ch.Make, ch.Join != nil, ch.Leave} {
		if is {
			asked++
		}
	}
	switch {
	case asked != 1:
		return code.Network{}, fmt.Errorf("%w: make a family network, join one, or leave it", ErrUsage)
	case ch.Make:
		return code.Network{Key: private.NewKey()}, nil
	case ch.Leave:
		return code.Network{}, nil
	}
	text, err := code.Text(ch.Join)
	if err != nil {
		return code.Network{}, err
	}
	return code.ParseNetwork(strings.TrimSpace(text), ch.Password)
}
