package vault

import (
	"context"
	"errors"
	"slices"

	"roost/vault/catalog"
	"roost/vault/format"
)

// Rewrite makes a state in which some versions of this device have another one beside them: anew says by the id of the old
// version what the new one is. The new one comes to stand where the old one does, as the newer of the two, so that it is
// the newest of its folder where the old one was. The old versions stay: Prune removes them. What the new ones need was put
// through this session. It returns the ids of the new versions by those of the old.
//
// The order is that of a commit, and so are the errors. Doing it again adds nothing.
func (s *Session) Rewrite(ctx context.Context, anew map[format.ChunkID]*format.Snapshot, also func(*catalog.Tx) error) (map[format.ChunkID]format.ChunkID, error) {
	if s.base == nil {
		return nil, errors.New("there is no version to write anew")
	}
	all, inner, err := s.versions(ctx)
	if err != nil {
		return nil, err
	}
	there := map[format.ChunkID]bool{}
	for _, x := range all {
		there[x.ID] = true
	}
	ids := map[format.ChunkID]format.ChunkID{}
	var head, older []format.Summary
	olderChanged := false
	for i, x := range all {
		to := &head
		if i >= inner {
			to = &older
		}
		if snap := anew[x.ID]; snap != nil {
			sums, err := s.putSnapshots([]*format.Snapshot{snap}, &Committed{})
			if err != nil {
				return nil, err
			}
			ids[x.ID] = sums[0].ID
			if !there[sums[0].ID] {
				there[sums[0].ID] = true
				*to = append(*to, sums[0])
				olderChanged = olderChanged || i >= inner
			}
		}
		*to = append(*to, x.Summary)
	}
	if len(head)+len(older) == len(all) {
		return ids, nil
	}
	h := s.nextHead(nil)
	h.Snapshots = head
	if olderChanged {
		every := slices.Concat(head, older)
		room := roomInHead(len(every))
		h.Snapshots, h.Older = every[:room], nil
		for part := range slices.Chunk(every[room:], snapshotsPerList) {
			id, _, err := s.Put(format.KindSnapshotList, format.EncodeSummaries(part))
			if err != nil {
				return nil, err
			}
			h.Older = append(h.Older, format.OlderList{ID: id, Count: uint64(len(part))})
		}
	}
	if err := s.spill(h); err != nil {
		return nil, err
	}
	_, err = s.commitHead(ctx, h, also)
	return ids, err
}
