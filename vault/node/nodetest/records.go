package nodetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/path"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"

	"roost/vault/node"
)

// Records is a directory in memory, which every node that has it shares. As a DHT does, it refuses a record whose signature
// or end is wrong, and keeps the best one of a name. The zero value is empty.
type Records struct {
	mu      sync.Mutex // guards below
	records map[string][]byte
}

var _ node.Directory = (*Records)(nil)

// PutRecord implements node.Directory.
func (d *Records) PutRecord(_ context.Context, name string, record []byte) error {
	n, err := ipns.NameFromString(name)
	if err != nil {
		return err
	}
	key := string(n.RoutingKey())
	if err := (ipns.Validator{}).Validate(key, record); err != nil {
		return fmt.Errorf("leave a record: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.records == nil {
		d.records = map[string][]byte{}
	}
	if was, ok := d.records[name]; ok {
		best, err := (ipns.Validator{}).Select(key, [][]byte{was, record})
		if err != nil || best == 0 {
			return err
		}
	}
	d.records[name] = record
	return nil
}

// GetRecord implements node.Directory.
func (d *Records) GetRecord(_ context.Context, name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if r, ok := d.records[name]; ok {
		return r, nil
	}
	return nil, fmt.Errorf("look for a record: %w", node.ErrNotFound)
}

// Forget loses the record of a name, as a DHT does with one that nobody put for two days.
func (d *Records) Forget(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.records, name)
}

// Replace hands out another record from now on, whatever is put: the directory lies.
func (d *Records) Replace(name string, record []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.records == nil {
		d.records = map[string][]byte{}
	}
	d.records[name] = record
}

// DirectorySuite is what every node.Directory keeps. doors are at least two ways to the same directory.
func DirectorySuite(t *testing.T, doors []node.Directory) {
	at, from := doors[0], doors[len(doors)-1]
	t.Run("RecordsAreFoundAtTheOtherDoor", func(t *testing.T) {
		name, sign := newName(t)
		_, err := from.GetRecord(t.Context(), name)
		wants(t, err, node.ErrNotFound)
		first := sign(1, time.Hour)
		ok(t, at.PutRecord(t.Context(), name, first))
		serves(t, from, name, first)
		serves(t, at, name, first)
	})
	t.Run("TheHighestSequenceCounts", func(t *testing.T) {
		name, sign := newName(t)
		newest := sign(3, time.Hour)
		ok(t, at.PutRecord(t.Context(), name, newest))
		// An earlier one is refused, or taken and ignored; never served.
		if err := from.PutRecord(t.Context(), name, sign(2, 2*time.Hour)); err != nil {
			t.Logf("an earlier record is refused: %v", err)
		}
		for _, d := range doors {
			serves(t, d, name, newest)
		}
		newest = sign(4, time.Hour)
		ok(t, from.PutRecord(t.Context(), name, newest))
		for _, d := range doors {
			serves(t, d, name, newest)
		}
	})
	t.Run("WhatIsNotSignedByTheNameIsNeverServed", func(t *testing.T) {
		name, _ := newName(t)
		_, foreign := newName(t)
		for what, record := range map[string][]byte{"another key": foreign(1, time.Hour), "no record": []byte("no record")} {
			if err := at.PutRecord(t.Context(), name, record); err != nil { // Kubo says nothing
				t.Logf("%s is refused: %v", what, err)
			}
		}
		_, err := from.GetRecord(t.Context(), name)
		wants(t, err, node.ErrNotFound)
	})
	t.Run("WhatHasEndedIsNeverServed", func(t *testing.T) {
		name, sign := newName(t)
		if err := at.PutRecord(t.Context(), name, sign(1, -time.Minute)); err != nil {
			t.Logf("it is refused: %v", err)
		}
		_, err := from.GetRecord(t.Context(), name)
		wants(t, err, node.ErrNotFound)
	})
	t.Run("ContextEndsACall", func(t *testing.T) {
		name, _ := newName(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := from.GetRecord(ctx, name); !errors.Is(err, context.Canceled) && !errors.Is(err, node.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

// newName makes an IPNS name, and what signs records for it with a number and time that is left.
func newName(t *testing.T) (name string, sign func(sequence uint64, left time.Duration) []byte) {
	t.Helper()
	key, public, err := crypto.GenerateEd25519Key(rand.Reader)
	ok(t, err)
	id, err := peer.IDFromPublicKey(public)
	ok(t, err)
	return ipns.NameFromPeer(id).String(), func(sequence uint64, left time.Duration) []byte {
		t.Helper()
		r, err := ipns.NewRecord(key, path.FromCid(Raw([]byte("value")).CID), sequence, time.Now().Add(left), time.Minute, ipns.WithV1Compatibility(false))
		ok(t, err)
		record, err := ipns.MarshalRecord(r)
		ok(t, err)
		return record
	}
}

func serves(t *testing.T, d node.Directory, name string, want []byte) {
	t.Helper()
	got, err := d.GetRecord(t.Context(), name)
	ok(t, err)
	if string(got) != string(want) {
		t.Error("another record is served")
	}
}
