package syncer

import (
	"fmt"
	"testing"

	"roost/vault/node"
	"roost/vault/node/nodetest"
)

// benchNodes runs a benchmark against the memory node, which shows our own cost, and against a real Kubo on loopback.
func benchNodes(b *testing.B, fn func(b *testing.B, n node.Node)) {
	b.Run("memory", func(b *testing.B) { fn(b, &nodetest.Memory{}) })
	b.Run("kubo", func(b *testing.B) { fn(b, nodetest.StartKubo(b).Node(b)) })
}

func benchFolder(b *testing.B, big, small int) (dir string, size int64) {
	b.Helper()
	dir = b.TempDir()
	for i := range big {
		write(b, fmt.Sprintf("%s/big/%d", dir, i), noise(uint64(i), 10<<20))
	}
	for i := range small {
		write(b, fmt.Sprintf("%s/small/%d/%d", dir, i/50, i), noise(uint64(i), 3<<10))
	}
	return dir, int64(big)*10<<20 + int64(small)*3<<10
}

func benchBackup(b *testing.B, n node.Node, big, small int) {
	dir, size := benchFolder(b, big, small)
	b.SetBytes(size)
	for b.Loop() {
		b.StopTimer() // a new vault each time, so that nothing is stored yet
		e := testEngine(b, n, testEntropy(b))
		added(b, e, dir)
		b.StartTimer()
		backup(b, e)
	}
}

func BenchmarkFirstBackup10MB(b *testing.B) {
	benchNodes(b, func(b *testing.B, n node.Node) { benchBackup(b, n, 1, 0) })
}

func BenchmarkFirstBackup5000Files(b *testing.B) {
	benchNodes(b, func(b *testing.B, n node.Node) { benchBackup(b, n, 0, 5000) })
}

func BenchmarkUnchanged5000Files(b *testing.B) {
	benchNodes(b, func(b *testing.B, n node.Node) {
		dir, _ := benchFolder(b, 0, 5000)
		e := testEngine(b, n, testEntropy(b))
		added(b, e, dir)
		backup(b, e)
		for b.Loop() {
			backup(b, e)
		}
	})
}

func BenchmarkRestore10MB(b *testing.B) {
	benchNodes(b, func(b *testing.B, n node.Node) {
		dir, size := benchFolder(b, 1, 0)
		e := testEngine(b, n, testEntropy(b))
		added(b, e, dir)
		backup(b, e)
		b.SetBytes(size)
		for b.Loop() {
			b.StopTimer()
			to := b.TempDir()
			b.StartTimer()
			if _, err := e.Restore(b.Context(), RestoreOptions{Snapshot: "latest", To: to}, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
