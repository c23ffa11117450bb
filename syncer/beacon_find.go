package syncer

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ipfs/go-cid"

	"roost/vault"
	"roost/vault/format"
	"roost/vault/node"
	"roost/vault/node/code"
)

// ErrNotReached: the words led to a storage, and it gives this computer nothing.
var ErrNotReached = errors.New("your storage was found, and gives this computer nothing")

// directPatience is for a storage that a beacon names to answer at its address.
const directPatience = 20 * time.Second

// guest is a node that finds others and fetches from them: an IPFS node of the person's choice.
type guest interface {
	node.Node
	node.Directory
	Connect(ctx context.Context, p node.Peer) error
	Fetch(ctx context.Context, root, base cid.Cid, name string, progress func(blocks int64)) error
}

// search looks for a vault with its words alone, through one node.
type search struct {
	asked   guest
	bundle  *vault.Bundle
	options SetupOptions
	beacons *vault.Beacons
	failed  []error // what was tried
}

// located is where a search ended.
type located struct {
	node     nodeConfig // the storage to use; that of the asked node where direct is false
	direct   bool       // it is a storage that a beacon names
	state    *vault.State
	problems []error
}

// lookByWords finds the storages that the devices of a vault named in their beacons, and uses the first that lets this computer in.
// Where none does, the asked node fetches what is there from them, as one IPFS node does from another, and is the storage from
// then on. Errors: vault.ErrNoBeacon, ErrNotReached.
func lookByWords(ctx context.Context, n node.Node, b *vault.Bundle, entropy format.Entropy, o SetupOptions) (*located, error) {
	asked, ok := n.(guest)
	if !ok {
		return nil, fmt.Errorf("look for your storage: %w: the node that was asked keeps no notes", vault.ErrNoBeacon)
	}
	s := &search{asked: asked, bundle: b, options: o}
	s.report(Progress{Phase: "looking", Started: time.Now()})
	var err error
	if s.beacons, err = vault.FindBeacons(ctx, asked, entropy); err != nil {
		return nil, fmt.Errorf("look for your storage: %w", err)
	}
	for _, p := range s.beacons.Places() {
		if out := s.direct(ctx, p); out != nil {
			return out, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return s.fetch(ctx)
}

func (s *search) report(p Progress) {
	if s.options.Report != nil {
		s.options.Report(p)
	}
}

// fail notes why a storage that was named is of no use.
func (s *search) fail(p format.Place, at string, err error) {
	name := p.Name
	if name == "" {
		name = "a storage"
	}
	s.failed = append(s.failed, fmt.Errorf("%q at %s: %w", name, at, err))
}

// direct tries a storage at its address, without a token; nil: it gives nothing. What a beacon says is signed by the words,
// and is checked all the same: whoever wrote it may have had another network around them.
func (s *search) direct(ctx context.Context, p format.Place) *located {
	if len(p.Addresses) == 0 || len(p.Fingerprint) == 0 && slices.ContainsFunc(p.Addresses, node.Loopback) {
		return nil // another computer's own address leads to something else here
	}
	c := code.Code{Name: p.Name, Addresses: p.Addresses, Fingerprint: hex.EncodeToString(p.Fingerprint), Host: p.Host}
	if err := c.Check(); err != nil {
		s.fail(p, "an address that is none", err)
		return nil
	}
	o := SetupOptions{AllowHTTP: s.options.AllowHTTP && p.Open}
	o.UseCode(c)
	nc := o.node(o.NodeName)
	if nc.Name == "" {
		nc.Name = "storage"
	}
	k, err := node.Dial(nc.options("", nil))
	if err != nil {
		s.fail(p, nc.URL, err)
		return nil
	}
	defer k.Close()
	limited, cancel := context.WithTimeout(ctx, directPatience)
	defer cancel()
	st, err := vault.Find(limited, k, s.bundle)
	if err == nil && len(st.Heads) == 0 {
		err = vault.ErrNoVault
	}
	if err != nil {
		s.fail(p, nc.URL, err)
		return nil
	}
	return &located{node: nc, direct: true, state: st, problems: s.beacons.Behind(st)}
}

// fetch has the asked node fetch the states that the beacons name, and makes it a storage that holds them.
func (s *search) fetch(ctx context.Context) (*located, error) {
	connected := 0
	for _, p := range s.beacons.Places() {
		if p.Peer == "" || len(p.Swarm) == 0 {
			continue
		}
		peer := node.Peer{ID: p.Peer}
		for _, a := range p.Swarm {
			peer.Addresses = append(peer.Addresses, strings.TrimSuffix(a, "/p2p/"+p.Peer)+"/p2p/"+p.Peer)
		}
		if err := s.asked.Connect(ctx, peer); err != nil {
			s.fail(p, "the IPFS network", err)
			continue
		}
		connected++
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if connected == 0 {
		return nil, s.notReached()
	}
	info, err := s.asked.Info(ctx)
	if err != nil {
		return nil, err
	}
	keys := s.bundle.Keys()
	var lost []error
	got := 0
	began := time.Now()
	for i, x := range s.beacons.States() {
		err := s.asked.Fetch(ctx, x.Root.DagCID(), cid.Undef, keys.PinLabel(info.PeerID), func(blocks int64) {
			s.report(Progress{Phase: "moving", Files: int64(i), Bytes: blocks * format.PackSize, Started: began})
		})
		if err == nil {
			err = s.asked.Link(ctx, keys.PointerDir()+"/"+keys.PointerName(x.Device, x.Seq), x.Root.DagCID())
			if errors.Is(err, node.ErrExists) {
				err = nil
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err != nil {
			lost = append(lost, fmt.Errorf("state %d of a device was left in a note and could not be fetched: %w", x.Seq, err))
			continue
		}
		got++
	}
	if got == 0 {
		s.failed = append(s.failed, lost...)
		return nil, s.notReached()
	}
	st, err := vault.Find(ctx, s.asked, s.bundle)
	if err != nil {
		return nil, err
	}
	return &located{state: st, problems: append(lost, s.beacons.Behind(st)...)}, nil
}

// notReached says what is in the way of each storage that was found.
func (s *search) notReached() error {
	if len(s.failed) == 0 {
		return fmt.Errorf("%w: no way to it is known", ErrNotReached)
	}
	return fmt.Errorf("%w: %w", ErrNotReached, errors.Join(s.failed...))
}
