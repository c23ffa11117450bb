package syncer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"roost/vault"
	"roost/vault/node"
)

// speed measures how fast a storage gives and takes, in bytes a second, with packs that it holds anyway: what is sent is
// there already, so that nothing is left behind. Nothing is measured before there is something.
func (e *Engine) speed(ctx context.Context, n node.Node) (down, up float64, err error) {
	packs, err := vault.SomePacks(ctx, n, e.bundle, speedPacks)
	if err != nil || len(packs) == 0 {
		return 0, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, speedPatience)
	defer cancel()
	var blocks []node.Block
	size, began := 0, time.Now()
	for _, c := range packs {
		b, err := n.Get(ctx, c)
		if errors.Is(err, node.ErrNotFound) || errors.Is(err, node.ErrWrongBytes) {
			continue // for another check to say
		}
		if err != nil {
			return 0, 0, fmt.Errorf("measure how fast it gives: %w", err)
		}
		blocks, size = append(blocks, node.Block{CID: c, Data: b}), size+len(b)
	}
	down = float64(size) / max(time.Since(began).Seconds(), 1e-6)
	began = time.Now()
	if err := n.Put(ctx, blocks); err != nil {
		return 0, 0, fmt.Errorf("measure how fast it takes: %w", err)
	}
	return down, float64(size) / max(time.Since(began).Seconds(), 1e-6), nil
}

const (
	speedPacks    = 8 // about 8 MiB
	speedPatience = 2 * time.Minute
)

// speedWords are the two in one sentence.
func speedWords(down, up float64) string {
	return fmt.Sprintf("It gives %s and takes %s a second.", Size(int64(down)), Size(int64(up)))
}

// FixNode does what Roost can do by itself about a check of CheckNode that failed. Errors: ErrUsage for one that it can do
// nothing about.
func (e *Engine) FixNode(ctx context.Context, name, check string) error {
	nc, err := e.home.config().storage(name)
	if err != nil {
		return err
	}
	first := nc.Name == e.home.config().Nodes[0].Name
	switch {
	case check == "cleaning":
		_, err := e.FreeSpace(ctx, nc.Name, nil)
		return err
	case check == "reachable":
		return e.findAgain(ctx, nc)
	case check == "silent":
		return e.silence(ctx, nc)
	case check == "members":
		return e.fixMembers(ctx, nc)
	case check == "kept" && !first:
		done, err := e.catchUp(ctx, nc, nil)
		if err != nil {
			return err
		}
		done()
		return nil
	case check == "kept", check == "backup":
		if _, err := e.Verify(ctx, 0, nil); err != nil {
			return err
		}
		_, err := e.Backup(ctx, nil, nil)
		return err
	}
	return fmt.Errorf("%w: there is nothing that Roost could do by itself", ErrUsage)
}

// fixable tells whether FixNode can do something about what a check of a storage found.
func fixable(nc nodeConfig, check string, err error) bool {
	switch check {
	case "reachable": // it may be announced at another address
		return movesUnseen(nc.Fingerprint, err)
	case "cleaning", "kept", "backup", "members":
		return true
	case "silent": // one that has to be started again is for a person
		return errors.Is(err, node.ErrAnnounces)
	}
	return false
}
