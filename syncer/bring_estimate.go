package syncer

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"time"

	"roost/syncer/disk"
	"roost/vault/format"
)

// BringEstimate says what a part would bring, before anything is sent.
type BringEstimate struct {
	Files  int64
	Bytes  int64         // of content; a file with several names in dated folders once
	Stored int64         // bytes that the storage would hold more, by a sample of the content
	Read   int64         // bytes of that sample; 0: there is none, and Stored is a guess at most
	Left   int64         // names that rules or their kind leave out
	Dates  int           // dated folders, of BringDated
	Time   time.Duration // about; 0: not known
}

const (
	samplePieces = 64
	samplePiece  = 1 << 20 // bytes
	// Until something was measured, a storage in the same house takes so many bytes a second.
	usualSending = 30_000_000
	perSmallFile = time.Millisecond
)

// Estimate looks at what a part would bring, and sends nothing: it counts what would be kept, and reads a few pieces of the content,
// drawn by size, to learn how well it compresses and how much of it is stored already. tell hears how many files and bytes were
// found so far; nil is allowed. Errors: ErrNotAFolder, ErrUsage, those of connecting for BringPlain, of opening the copy for
// BringImport.
func (e *Engine) Estimate(ctx context.Context, p BringPart, tell Report) (*BringEstimate, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	var count counters
	count.phaseName.Store("looking")
	stop := count.tell(tell, p.Path, time.Now())
	defer stop()
	k := e.bundle.Keys()
	s := &sampler{e: e, ids: format.NewIDs(k.ChunkID), cutter: format.NewChunker(k.Chunker), count: &count, random: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), seen: map[[2]uint64]bool{}}
	out := &BringEstimate{}
	switch p.Kind {
	case BringFolder:
		if err := s.folder(ctx, p.Path, out); err != nil {
			return nil, err
		}
	case BringDated:
		list, err := findDated(p.Path)
		if err != nil {
			return nil, err
		}
		s.once, out.Dates = true, len(list)
		for _, d := range list {
			if err := s.folder(ctx, filepath.Join(p.Path, d.Name), out); err != nil {
				return nil, err
			}
		}
	case BringPlain:
		src := p.Plain
		top, _, err := e.openPlain(ctx, &src)
		if err != nil {
			return nil, err
		}
		out.Bytes = int64(min(max(top.Size, top.Below), math.MaxInt64))
		out.Stored = out.Bytes
	case BringMove, BringExport:
		if p.Kind == BringExport {
			if err := e.mayExport(exportPlace(p.Path)); err != nil {
				return nil, err
			}
		}
		sum, _, err := e.stored(ctx)
		if err != nil {
			return nil, err
		}
		out.Bytes, out.Stored = sum, sum
	case BringOpen:
		v, err := e.version(ctx, "latest:"+p.Path)
		if err != nil {
			return nil, err
		}
		out.Files, out.Bytes = int64(min(v.Files, math.MaxInt64)), int64(min(v.Bytes, math.MaxInt64))
		out.Stored = out.Bytes
	case BringImport:
		sum, err := copySize(ctx, importPlace(p.Path))
		if err != nil {
			return nil, err
		}
		out.Bytes, out.Stored = sum, sum // at most: what the storage has is not sent again
	}
	if len(s.pieces) > 0 {
		if err := s.read(ctx, out); err != nil {
			return nil, err
		}
	}
	if out.Bytes > 0 {
		out.Time = time.Duration(float64(out.Stored)/usualSending*float64(time.Second)) + time.Duration(out.Files)*perSmallFile + s.reading(out.Bytes)
	}
	return out, nil
}

// sampler draws pieces of the content of folders, by size: every byte is as likely as every other.
type sampler struct {
	e      *Engine
	ids    *format.IDs
	cutter *format.Chunker
	count  *counters
	random *rand.Rand
	once   bool // a file with several names counts once
	seen   map[[2]uint64]bool
	pieces pieceHeap
	took   time.Duration // of reading, cutting and compressing the sample
	sum    int64         // bytes of it
}

// piece is a place in a file. Those with the largest keys are kept: that is a draw by weight in one pass.
type piece struct {
	root string
	path string
	at   int64
	key  float64
}

type pieceHeap []piece

func (p pieceHeap) Len() int           { return len(p) }
func (p pieceHeap) Less(i, j int) bool { return p[i].key < p[j].key }
func (p pieceHeap) Swap(i, j int)      { p[i], p[j] = p[j], p[i] }
func (p *pieceHeap) Push(x any)        { *p = append(*p, x.(piece)) }
func (p *pieceHeap) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}

func (s *sampler) folder(ctx context.Context, dir string, out *BringEstimate) error {
	path, err := cleanFolder(dir)
	if err != nil {
		return err
	}
	c := counting{
		found: func(at string, x *disk.Entry) {
			s.found(path, at, x, out)
			s.count.files.Store(out.Files)
			s.count.bytes.Store(out.Bytes)
		},
		left: func() { out.Left++ },
	}
	return c.folder(ctx, path, s.e.home.config())
}

// found takes a file or a link of a folder.
func (s *sampler) found(root, at string, x *disk.Entry, out *BringEstimate) {
	out.Files++
	if x.Kind != disk.File {
		return
	}
	if id := [2]uint64{x.Dev, x.Inode}; s.once && x.Links > 1 && x.Inode != 0 {
		if s.seen[id] {
			return
		}
		s.seen[id] = true
	}
	out.Bytes += x.Size
	s.offer(root, join(at, x.Name), x.Size)
}

// offer lets a file take part in the draw.
func (s *sampler) offer(root, path string, size int64) {
	if size <= 0 {
		return
	}
	// A file of many pieces may win several times.
	for range min((size+samplePiece-1)/samplePiece, samplePieces) {
		weight := float64(min(size, samplePiece))
		if size > samplePiece*samplePieces {
			weight = float64(size) / samplePieces
		}
		key := math.Pow(s.random.Float64(), 1/weight)
		if key = math.Log(cmp.Or(key, math.SmallestNonzeroFloat64)); len(s.pieces) == samplePieces && key <= s.pieces[0].key {
			continue
		}
		if len(s.pieces) == samplePieces {
			heap.Pop(&s.pieces)
		}
		heap.Push(&s.pieces, piece{root, path, s.random.Int64N(max(size-samplePiece, 0) + 1), key})
	}
}

// read looks at what was drawn. A file that cannot be read is no part of the sample.
func (s *sampler) read(ctx context.Context, out *BringEstimate) error {
	s.count.phaseName.Store("sampling")
	began := time.Now()
	stored := int64(0)
	known := map[format.ChunkID]bool{}
	buf := make([]byte, samplePiece)
	for _, p := range s.pieces {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, end, err := readPiece(p, buf)
		if err != nil {
			continue
		}
		plain, kept, err := s.weigh(ctx, buf[:n], p.at == 0, end, known)
		if err != nil {
			return err
		}
		s.sum += plain
		stored += kept
	}
	s.took = time.Since(began)
	if s.sum > 0 {
		out.Read = s.sum
		out.Stored = int64(float64(out.Bytes) * float64(stored) / float64(s.sum))
	} else {
		out.Stored = out.Bytes
	}
	return nil
}

// readPiece reads a piece, and tells whether it ends with the file.
func readPiece(p piece, buf []byte) (n int, end bool, err error) {
	d, err := disk.OpenRoot(p.root)
	if err != nil {
		return 0, false, err
	}
	steps := strings.Split(p.path, "/")
	for _, name := range steps[:len(steps)-1] {
		sub, err := d.OpenDir(name)
		if err = errors.Join(err, d.Close()); err != nil {
			return 0, false, err
		}
		d = sub
	}
	f, err := d.OpenFile(steps[len(steps)-1])
	if err = errors.Join(err, d.Close()); err != nil {
		return 0, false, err
	}
	defer f.Close() // it was only read
	n, err = f.ReadAt(buf, p.at)
	if errors.Is(err, io.EOF) {
		return n, true, nil
	}
	return n, false, err
}

// weigh cuts a piece as a backup would, and adds up what its chunks would take. Where it begins and ends inside a file, the
// chunks there are not those of a backup, and are left out where there are others.
func (s *sampler) weigh(ctx context.Context, b []byte, first, last bool, known map[format.ChunkID]bool) (plain, stored int64, err error) {
	var all []int64 // what each takes, after its length
	for pos := 0; pos < len(b); {
		n := s.cutter.Cut(b[pos:])
		chunk := b[pos : pos+n]
		pos += n
		id := s.ids.ID(format.KindData, chunk)
		kept := int64(0)
		if !known[id] {
			known[id] = true
			_, there, err := s.e.cat.Chunk(ctx, id.Prefix())
			if err != nil {
				return 0, 0, err
			}
			if !there {
				data, _ := format.Compress(nil, chunk)
				kept = int64(len(data))
			}
		}
		all = append(all, int64(n), kept)
	}
	if !first && len(all) > 4 {
		all = all[2:]
	}
	if !last && len(all) > 2 {
		all = all[:len(all)-2]
	}
	for i := 0; i < len(all); i += 2 {
		plain, stored = plain+all[i], stored+all[i+1]
	}
	return plain, stored, nil
}

// reading is how long it takes to read and seal so many bytes, by how long the sample took.
func (s *sampler) reading(bytes int64) time.Duration {
	if s.sum == 0 {
		return 0
	}
	return time.Duration(float64(s.took) * float64(bytes) / float64(s.sum) / float64(readers()))
}
