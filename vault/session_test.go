package vault_test

import (
	"testing"

	"roost/vault/format"
	"roost/vault/node/nodetest"
)

// TestEveryChunkIsSentOnce: whether it waits in an open pack, was confirmed a while ago or before a checkpoint, and
// whether or not the catalog knew any chunk when the session began.
func TestEveryChunkIsSentOnce(t *testing.T) {
	const chunks, size = 400, 100 << 10 // several batches
	w := newWriter(t, &nodetest.Memory{}, entropy(t), "Laptop")
	content := func(session, i int) []byte { return append(noise(byte(i), size), byte(session), byte(i), byte(i>>8)) }
	for session := range 2 {
		s, err := w.v.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for round := range 3 {
			var ids []byte
			for i := range chunks {
				id, fresh, err := s.Put(format.KindData, content(session, i))
				if err != nil {
					t.Fatal(err)
				}
				if fresh != (round == 0) {
					t.Errorf("session %d, round %d: chunk %d is new: %v", session, round, i, fresh)
				}
				ids = append(ids, id[:]...)
			}
			if ok, err := s.Has(ids); !ok || err != nil {
				t.Errorf("session %d, round %d: what was put is there: %v, error %v", session, round, ok, err)
			}
			never := w.v.ID(format.KindData, content(session, chunks))
			if ok, err := s.Has(never[:]); ok || err != nil {
				t.Errorf("session %d, round %d: what was never put is there: %v, error %v", session, round, ok, err)
			}
			if round > 0 {
				continue
			}
			id, _, err := s.Put(format.KindTree, format.EncodeTree(&format.Tree{}))
			if err != nil {
				t.Fatal(err)
			}
			snap := &format.Snapshot{
				Version: format.Version, Folder: w.folder, Path: []byte(w.path), Device: w.v.Device(), DeviceName: w.bundle.Name(),
				Seconds: int64(1_800_000_000 + session), Root: format.Entry{Type: format.TypeDir, Mode: 0o755, Tree: id[:]}, Complete: session > 0,
			}
			if _, err := s.Commit(t.Context(), []*format.Snapshot{snap}, nil); err != nil {
				t.Fatal(err)
			}
		}
		s.Close()
	}
}
