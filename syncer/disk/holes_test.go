//go:build linux

package disk

import (
	"io"
	"os"
	"slices"
	"testing"
)

// holey is a file with the given data ranges, each filled with ones, and the given length.
func holey(t *testing.T, d *Dir, name string, size int64, data ...Range) {
	t.Helper()
	f, err := d.Create()
	must(t, err)
	for _, r := range data {
		must(t, f.Hole(r.Off-f.pos))
		ones := make([]byte, r.Len)
		for i := range ones {
			ones[i] = 1
		}
		_, err := f.Write(ones)
		must(t, err)
	}
	must(t, f.Hole(size-f.pos))
	must(t, f.Commit(name, plain, false))
}

func TestSparseFilesKeepTheirHoles(t *testing.T) {
	const k = 1 << 10
	const m = k * k
	for _, c := range []struct {
		name string
		size int64
		data []Range
		max  int
		want []Range
	}{
		{"only a hole", 10 * m, nil, 9, []Range{{0, 10 * m}}},
		{"hole in the middle", 10 * m, []Range{{0, m}, {9 * m, m}}, 9, []Range{{m, 8 * m}}},
		{"hole at both ends", 10 * m, []Range{{5 * m, m}}, 9, []Range{{0, 5 * m}, {6 * m, 4 * m}}},
		{"small holes do not count", m, []Range{{32 * k, 32 * k}, {128 * k, 896 * k}}, 9, []Range{{64 * k, 64 * k}}},
		{"the largest", 20 * m, []Range{{m, k}, {5 * m, k}, {8 * m, k}, {10 * m, 10 * m}}, 2, []Range{{m + 4*k, 4*m - 4*k}, {5*m + 4*k, 3*m - 4*k}}},
		{"dense", m, []Range{{0, m}}, 9, nil},
		{"empty", 0, nil, 9, nil},
		{"none asked for", m, nil, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, _ := target(t)
			holey(t, d, "file", c.size, c.data...)
			e := lstat(t, d, "file")
			var stored int64
			for _, r := range c.data {
				stored += r.Len + 8*k // block rounding at both ends
			}
			if e.Size != c.size || e.Blocks*512 > stored+64*k {
				t.Errorf("%d bytes in %d on disk, want %d in about %d", e.Size, e.Blocks*512, c.size, stored)
			}
			f, err := d.OpenFile("file")
			must(t, err)
			defer f.Close()
			if c.size > 0 {
				_, err = f.Seek(1, io.SeekStart)
				must(t, err)
			}
			// Fails where the file system is not trusted with holes: choose another TMPDIR.
			holes, err := Holes(f, e.Size, c.max)
			must(t, err)
			if !slices.Equal(holes, c.want) {
				t.Errorf("holes %v, want %v", holes, c.want)
			}
			if pos, _ := f.Seek(0, io.SeekCurrent); c.size > 0 && pos != 1 {
				t.Errorf("the read position moved to %d", pos)
			}
		})
	}
}

// A file that became shorter after it was looked at must not seem to end in a hole that nobody reads.
func TestHolesEndWhereTheFileEnds(t *testing.T) {
	d, _ := target(t)
	holey(t, d, "file", 1<<20)
	f, err := d.OpenFile("file")
	must(t, err)
	defer f.Close()
	for size, want := range map[int64]int64{1 << 30: 1 << 20, 1 << 19: 1 << 19} {
		holes, err := Holes(f, size, 5)
		must(t, err)
		if len(holes) != 1 || holes[0] != (Range{0, want}) {
			t.Errorf("asked for %d bytes: %v", size, holes)
		}
	}
}

func TestHolesAreNotBelievedEverywhere(t *testing.T) {
	f, err := os.Open("/proc/self/status")
	must(t, err)
	defer f.Close()
	if holes, err := Holes(f, 1<<30, 5); holes != nil || err != nil {
		t.Fatalf("%v, %v", holes, err)
	}
}
