package disk

import (
	"cmp"
	"slices"
)

// minHole is the smallest hole worth keeping: below it, leaving out zeros costs more than storing them.
const minHole = 64 << 10

// largest keeps the max longest of holes, sorted by offset.
func largest(holes []Range, max int) []Range {
	if len(holes) > max {
		slices.SortFunc(holes, func(a, b Range) int { return cmp.Compare(b.Len, a.Len) })
		holes = slices.Clip(holes[:max])
		slices.SortFunc(holes, func(a, b Range) int { return cmp.Compare(a.Off, b.Off) })
	}
	return holes
}
