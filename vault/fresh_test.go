package vault

import (
	"math/rand/v2"
	"testing"

	"roost/vault/catalog"
)

func TestFreshNeverTakesAKnownChunkForNew(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	next := func() (id catalog.ChunkID) {
		_, _ = random.Read(id[:]) // it never fails
		return id
	}
	f := &fresh{}
	const many = 2 << 20
	mistaken := 0
	for i := range many {
		id := next()
		if f.has(id) != !f.add(id) {
			t.Fatal("has and add do not agree")
		} else if !f.has(id) || f.add(id) {
			t.Fatalf("chunk %d is taken for new", i)
		}
	}
	for range many {
		if f.has(next()) {
			mistaken++
		}
	}
	if mistaken > many/200 {
		t.Errorf("%d of %d new chunks are looked up in the catalog", mistaken, many)
	}
}
