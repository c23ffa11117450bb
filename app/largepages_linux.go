//go:build !race

package main

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// heapStart is about what the heap of a backup or a restore grows to.
const heapStart = 128 << 20 // bytes

// useLargePages asks for large pages below the first part of the heap. In a virtual machine the first touch of a page can
// take 20 µs, and Argon2id's 64 MiB are 16,384 small ones: four fifths of the time it takes there. It is for a process
// that ends soon: in one that stays, pages of which little is used would be kept whole.
//
// The runtime has no call for it. Memory that was advised and never touched goes back to it, address and advice, and is what
// it hands out next; if it does not, only time is lost.
func useLargePages() {
	b := make([]byte, heapStart)
	_ = unix.Madvise(b, unix.MADV_HUGEPAGE) // a kernel without large pages refuses, and nothing is lost
	b = nil
	runtime.GC()
}
