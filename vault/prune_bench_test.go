package vault

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"roost/vault/catalog"
	"roost/vault/format"
	"roost/vault/node/nodetest"
)

// BenchmarkPrune removes the older of two versions, of which half of the files were replaced, from a vault that has the
// shape of a large one with less in it: eight chunks of 64 bytes in each pack, eight in each file. A quarter of the packs
// has nothing to keep, half is written anew.
func BenchmarkPrune(b *testing.B) {
	for _, chunks := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(chunks), func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				v := largeVault(b, chunks)
				b.StartTimer()
				p, err := v.Prune(b.Context(), PruneOptions{Remove: func(x Version) bool { return x.Seconds == 1 }, Repack: 0.7})
				if err != nil || p.RepackedPacks == 0 {
					b.Fatalf("%+v, %v", p, err)
				}
				b.ReportMetric(float64(p.RepackedPacks), "repacked")
				b.ReportMetric(float64(p.DroppedPacks-p.RepackedPacks), "dropped")
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/float64(chunks)*1e6, "s/million-chunks")
		})
	}
}

func largeVault(b *testing.B, chunks int) *Vault {
	b.Helper()
	e, err := NewEntropy()
	if err != nil {
		b.Fatal(err)
	}
	bundle, err := NewBundle(e, "bench", time.Now())
	if err != nil {
		b.Fatal(err)
	}
	c, err := catalog.Open(b.Context(), filepath.Join(b.TempDir(), "catalog.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	v := New(Options{Bundle: bundle, Node: &nodetest.Memory{}, Catalog: c})
	s, err := v.Begin(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const perPack, perFile, perDir = 8, 8, 100
	r := rand.New(rand.NewPCG(1, 2))
	next := 0
	// pack stores eight new chunks and returns their ids.
	pack := func() (ids []byte) {
		builder := format.NewBuilder(format.DataPack)
		for range perPack {
			next++
			plain := binary.BigEndian.AppendUint64(make([]byte, 56, 64), uint64(next))
			id := v.ids.ID(format.KindData, plain)
			builder.Add(format.KindData, id, len(plain), false, plain)
			ids = append(ids, id[:]...)
		}
		block, err := builder.Seal(v.keys().Vault, v.keys().Current(), builder.Size())
		if err == nil {
			info := format.PackInfo{Digest: format.Sum(block), Type: format.DataPack, Size: uint32(len(block))}
			err = s.up.add(s.ctx, sealedPack{info: info, block: block, ids: prefixes(builder.Bodies())})
		}
		if err != nil {
			b.Fatal(err)
		}
		return ids
	}
	files := make([][]byte, chunks*2/3/perFile)
	var snaps []*format.Snapshot
	for version := range int64(2) {
		var fresh []byte // a file's chunks lie in two packs
		for i := range files {
			if files[i] != nil && r.IntN(2) == 0 {
				continue
			}
			for len(fresh) < 2*perFile*32 {
				fresh = append(fresh, pack()...)
			}
			half := perFile / 2 * 32
			files[i] = append(append([]byte{}, fresh[:half]...), fresh[perFile*32:][:half]...)
			fresh = append(append([]byte{}, fresh[half:perFile*32]...), fresh[perFile*32+half:]...)
		}
		top := &format.Tree{}
		for from := 0; from < len(files); from += perDir {
			dir := &format.Tree{}
			for i := from; i < min(from+perDir, len(files)); i++ {
				dir.Entries = append(dir.Entries, format.Entry{
					Name: fmt.Appendf(nil, "%08d", i), Type: format.TypeFile, Size: perFile * 64, Chunks: files[i],
				})
			}
			id, _, err := s.Put(format.KindTree, format.EncodeTree(dir))
			if err != nil {
				b.Fatal(err)
			}
			top.Entries = append(top.Entries, format.Entry{Name: fmt.Appendf(nil, "%08d", from), Type: format.TypeDir, Tree: id[:]})
		}
		id, _, err := s.Put(format.KindTree, format.EncodeTree(top))
		if err != nil {
			b.Fatal(err)
		}
		snaps = append(snaps, &format.Snapshot{
			Version: format.Version, Folder: format.FolderID{1}, Path: []byte("/bench"), Device: v.Device(), DeviceName: "bench",
			Seconds: version + 1, Root: format.Entry{Type: format.TypeDir, Tree: id[:]}, Complete: true,
		})
	}
	if _, err := s.Commit(b.Context(), snaps, nil); err != nil { // one commit: a second would write small packs together
		b.Fatal(err)
	}
	return v
}
