//go:build linux

package disk

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// full is a directory of n small files.
func full(b *testing.B, n int) (*Dir, []string) {
	b.Helper()
	dir := b.TempDir()
	names := make([]string, n)
	for i := range n {
		names[i] = fmt.Sprintf("IMG_%06d.jpeg", i)
		must(b, os.WriteFile(filepath.Join(dir, names[i]), []byte("x"), 0o600))
	}
	d, err := OpenRoot(dir)
	must(b, err)
	b.Cleanup(func() { must(b, d.Close()) })
	return d, names
}

func perFile(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/file")
}

func BenchmarkReadDir(b *testing.B) {
	for _, n := range []int{10, 1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, _ := full(b, n)
			b.ReportAllocs()
			for b.Loop() {
				entries, err := d.ReadDir()
				if err != nil || len(entries) != n {
					b.Fatal(len(entries), err)
				}
			}
			perFile(b, n)
		})
	}
}

// BenchmarkLstat is the floor: the one system call that every file costs.
func BenchmarkLstat(b *testing.B) {
	for _, n := range []int{1000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d, names := full(b, n)
			var st unix.Stat_t
			for b.Loop() {
				for _, name := range names {
					must(b, lstatat(d.fd, name, &st))
				}
			}
			perFile(b, n)
		})
	}
}

func BenchmarkNoXattrs(b *testing.B) {
	defer noListxattrat.Store(noListxattrat.Load())
	for _, older := range []bool{false, true} {
		b.Run(map[bool]string{false: "this kernel", true: "before Linux 6.13"}[older], func(b *testing.B) {
			d, names := full(b, 10_000)
			noListxattrat.Store(older)
			b.ReportAllocs()
			for b.Loop() {
				for _, name := range names {
					if x, err := d.Xattrs(name, File); x != nil || err != nil {
						b.Fatal(x, err)
					}
				}
			}
			perFile(b, len(names))
		})
	}
}

func BenchmarkOpenFile(b *testing.B) {
	d, names := full(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		for _, name := range names {
			f, err := d.OpenFile(name)
			must(b, err)
			must(b, f.Close())
		}
	}
	perFile(b, len(names))
}

func BenchmarkCommit(b *testing.B) {
	d, err := OpenTarget(b.TempDir())
	must(b, err)
	defer d.Close()
	content := make([]byte, 4096)
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		f, err := d.Create()
		must(b, err)
		f.NoSync = true
		_, err = f.Write(content)
		must(b, err)
		must(b, f.Commit(fmt.Sprint(i), plain, false))
		i++
	}
}
