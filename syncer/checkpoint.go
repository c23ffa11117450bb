package syncer

import (
	"context"
	"slices"
	"time"

	"roost/vault/format"
)

// maybeCheckpoint commits what the pass has so far, if it is time. Readers wait meanwhile: a chunk is either in the
// checkpoint or stored after it.
func (p *pass) maybeCheckpoint(ctx context.Context) error {
	if !p.checkpointDue() {
		return nil
	}
	p.gate.Lock()
	defer p.gate.Unlock()
	if !p.checkpointDue() || p.failed() != nil { // another reader was first
		return nil
	}
	top, err := p.partial(p.top)
	if err != nil {
		return err
	}
	e, err := format.DecodeEntry(top.entry)
	if err != nil {
		return err
	}
	_, err = p.s.Commit(ctx, []*format.Snapshot{p.snapshot(e, false)}, nil)
	if err != nil {
		return err
	}
	p.mu.Lock()
	p.lastCp, p.cpBytes = time.Now(), p.s.Stats().NewBytes
	p.mu.Unlock()
	p.e.log.Info("what is saved so far can be restored", "files", p.files.Load())
	return nil
}

func (p *pass) checkpointDue() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.top != nil && (time.Since(p.lastCp) >= p.every || p.s.Stats().NewBytes-p.cpBytes >= p.everyBytes)
}

// partial makes the tree of what is finished below a directory.
func (p *pass) partial(n *dirNode) (*record, error) {
	n.mu.Lock()
	rec := n.rec
	recs, _ := n.records()
	kids := slices.Clone(n.kids) // a child that ends meanwhile takes itself out
	n.mu.Unlock()
	if rec != nil {
		return rec, nil
	}
	have := make(map[string]bool, len(recs))
	for _, r := range recs {
		have[r.name] = true
	}
	for _, k := range kids {
		if have[k.self.Name] {
			continue
		}
		r, err := p.partial(k)
		if err != nil {
			return nil, err
		}
		recs = append(recs, r)
	}
	sortRecords(recs)
	tree, err := putTree(p.s, recs)
	if err != nil {
		return nil, err
	}
	return n.record(tree), nil
}
